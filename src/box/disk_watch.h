// Watching what a session's workspace takes of the disk.
//
// Asking the file system for its free space and inodes is cheap and says when it is worth to count:
// only when they fell by more than what the session has left are the workspace's files summed up.
// Where some of them cannot be counted (a closed folder, a very deep one), all that the file system
// lost meanwhile is put on the session's account, whoever took it. Between two looks a call can
// write more than its limit; RLIMIT_FSIZE bounds that for each file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/plan.h"

namespace glovebox::box {

// What the tree below `folder` holds on its own file system.
struct DiskUse {
  std::uint64_t bytes = 0;  // of blocks, each file once for each name, a name at least kNameCost
  bool complete = true;     // false: some folder could not be read or lies too deep to be counted
};
// What a name takes by itself; else a disk could be filled with empty files.
inline constexpr std::uint64_t kNameCost = 512;
// Iterative; stops counting at `enough`.
Result<DiskUse> disk_use(int folder, std::uint64_t enough);

class DiskWatch {
 public:
  // `workspace` is walked as the id that it belongs to, which may be another than the keeper's.
  explicit DiskWatch(std::string workspace) : workspace_(std::move(workspace)) {}

  // A call begins.
  void begin();
  enum class Verdict : std::uint8_t { fits, too_much };
  Verdict look(std::uint64_t limit, const IdMap& ids);

  static constexpr milliseconds kInterval{100};

 private:
  std::optional<DiskUse> count(std::uint64_t limit, const IdMap& ids) const;

  std::string workspace_;
  bool counted_ = false;
  std::uint64_t used_ = 0;        // when it was counted last
  std::uint64_t free_ = 0;        // of the file system, at that time
  std::uint64_t free_names_ = 0;  // the same for inodes
};

}  // namespace glovebox::box
