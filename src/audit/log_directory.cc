#include "audit/log_directory.h"

#include <fcntl.h>

#include <format>
#include <utility>

#include "os/file.h"
#include "os/identity.h"

namespace glovebox::audit {

namespace {

constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0600;
constexpr std::size_t kMaxEntries = 4096;

Error refused(std::string_view name, std::string_view why) {
  return Error(ErrorKind::denied, std::format("{}: {}", name, why));
}

Result<void> check_ours(std::string_view name, const os::FileFacts& facts, unsigned mode) {
  if (facts.uid != os::effective_uid())
    return refused(name, std::format("belongs to user {}, not to this one ({})", facts.uid,
                                     os::effective_uid()));
  if (facts.mode != mode)
    return refused(name, std::format("has mode {:04o}, must be {:04o}", facts.mode, mode));
  return {};
}

struct Place {
  std::string parent;
  std::string name;
};

// `a/b/` is `b` in `a`. The root and names that end in `.` or `..` are no place for a log.
Result<Place> split(const std::string& path) {
  const std::size_t last = path.find_last_not_of('/');
  if (last == path.npos) return Error(ErrorKind::invalid, "not a directory for a log");
  const std::size_t slash = path.rfind('/', last);
  Place place;
  place.name = path.substr(slash == path.npos ? 0 : slash + 1, last - slash);
  place.parent = slash == path.npos ? "." : path.substr(0, slash + 1);
  if (place.name == "." || place.name == "..")
    return Error(ErrorKind::invalid, "not a directory for a log");
  return place;
}

// The kernel says ELOOP (or ENOTDIR, with O_DIRECTORY) for a link; that is a refusal of ours.
Error link_refused(std::string_view name, Error error) {
  if (error.kind() == ErrorKind::invalid)
    return refused(name, "a symbolic link, or not of the kind it must be");
  return std::move(error).with_context(name);
}

}  // namespace

LogDirectory::LogDirectory(UniqueFd parent, std::string name, UniqueFd fd, For purpose)
    : parent_(std::move(parent)), name_(std::move(name)), fd_(std::move(fd)), purpose_(purpose) {}

Result<LogDirectory> LogDirectory::open_to_write(const std::string& path) {
  Place place = TRY_CONTEXT(split(path), path);
  UniqueFd parent = TRY_CONTEXT(os::open_path(place.parent, O_PATH | O_DIRECTORY), path);
  if (auto made = os::make_folder(parent.get(), place.name, kFolderMode); made) {
    const UniqueFd above = TRY_CONTEXT(os::open_path(place.parent, O_RDONLY | O_DIRECTORY), path);
    TRY_CONTEXT(os::sync(above.get()), path);
  } else if (made.error().kind() != ErrorKind::exists && !os::facts_at(parent.get(), place.name)) {
    return std::move(made).error().with_context(path);
  }
  auto opened = os::open_at(parent.get(), place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!opened) return link_refused(path, std::move(opened).error());
  LogDirectory directory(std::move(parent), std::move(place.name), *std::move(opened),
                         For::writing);
  TRY(check_ours(path, TRY_CONTEXT(os::facts_of(directory.fd()), path), kFolderMode));
  if (auto locked = os::lock_exclusive(directory.fd()); !locked) {
    if (locked.error().kind() != ErrorKind::conflict)
      return std::move(locked).error().with_context(path);
    return Error(ErrorKind::exists, std::format("{}: another auditor writes here", path));
  }
  TRY_CONTEXT(os::remove_unfinished(directory.fd(), kMaxEntries), path);
  return directory;
}

Result<LogDirectory> LogDirectory::open_to_read(const std::string& path) {
  UniqueFd fd = TRY_CONTEXT(os::open_path(path, O_RDONLY | O_DIRECTORY), path);
  return LogDirectory(UniqueFd(), path, std::move(fd), For::reading);
}

Result<void> LogDirectory::check_in_place() const {
  const os::FileFacts ours = TRY_CONTEXT(os::facts_of(fd()), name_);
  const auto named = os::facts_at(parent_.get(), name_);
  if (!named || named->device != ours.device || named->inode != ours.inode)
    return Error(ErrorKind::conflict,
                 std::format("{}: the directory was moved, removed or replaced", name_));
  return {};
}

Result<std::optional<UniqueFd>> LogDirectory::open(std::string_view name, Access access) const {
  const int mode = access == Access::read     ? O_RDONLY
                   : access == Access::append ? O_RDWR | O_APPEND
                                              : O_RDWR;
  const int flags = mode | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
  auto file = os::open_at(fd(), std::string(name), flags, os::Resolve::beneath_no_symlinks);
  if (!file && file.error().kind() == ErrorKind::not_found) return std::optional<UniqueFd>();
  if (!file) return link_refused(name, std::move(file).error());
  const os::FileFacts facts = TRY_CONTEXT(os::facts_of(file->get()), name);
  if (facts.type != os::FileType::regular) return refused(name, "not a regular file");
  if (purpose_ == For::writing) {
    TRY(check_ours(name, facts, kFileMode));
    if (facts.links != 1) return refused(name, "has a second name");
  }
  return std::optional<UniqueFd>(*std::move(file));
}

Result<UniqueFd> LogDirectory::create(std::string_view name) const {
  UniqueFd file = TRY_CONTEXT(
      os::open_at(fd(), std::string(name), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW,
                  os::Resolve::beneath_no_symlinks, kFileMode),
      name);
  TRY_CONTEXT(os::change_mode(file.get(), kFileMode), name);
  TRY_CONTEXT(os::sync(file.get()), name);
  TRY_CONTEXT(os::sync(fd()), name);
  return file;
}

Result<std::optional<std::string>> LogDirectory::read(std::string_view name,
                                                      std::size_t max_bytes) const {
  const std::optional<UniqueFd> file = TRY(open(name, Access::read));
  if (!file) return std::optional<std::string>();
  return std::optional<std::string>(TRY_CONTEXT(os::read_all(file->get(), max_bytes), name));
}

Result<void> LogDirectory::replace(std::string_view name, std::string_view bytes) const {
  TRY_CONTEXT(os::replace_file(fd(), std::string(name), bytes, kFileMode), name);
  return {};
}

}  // namespace glovebox::audit
