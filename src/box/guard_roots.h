// The repositories that were found in a session's workspace so far.
//
// A search has limits, and a guest decides what there is to be searched: it could make so much that
// a repository which was guarded before lies beyond them. So each search looks at these first. They
// are kept in the session's folder, for the keepers that come later, and never forgotten, since a
// guest may move one that holds nothing guarded away and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::box {

class GuardRoots {
 public:
  // The first ones; later ones are found only within the limits of a search.
  static constexpr std::size_t kMost = 1024;

  // Errors: protocol; of the kernel.
  static Result<GuardRoots> load(int session_fd);
  Result<void> save(int session_fd);

  void add(const std::string& path);
  // In the order in which they were found.
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::vector<std::string> paths_;
  std::set<std::string, std::less<>> known_;
  std::size_t saved_ = 0;
};

inline constexpr const char* kRootsFile = "guard-roots";
inline constexpr std::uint64_t kMaxRootsFile = 2 * kMiB;

}  // namespace glovebox::box
