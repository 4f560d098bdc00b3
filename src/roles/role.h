// The processes that glovebox is made of, and how each is recognised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::roles {

enum class Role : std::uint8_t { supervisor, auditor, boxer, keeper, worker, egress };

constexpr Role kAllRoles[] = {Role::supervisor, Role::auditor, Role::boxer,
                              Role::keeper,     Role::worker,  Role::egress};

// `auditor`
std::string_view to_string(Role role);
// argv[0] of the role's process: `glovebox: auditor`.
std::string process_name(Role role);
// The role that a process was started as; nullopt for a command line. Whoever starts glovebox by
// such a name gains nothing: a role only does what the other end of descriptor 3 asks, with the
// rights of the one who started it.
std::optional<Role> role_of_process(std::string_view argument_zero);

// The channel to whoever started the role.
inline constexpr int kStarterFd = 3;

// Host ids of the roles when glovebox is started as root: one each, so that the kernel keeps them
// apart and folders belong to the role that writes them. Outside every range that systemd
// documents, and next to the ids of boxes (kFirstBoxId …). The keeper has the boxer's.
struct RoleUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
RoleUser user_of(Role role);

// Ids that boxes map to when glovebox is started as root.
inline constexpr std::uint32_t kFirstBoxId = 1'900'000'000;
inline constexpr std::uint32_t kLastBoxId = 1'900'065'535;
struct IdRange {
  std::uint32_t first = kFirstBoxId;
  std::uint32_t last = kLastBoxId;  // in it
  bool operator==(const IdRange&) const = default;
};
// `1900000000-1900065535`. Only ids that no person, service or role of ours has: from 65536 on and
// none of user_of(). Error: invalid.
Result<IdRange> parse_id_range(std::string_view text);

}  // namespace glovebox::roles
