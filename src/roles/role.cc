#include "roles/role.h"

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

}  // namespace glovebox::roles
