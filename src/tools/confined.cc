#include "tools/confined.h"

#include <cerrno>
#include <utility>

#include "os/beneath.h"

namespace glovebox::tools {
namespace {

using os::BeneathOpen;
using os::open_beneath;

constexpr std::uint32_t kParentMode = 0700;

Error not_regular() {
  return Error(ErrorKind::invalid, "not a regular file");
}

Result<UniqueFd> open_at(const Place& place, BeneathOpen how) {
  return open_beneath(place.root->dir.get(), place.relative, how);
}

// Opens `name` in `dir`, making it first if it is missing. Somebody else may make it meanwhile.
Result<UniqueFd> enter_or_make(int dir, std::string_view name) {
  auto folder = open_beneath(dir, name, BeneathOpen::locate_directory);
  if (folder || folder.error().error_number() != ENOENT) return folder;
  auto made = os::make_directory_at(dir, name, kParentMode);
  if (!made && made.error().error_number() != EEXIST) return std::move(made).error();
  return open_beneath(dir, name, BeneathOpen::locate_directory);
}

}  // namespace

std::string_view last_name(const Place& place) {
  const std::size_t slash = place.relative.rfind('/');
  return std::string_view(place.relative).substr(slash == std::string::npos ? 0 : slash + 1);
}

Result<FileKind> kind_of(const Place& place) {
  const UniqueFd fd = TRY(open_at(place, BeneathOpen::locate));
  switch (TRY(os::file_status(fd.get())).kind) {
    case os::FileStatus::Kind::regular:
      return FileKind::regular;
    case os::FileStatus::Kind::directory:
      return FileKind::directory;
    default:
      return FileKind::other;
  }
}

Result<OpenedFile> open_file(const Place& place) {
  if (TRY(kind_of(place)) != FileKind::regular) return not_regular();
  UniqueFd fd = TRY(open_at(place, BeneathOpen::read));
  const os::FileStatus status = TRY(os::file_status(fd.get()));
  if (status.kind != os::FileStatus::Kind::regular) return not_regular();
  return OpenedFile{std::move(fd), status.size, status.mode};
}

Result<UniqueFd> open_directory(const Place& place) {
  return open_at(place, BeneathOpen::read_directory);
}

Result<UniqueFd> open_parent(const Place& place) {
  if (place.relative.empty()) return Error::from_errno(EISDIR, "a root is not a file");
  const std::size_t slash = place.relative.rfind('/');
  std::string_view rest = slash == std::string::npos
                              ? std::string_view()
                              : std::string_view(place.relative).substr(0, slash);
  auto parent = open_beneath(place.root->dir.get(), rest, BeneathOpen::locate_directory);
  if (parent) return parent;
  const int number = parent.error().error_number();
  if (number != ENOENT && number != ENOTDIR) return parent;

  UniqueFd folder;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view name = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    auto next = enter_or_make(folder ? folder.get() : place.root->dir.get(), name);
    if (!next) {
      const bool is_direct_parent = rest.empty();
      if (next.error().error_number() == ENOTDIR && is_direct_parent) {
        return Error::from_errno(EEXIST, "a plain file stands where the folder would be");
      }
      return next;
    }
    folder = std::move(*next);
  }
  return folder;
}

}  // namespace glovebox::tools
