// How a role begins: what it is told, by whom, and how it says that it is ready.
//
// The supervisor writes Start and one Peer for each connection that the role begins with; the role
// takes its identity, opens what it needs, locks itself down and answers Ready. If that fails it
// answers Fatal with a documented exit code and ends with it. Later the supervisor may send Peer
// again, when the process at the other end of a connection was replaced, Update when the operator
// changed something, Observe when somebody asks how things are, and Stop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_code.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "codec/json.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "ipc/policy_messages.h"
#include "roles/confinement.h"
#include "roles/role.h"

namespace glovebox::roles {

// What every role is told.
struct RoleStart {
  Role role = Role::auditor;
  StartedAs started = StartedAs::user;
  box::Rung rung = box::Rung::unprivileged;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  codec::Json settings;                       // of this role alone; its own code reads it
  std::map<std::string, Secret> secrets;      // by name; never in `settings`
  ipc::Channel supervisor;                    // Connection::role_of_supervisor
  std::map<std::string, ipc::Channel> peers;  // by name: "auditor", "boxer", "worker", "command"
};

// Reads Start and the peers that it announces. Errors: protocol, closed.
Result<RoleStart> receive_start(Role role, UniqueFd channel);

using SecretList = std::vector<std::pair<std::string, const Secret*>>;

// The supervisor's side of the same. `secrets` travel in sealed memory files.
struct StartOrder {
  Role role = Role::auditor;
  StartedAs started = StartedAs::user;
  box::Rung rung = box::Rung::unprivileged;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  codec::Json settings;
  SecretList secrets;
  std::vector<std::pair<std::string, int>> peers;  // the descriptors stay the caller's
};
Result<void> send_start(const ipc::Channel& channel, const StartOrder& order);
// What of a running role's settings is new, and secrets that take the place of earlier ones.
Result<void> send_update(const ipc::Channel& channel, const codec::Json& settings,
                         const SecretList& secrets);
Result<void> send_peer(const ipc::Channel& channel, std::string_view name, int fd);

// Every restriction is in force.
Result<void> send_ready(const ipc::Channel& supervisor);
// Tells why the role ends. The caller then ends with `code`.
void send_fatal(const ipc::Channel& supervisor, ExitCode code, std::string_view message);
// The documented code for an error that ended a start. Only what the auditor opens is of the log.
ExitCode exit_code_for(const Error& error);
ExitCode exit_code_of_log(const Error& error);

// What came from the supervisor after the start.
struct SupervisorEvent {
  enum class Kind : std::uint8_t {
    peer,
    stop,
    gone,
    update,
    observe,
    observed,
    policy,
  } kind = Kind::gone;
  std::string name;                       // peer
  ipc::Channel channel;                   // peer
  codec::Json settings;                   // update
  std::map<std::string, Secret> secrets;  // update
  ipc::Observe question;                  // observe
  ipc::Observed answer;                   // observed
  ipc::PolicyOrder order;                 // policy
};
Result<SupervisorEvent> receive_from_supervisor(const ipc::Channel& supervisor);

}  // namespace glovebox::roles
