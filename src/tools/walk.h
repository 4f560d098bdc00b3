// The walk that glob and grep share: folders below a place, in the order of their paths.
//
// Depth first, names sorted by their bytes, so that two walks of one tree meet the same entries
// even where a limit cuts them short. No symbolic link is followed and no other file system
// entered; each folder is opened by its path below the start, confined by the kernel
// (os/beneath.h). Folders called `.git` or `node_modules` are skipped. Memory is bounded by the
// entry limit; nothing recurses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace glovebox::tools {

struct WalkLimits {
  std::uint64_t max_entries;
  std::size_t max_depth;  // folders below the start; 0: only the start itself
};

struct WalkEnd {
  bool is_cut = false;           // an entry or depth limit was reached, or a path grew too long
  std::uint64_t unreadable = 0;  // folders that could not be opened or read
};

// What the walker is told about a folder; `path` is relative to the start, empty for itself.
struct WalkVisitor {
  // Whether to enter. Called for each subfolder right before it would be read.
  std::function<bool(std::string_view parent, std::string_view name)> enters;
  // A regular file. `folder` is its open folder, valid during the call. False ends the walk.
  std::function<bool(int folder, std::string_view parent, std::string_view name)> file;
};

// `start` is an open, readable folder.
WalkEnd walk_files(int start, const WalkLimits& limits, const WalkVisitor& visitor);

// Folders below its start that neither search looks into.
bool is_never_searched(std::string_view name);

// `parent/name`, or `name` when parent is empty.
std::string joined_path(std::string_view parent, std::string_view name);

}  // namespace glovebox::tools
