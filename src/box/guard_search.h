// Finds guarded names in a workspace: at its root, and at the root of every repository in it.
//
// Breadth first, so that what lies deep cannot hide what lies above, and installed packages
// (`node_modules`) after everything else; symbolic links are never followed. The search has limits,
// since a guest decides what there is to be searched: what lies beyond them is not guarded, and
// `is_whole` says so. The workspace's own root is always looked at, then the repositories that were
// found before (guard_roots.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "box/guard_roots.h"
#include "box/guarded_name.h"
#include "os/file.h"

namespace glovebox::box {

// Folders between the workspace and the root of a repository, that root included.
inline constexpr std::size_t kMaxRepositoryDepth = 4;
inline constexpr std::size_t kMaxFoldersSearched = 4096;
inline constexpr std::size_t kMaxEntriesSearched = 200'000;
// In `.git/modules` and `.git/worktrees` of all repositories together. More is an error.
inline constexpr std::size_t kMaxGitFolders = 8192;
// Of one folder in which a pattern is looked for. More is an error: nothing may hide there.
inline constexpr std::size_t kMaxEntriesMatched = 1'000'000;

// What earlier searches read of folders, so that those that have not changed are not read again.
// What a folder held is believed while its stamp is the same, if it had not changed for kSettled
// when it was read: the kernel's clock of files is coarse, and may be another machine's.
class FolderCache {
 public:
  static constexpr std::chrono::seconds kSettled{1};
  struct Folder {
    os::FolderStamp stamp;
    bool is_repository = false;
    std::vector<std::string> folders;
  };
  // nullptr: it has to be read.
  const Folder* find(int workspace, const std::string& path) const;
  void add(const std::string& path, Folder folder, std::int64_t now_ns);

 private:
  // Twice what one search looks into; then all are read again.
  static constexpr std::size_t kMost = 2 * kMaxFoldersSearched;
  std::map<std::string, Folder> folders_;
};

struct GuardSearch {
  GuardedNames names;              // by path
  std::vector<std::string> roots;  // of repositories, the known ones first
  bool is_whole = true;            // nothing was left out of the search
  bool has_more = false;           // more names than were wanted
};

// `workspace`: a folder's descriptor, O_PATH will do; the caller acts as its owner. A folder of the
// owner's that shuts him out is opened, and shut again if nothing guarded lies in it. A name whose
// way leads over something else than a folder stands for that: with `.git/hooks` a file `.git` is
// guarded itself. Names that begin with `.git/` are looked for in the git folders of submodules and
// worktrees as well. Errors: of the kernel at the workspace's root; limit.
Result<GuardSearch> search_guarded(int workspace, const std::vector<GuardRule>& rules,
                                   std::size_t most, FolderCache* cache = nullptr,
                                   const GuardRoots* roots = nullptr);

}  // namespace glovebox::box
