// A seccomp profile as container engines take it, read strictly.
//
// The form is that of the OCI runtime specification (config-linux.md, `seccomp`) with what engines
// add: archMap, includes, excludes, comment, name. A key that is not known is refused, for it could
// be a condition. Values that do not fit a signed 64-bit integer are refused too: JSON readers do
// not agree on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

constexpr std::size_t kMaxOciBytes = 1024 * kKiB;
constexpr std::size_t kMaxOciGroups = 1024;
constexpr std::size_t kMaxOciNames = 4096;  // of all groups together

enum class OciOperation : std::uint8_t {
  equal,
  not_equal,
  less,
  less_or_equal,
  greater_or_equal,
  greater,
  masked_equal,  // (argument & value) == value_two
};

struct OciArgument {
  std::uint8_t index = 0;
  std::uint64_t value = 0, value_two = 0;
  OciOperation operation = OciOperation::equal;
};

struct OciCondition {
  std::vector<std::string> capabilities, architectures;
  std::string least_kernel;  // empty: any
};

// What has no counterpart in a text (trace, log, notify) is nullopt.
struct OciGroup {
  std::vector<std::string> names;
  std::string action_name;  // as it stands there
  std::optional<Action> action;
  std::vector<OciArgument> arguments;
  OciCondition includes, excludes;
};

struct OciProfile {
  Action fallback;
  std::vector<std::string> architectures;  // of architectures or archMap; empty: not said
  bool has_notes = false;                  // flags or a listener, which no text holds
  std::vector<OciGroup> groups;
};

// Errors: invalid and limit, with the place in the document: `syscalls[3].args[0].op: …`.
Result<OciProfile> parse_oci_profile(std::string_view json);

}  // namespace glovebox::seccomp
