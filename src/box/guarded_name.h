// A name that a rule of a plan guards, as it was found when a call starts. Pure data, and its form
// as bytes: it travels with each box (session_wire.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "box/guard_rules.h"
#include "os/file.h"

namespace glovebox::box {

struct GuardedName {
  std::string path;         // below the workspace, without a slash in front
  std::uint32_t depth = 0;  // how many of its first components lead to the root that it is at
  // What makes that root one: while it is there, the name is looked for. Empty: nothing has to.
  std::string marker;
  Protection protection = Protection::read_only;
  os::FileType type = os::FileType::other;
  FileIdentity identity;
  // A file system gives numbers of removed files out again: what is another one was born later.
  os::FileTimes times;
  std::string rule;
  bool operator==(const GuardedName& other) const;
};
using GuardedNames = std::vector<GuardedName>;

// Found at the start of one call. A call with more of them is refused.
inline constexpr std::size_t kMaxGuardedNames = 512;
// Of all their paths together: each box is told all of them.
inline constexpr std::size_t kMaxGuardedBytes = 256 * 1024;

std::string encode_guarded(const GuardedNames& names);
// Errors: protocol.
Result<GuardedNames> decode_guarded(std::string_view bytes);

}  // namespace glovebox::box
