#include "audit/anchor_file.h"

#include <fcntl.h>

#include <format>
#include <utility>

#include "os/file.h"

namespace glovebox::audit {

namespace {

constexpr unsigned kFileMode = 0644;
constexpr int kHow = O_RDWR | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;

Error refused(std::string_view path, std::string_view why) {
  return {ErrorKind::denied, std::format("{}: {}", path, why)};
}

// The kernel says ELOOP for a link on the way; that is a refusal of ours.
Error link_refused(std::string_view path, Error error) {
  if (error.kind() == ErrorKind::invalid)
    return refused(path, "a symbolic link, or not of the kind it must be");
  return std::move(error).with_context(path);
}

Result<UniqueFd> open_or_make(int folder, const std::string& name) {
  auto file = os::open_at(folder, name, kHow, os::Resolve::beneath_no_symlinks);
  if (file || file.error().kind() != ErrorKind::not_found) return file;
  auto made = os::open_at(folder, name, kHow | O_CREAT | O_EXCL, os::Resolve::beneath_no_symlinks,
                          kFileMode);
  if (!made) return made;
  TRY(os::change_mode(made->get(), kFileMode));
  TRY(os::sync(made->get()));
  TRY(os::sync(folder));
  return made;
}

}  // namespace

AnchorFile::AnchorFile(UniqueFd folder, std::string name, UniqueFd file)
    : folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)) {}

Result<AnchorFile> AnchorFile::open(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash + 1 == path.size())
    return Error(ErrorKind::invalid,
                 std::format("{}: the file of an anchor needs an absolute path", path));
  std::string name = path.substr(slash + 1);
  if (name == "." || name == "..")
    return Error(ErrorKind::invalid, std::format("{}: not the path of a file", path));
  auto folder = os::open_at(AT_FDCWD, path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY,
                            os::Resolve::no_symlinks);
  if (!folder) return link_refused(path, std::move(folder).error());
  auto file = open_or_make(folder->get(), name);
  if (!file) return link_refused(path, std::move(file).error());
  const os::FileFacts facts = TRY_CONTEXT(os::facts_of(file->get()), path);
  if (facts.type != os::FileType::regular) return refused(path, "not a regular file");
  if (facts.links != 1) return refused(path, "has a second name");
  AnchorFile anchor(*std::move(folder), std::move(name), *std::move(file));
  TRY_CONTEXT(anchor.end_cut_line(), path);
  return anchor;
}

Result<void> AnchorFile::check_in_place() const {
  const os::FileFacts ours = TRY(os::facts_of(file_.get()));
  const auto named = os::facts_at(folder_.get(), name_);
  if (!named || named->device != ours.device || named->inode != ours.inode || named->links != 1)
    return Error(ErrorKind::conflict, "the file was moved, removed or replaced");
  return {};
}

Result<void> AnchorFile::end_cut_line() {
  const os::FileFacts facts = TRY(os::facts_of(file_.get()));
  if (facts.size == 0) return {};
  if (TRY(os::read_at(file_.get(), facts.size - 1, 1)) == "\n") return {};
  return append_now(kCutMark);
}

Result<void> AnchorFile::append_now(std::string_view bytes) {
  TRY(check_in_place());
  TRY(os::write_all(file_.get(), bytes));
  return os::sync(file_.get());
}

Result<void> AnchorFile::append(std::string_view note) {
  if (failed_) return Error(ErrorKind::io, std::format("{}: could not be written before", name_));
  auto appended = append_now(note);
  if (appended) return {};
  failed_ = true;
  return std::move(appended).error().with_context(name_);
}

}  // namespace glovebox::audit
