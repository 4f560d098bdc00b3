// Names in the workspace that are protected wherever they turn up, as a plan says it, and as they
// were found when a call starts.
//
// Pure data, and its form as bytes: rules are a part of the plan, the names that were found travel
// with each box (session_wire.h) and are kept in the session's folder (guard_watch.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ipc/wire.h"
#include "os/file.h"

namespace glovebox::box {

// Which file a path must still be when it is mounted; guards against a swap after the check.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileIdentity&) const = default;
};

enum class Protection : std::uint8_t {
  read_only,  // what exists cannot be changed, moved or removed; what is created is taken away
  hidden,     // what exists cannot be opened
};

// Where a name is looked for.
enum class Reach : std::uint8_t {
  workspace,     // at its root
  repositories,  // and at the root of every repository in it: a folder that holds `.git`
};

struct GuardRule {
  std::string name;  // relative; `*` can end its last component
  Protection protection = Protection::read_only;
  Reach reach = Reach::repositories;
  std::string rule;  // file:line
  bool operator==(const GuardRule&) const = default;
};

// One name that was found.
struct GuardedName {
  std::string path;         // below the workspace, without a slash in front
  std::uint32_t depth = 0;  // how many of its first components lead to the root that it is at
  Protection protection = Protection::read_only;
  os::FileType type = os::FileType::other;
  FileIdentity identity;
  std::string rule;
  bool operator==(const GuardedName&) const = default;
};
using GuardedNames = std::vector<GuardedName>;

// Found at the start of one call. A call with more of them is refused.
inline constexpr std::size_t kMaxGuardedNames = 512;
// Of all their paths together: each box is told all of them.
inline constexpr std::size_t kMaxGuardedBytes = 256 * 1024;

std::vector<std::string_view> parts_of(std::string_view path);
// Whether a component of a rule stands for a component of a path.
bool stands_for(std::string_view pattern, std::string_view component);

void write_guard_rules(ipc::Writer& writer, const std::vector<GuardRule>& rules);
Result<std::vector<GuardRule>> read_guard_rules(ipc::Reader& reader);
std::string encode_guarded(const GuardedNames& names);
// Errors: protocol.
Result<GuardedNames> decode_guarded(std::string_view bytes);

}  // namespace glovebox::box
