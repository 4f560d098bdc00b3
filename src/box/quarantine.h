// Where what a guest made under a guarded name is moved to: `quarantine/` in the session's folder,
// which no box shows. It belongs to the guest's own user, whose rights the moving is done with;
// nobody reaches it, since the folders above are closed.
//
// Entries are numbered in their order; which name each had is in the audit log. What is too large
// to be kept is removed, and the oldest go when there are too many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/guard_report.h"
#include "box/plan.h"

namespace glovebox::box {

inline constexpr const char* kQuarantine = "quarantine";
inline constexpr std::size_t kMaxQuarantined = 32;                // entries of a session
inline constexpr std::uint64_t kMaxQuarantinedBytes = 16 * kMiB;  // of one entry, on the disk
inline constexpr std::uint64_t kMaxQuarantinedFiles = 10'000;     // of one entry

class Quarantine {
 public:
  // Opens, or makes, that of a session; `session_fd` is the session's folder. As glovebox.
  static Result<Quarantine> open(int session_fd, const IdMap& ids);

  // The rest as the guest's user. `path` is below `workspace`, over no symlink; whatever stands
  // there is moved, never what a link leads to. nullopt: nothing is there any more.
  Result<std::optional<Moved>> take(int workspace, const std::string& path);
  // Removes the oldest until there are no more than kMaxQuarantined.
  Result<void> trim();

 private:
  explicit Quarantine(UniqueFd folder) : folder_(std::move(folder)) {}
  Result<void> begin();
  Result<void> rename(int parent, const std::string& name, const std::string& number);
  UniqueFd folder_;  // O_PATH
  UniqueFd list_;    // for reading; opened by the owner
  std::uint64_t last_ = 0;
};

// All of it, before the session's folder can be removed. A missing one is no error.
Result<void> remove_quarantine(int session_fd);
Result<bool> is_anything_quarantined(int session_fd);

}  // namespace glovebox::box
