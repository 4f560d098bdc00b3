#include <format>

#include "policy/load.h"

namespace glovebox::policy {

Result<void> check_policy_file(const PolicyFileFacts& facts, std::uint32_t own_uid) {
  if (facts.symlink) return Error(ErrorKind::denied, "is a symbolic link; name the file itself");
  if (!facts.regular) return Error(ErrorKind::denied, "is not a regular file");
  if ((facts.mode & 022) != 0)
    return Error(ErrorKind::denied,
                 "can be written by group or others\nhint: chmod go-w, or copy it to a place that "
                 "only its owner can write");
  if (facts.uid != 0 && facts.uid != own_uid)
    return Error(ErrorKind::denied,
                 std::format("belongs to user {}, not to root or to user {}", facts.uid, own_uid));
  return {};
}

}  // namespace glovebox::policy
