#include "roles/role.h"

#include <charconv>
#include <format>
#include <system_error>

namespace glovebox::roles {

namespace {
constexpr std::string_view kPrefix = "glovebox: ";
constexpr std::uint32_t kFirstRoleId = kLastBoxId + 65;
}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::supervisor:
      return "supervisor";
    case Role::auditor:
      return "auditor";
    case Role::boxer:
      return "boxer";
    case Role::keeper:
      return "keeper";
    case Role::worker:
      return "worker";
    case Role::egress:
      return "egress";
  }
  return "unknown";
}

std::string process_name(Role role) {
  return std::string(kPrefix) + std::string(to_string(role));
}

std::optional<Role> role_of_process(std::string_view argument_zero) {
  if (!argument_zero.starts_with(kPrefix)) return std::nullopt;
  argument_zero.remove_prefix(kPrefix.size());
  for (Role role : kAllRoles)
    if (role != Role::supervisor && to_string(role) == argument_zero) return role;
  return std::nullopt;
}

RoleUser user_of(Role role) {
  // A keeper makes boxes with the boxer's rights and is told what to do by it.
  if (role == Role::keeper) role = Role::boxer;
  const std::uint32_t id = kFirstRoleId + static_cast<std::uint32_t>(role);
  return {id, id};
}

Result<IdRange> parse_id_range(std::string_view text) {
  constexpr std::uint32_t kLeast = 65536, kMost = 4294967293;
  const auto bad = [](std::string_view what) {
    return Error(ErrorKind::invalid, std::string(what));
  };
  const auto number = [](std::string_view digits, std::uint32_t& out) {
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size();
  };
  IdRange range;
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || !number(text.substr(0, dash), range.first) ||
      !number(text.substr(dash + 1), range.last))
    return bad("a range of ids is FIRST-LAST");
  if (range.first > range.last) return bad("the first id of a range comes before its last");
  if (range.first < kLeast || range.last > kMost)
    return bad(std::format("ids of boxes are {} to {}", kLeast, kMost));
  for (Role role : kAllRoles)
    if (const std::uint32_t id = user_of(role).uid; range.first <= id && id <= range.last)
      return bad(std::format("{} is the id of a role of glovebox", id));
  return range;
}

}  // namespace glovebox::roles
