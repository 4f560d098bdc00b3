// Names in the workspace that are protected wherever they turn up, as a plan says it. Pure data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ipc/wire.h"

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

std::vector<std::string_view> parts_of(std::string_view path);
// Whether a component of a rule stands for a component of a path.
bool stands_for(std::string_view pattern, std::string_view component);

void write_guard_rules(ipc::Writer& writer, const std::vector<GuardRule>& rules);
Result<std::vector<GuardRule>> read_guard_rules(ipc::Reader& reader);
// Relative, with nothing in it that leads elsewhere. Errors: protocol.
Result<std::string> read_plain_path(ipc::Reader& reader);

}  // namespace glovebox::box
