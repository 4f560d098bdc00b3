// Finds guarded names in a workspace: at its root, and at the root of every repository in it.
//
// Breadth first, so that what lies deep cannot hide what lies above, and installed packages
// (`node_modules`) after everything else; symbolic links are never followed. The search has limits,
// since a guest decides what there is to be searched: what lies beyond them is not guarded, and
// `is_whole` says so. The workspace's own root is always looked at.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "box/guarded_name.h"

namespace glovebox::box {

// Folders between the workspace and the root of a repository, that root included.
inline constexpr std::size_t kMaxRepositoryDepth = 4;
inline constexpr std::size_t kMaxFoldersSearched = 4096;
inline constexpr std::size_t kMaxEntriesSearched = 200'000;
inline constexpr std::size_t kMaxRepositories = 128;
// Of one folder in which a pattern is looked for. More is an error: nothing may hide there.
inline constexpr std::size_t kMaxEntriesMatched = 1'000'000;

struct GuardSearch {
  GuardedNames names;     // by path
  bool is_whole = true;   // nothing was left out of the search
  bool has_more = false;  // more names than were wanted
};

// `workspace`: a folder's descriptor, O_PATH will do; the caller acts as its owner. A folder of the
// owner's that shuts him out is opened. A name whose way leads over something else than a folder
// stands for that: with `.git/hooks` a file `.git` is guarded itself.
// Errors: of the kernel at the workspace's root; limit.
Result<GuardSearch> search_guarded(int workspace, const std::vector<GuardRule>& rules,
                                   std::size_t most);

}  // namespace glovebox::box
