// Watching what a session's workspace takes of the disk.
//
// Asking the file system for its free space and inodes is cheap and says when it is worth to count:
// only when they fell by more than what the session has left are the workspace's files summed up,
// and every five seconds, since what others give back meanwhile hides what a call takes.
// Where some of them cannot be counted (a closed folder, a very deep one), all that the file system
// lost meanwhile is put on the session's account, whoever took it. Between two looks a call can
// write more than its limit; RLIMIT_FSIZE bounds that for each file. Calls that are over before
// their first look add up: what the file system lost since it was counted last is looked at when
// the next one begins. A session over its limit may still remove things: only what grows is
// stopped, and sooner.
//
// A project quota of the operator's is the kernel's to keep (EDQUOT); where the folder has one, the
// free space that is asked for here is what that quota leaves.
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
  void begin(std::uint64_t limit, const IdMap& ids);
  enum class Verdict : std::uint8_t { fits, too_much };
  Verdict look(std::uint64_t limit, const IdMap& ids);

  static constexpr milliseconds kInterval{100}, kIntervalAboveLimit{10};
  static constexpr unsigned kLooksToCount = 50;
  // From the begin of a call to its first look.
  milliseconds first_look(std::uint64_t limit) const {
    return used_ > limit ? kIntervalAboveLimit : kInterval;
  }

 private:
  // What the file system has free now, and by how much that fell since it was counted.
  struct Space {
    std::uint64_t bytes = 0, names = 0, fallen = 0;
  };
  std::optional<Space> space() const;
  std::optional<DiskUse> count(std::uint64_t limit, const IdMap& ids) const;
  void count_again(const Space& now, std::uint64_t limit, const IdMap& ids);
  std::uint64_t left(std::uint64_t limit) const { return limit > used_ ? limit - used_ : 0; }

  std::string workspace_;
  bool begun_ = false;
  bool counted_ = false;
  unsigned looks_ = 0;            // since then
  std::uint64_t used_ = 0;        // when it was counted last
  std::uint64_t free_ = 0;        // of the file system, at that time
  std::uint64_t free_names_ = 0;  // the same for inodes
};

}  // namespace glovebox::box
