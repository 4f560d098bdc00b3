// Finding and opening a path that the model gave, as one confined operation.
//
// locate() tells where a path leads: it folds `..`, follows symbolic links by hand (at most
// kMaxSymlinkHops, each one read by an fd that was opened below its root), and gives the root and
// the path below it without any link. That answer is only advice. The open_… functions pass it to
// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS on the root's fd,
// so whatever was swapped in meanwhile, the kernel either opens a file below the root or refuses;
// what is then examined (fstat) and used is the one fd that came back. Opening never waits:
// O_NONBLOCK, and anything but a regular file is refused before and after the open.
//
// Does not protect against a process outside the box that moves an open folder out of the root.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "tools/roots.h"

namespace glovebox::tools {

// A path that was found inside a root. Nothing says that it exists.
struct Place {
  const Root* root = nullptr;  // the deepest root that holds it; belongs to the Roots
  std::string path;      // absolute, folded, as the box sees it, free of links when it was found
  std::string relative;  // the same below root->path; empty for the root itself
};

// The text of the contract for a path that may not be used: `path "<p>" is outside the session's
// working directory…`, or `path "<p>": <reason>`. Complete; the tool adds nothing.
struct PathRefused {
  std::string text;
};

std::expected<Place, PathRefused> locate(const Roots& roots, std::string_view given);

// `.` and `..` folded lexically, `//` and trailing slashes gone. Relative paths are taken below
// the workspace; absolute ones below the host workdir are moved to the workspace.
std::string folded_path(const Roots& roots, std::string_view given);

enum class FileKind : std::uint8_t { regular, directory, other };

struct OpenedFile {
  UniqueFd fd;  // O_RDONLY, non-blocking
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  // permission bits
};

// What stands at the place, without opening it for reading (FIFOs and devices are not touched).
Result<FileKind> kind_of(const Place& place);

// A regular file for reading. Errors carry the errno; a place that is no regular file gives
// ErrorKind::invalid without an errno.
Result<OpenedFile> open_file(const Place& place);

// A directory for walking.
Result<UniqueFd> open_directory(const Place& place);

// The folder that holds the place, for creating a name in it. Missing parents are made with mode
// 0700. A plain file in the way gives EEXIST if it is the direct parent, ENOTDIR if it is higher.
Result<UniqueFd> open_parent(const Place& place);

// The last component of the place; empty for a root itself.
std::string_view last_name(const Place& place);

}  // namespace glovebox::tools
