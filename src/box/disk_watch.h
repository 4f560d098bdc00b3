// Watching what a session's workspace takes of the disk.
//
// Asking the file system for its free space is cheap and says when it is worth to count: only when
// it fell by more than what the session has left are the workspace's files summed up. Between two
// looks a call can write more than its limit; RLIMIT_FSIZE bounds that for each file.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/plan.h"

namespace glovebox::box {

// Bytes of blocks that the tree below `folder` holds, on its own file system, each file once for
// each name. Folders that cannot be read are left out. Iterative; stops counting at `enough`.
Result<std::uint64_t> disk_use(int folder, std::uint64_t enough);

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
  std::uint64_t count(std::uint64_t limit, const IdMap& ids) const;

  std::string workspace_;
  bool counted_ = false;
  std::uint64_t used_ = 0;  // when it was counted last
  std::uint64_t free_ = 0;  // of the file system, at that time
};

}  // namespace glovebox::box
