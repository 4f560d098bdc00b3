// The supervisor: starts the roles, connects them, starts one again that died, ends them in order.
//
// It holds the state folder's lock and the policy's bytes and never a byte that came from the
// network. A command is the supervisor process itself: it asks start() for what it needs, polls
// fds() beside its own descriptors, and calls attend() when one of them is readable.
//
// A role that dies, also while it starts again, is started again and connected to the others; its
// calls in flight get an error result (see call_gate.h). After kMaxDeaths deaths within
// kDeathWindow, or when a role says why it cannot start, attend() fails and the command ends with
// the failure's code.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/wal_sizes.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "box/cgroup.h"
#include "box/host.h"
#include "codec/json.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "ipc/secret_messages.h"
#include "os/process.h"
#include "roles/boxer_settings.h"
#include "roles/call_decision.h"
#include "roles/control_server.h"
#include "roles/egress_proof.h"
#include "roles/egress_settings.h"
#include "roles/file_opener.h"
#include "roles/group_sweeper.h"
#include "roles/injected_secrets.h"
#include "roles/outcome.h"
#include "roles/policy_desk.h"
#include "roles/policy_log.h"
#include "roles/policy_source.h"
#include "roles/role_start.h"
#include "roles/secret_command.h"
#include "roles/secret_file.h"
#include "roles/state_folder.h"
#include "roles/token_shelf.h"

namespace glovebox::roles {

constexpr std::size_t kMaxDeaths = 5;
constexpr seconds kDeathWindow{60};

// What a role is given beside its settings.
struct RoleSecrets {
  std::vector<std::pair<std::string, Secret>> held;
  std::vector<std::pair<std::string, SecretFile>> files;  // where they are read again
  std::vector<std::string> proxy_command;                 // prints kProxyAuth; empty: none
};

// The worker role, when the command has one.
struct WorkerOrder {
  codec::Json settings;
  RoleSecrets secrets;
};

struct SupervisorOptions {
  StartedAs started = StartedAs::user;
  StateFolder state;
  PolicySource policy;
  std::string work;  // folder of the workspaces; empty: the state folder's
  WorkspaceMode workspace = WorkspaceMode::session;
  SessionEnd end = SessionEnd::keep;
  std::string seed;
  Duration keep{};  // zero: for ever
  std::uint32_t call_slots = kCallSlots;
  std::uint32_t warm_sessions = 0;  // see BoxerSettings
  IdRange ids;                      // of boxes, when started as root
  std::string audit;                // folder of the log; empty: the state folder's
  std::string audit_origin;         // names the key of a new log; empty: audit::default_origin()
  std::uint64_t audit_reserve = audit::kLeastWalReserve;  // bytes on the disk up front
  // Beside the state folder, the log's, the policy's files and the program itself.
  std::vector<std::string> protected_paths;
  EgressSettings egress;                    // without its folder
  RoleSecrets egress_secrets;               // without those that the policy injects
  std::optional<EgressProof> egress_proof;  // none: it was not proved
  std::string credentials;                  // folder of the service's credentials; empty: none
  std::optional<WorkerOrder> worker;        // none: the command itself talks to the boxer
  UniqueFd metrics;  // listens already, for the worker to serve metrics on; none: nobody does
  LogLevel log_level = LogLevel::info;  // of the roles
  LogFormat log_format = LogFormat::text;
};

// Error: limit, a secret that is longer than records can be kept free of, with its name.
Result<void> check_maskable(const SecretList& list);

// A command whose policy has no egress rule does without the role.
bool has_egress_rule(const policy::Policy& policy);

class Supervisor : private PolicyHands {
 public:
  // Finds out about the host, takes the supervisor's own confinement and starts the roles; every
  // one is ready when this returns. `clock` and `log` outlive the supervisor. The process is
  // confined from then on, whatever comes of it.
  static Outcome<std::unique_ptr<Supervisor>> start(SupervisorOptions options, const Clock& clock,
                                                    const Log& log);
  ~Supervisor() override;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Readable when attend() has something to do.
  std::vector<int> fds() const;
  // Handles what the roles sent and whatever ended. Never waits for longer than a role's start.
  Outcome<> attend();

  // Without a worker: the connection to the boxer. generation() changes when the boxer was started
  // again; the calls that were in flight then have to be sent again, to learn what became of them.
  const ipc::Channel& boxer() const { return caller_; }
  std::uint64_t generation() const { return generation_; }
  // Set when the worker ended by itself; the command ends with it.
  std::optional<Failure> worker_ended() const { return worker_ended_; }

  // Reads policy, secrets and authorities again (SIGHUP). What is not good is refused with a line
  // in the log, and the last good one holds. Another policy is for sessions that are opened from
  // now on; whether it is one is known when settled() says so, after some attend().
  void reload();
  bool settled() const { return desk_.idle(); }

  // Asks the caller's side to finish first (drain), then the others. stop() waits for the end of
  // every role and returns the first failure; at_once kills.
  enum class StopMode : std::uint8_t { drain, at_once };
  void ask_worker_to_stop();
  Outcome<> stop(StopMode mode);

  // One JSON line for SIGUSR1.
  std::string state_line() const;
  const StateFolder& state() const { return options_.state; }
  const box::HostFacts& host() const { return host_; }

 private:
  struct Child {
    os::Process process;
    ipc::Channel channel;
    bool stopping = false;
    std::uint64_t restarts = 0;
    std::optional<Failure> fatal;
  };
  using Peers = std::vector<std::pair<std::string, int>>;

  Supervisor(SupervisorOptions options, const Clock& clock, const Log& log);
  Outcome<> prepare();
  // How a role ended that died before it was ready; nullopt: it is ready.
  using EarlyEnd = std::optional<os::ExitFacts>;
  Outcome<EarlyEnd> spawn(Role role, codec::Json settings, const Peers& peers);
  Outcome<EarlyEnd> await_ready(Role role);
  Outcome<> start_first(Role role, codec::Json settings, const Peers& peers);
  Outcome<> start_all();
  Outcome<> start_again(Role role, codec::Json settings, const Peers& peers,
                        const std::function<void()>& connect);
  Outcome<> replace(Role role);
  Peers worker_peers(int boxer) const;
  codec::Json egress_settings() const;
  SecretList egress_list() const;
  SecretList injected_list() const;
  // --- supervisor_secrets.cc
  SecretList known_list() const;
  SecretList first_known() const;
  Result<void> tell_auditor(const SecretList& list);
  Result<void> supply_auditor();
  Result<void> take_token(const ipc::KnowSecret& message, UniqueFd file);
  void token_known(const ipc::SecretKnown& answer);
  Result<void> renew_injected(const policy::Policy& policy);
  bool has_egress() const;
  BoxerSettings boxer_settings(const PolicySource& policy, const std::string& digest,
                               Sessions sessions) const;
  codec::Json boxer_settings() const;  // with the policy that is active
  codec::Json auditor_settings() const;
  Outcome<> read_from(Role role);
  Outcome<> take(Role role, ipc::Envelope&& envelope);
  // --- supervisor_policy.cc
  Outcome<> open_control();
  Outcome<> record_proof();
  Outcome<> load_first_policy(Peers boxer_peers);
  Outcome<> why_not_loaded();
  void attend_policy();
  void read_policy_log();
  Result<PolicySource> read_policy(const std::string& file) override;
  Result<std::string> digest_of(const PolicySource& source) override;
  std::string settings_with(const PolicySource& source, const std::string& digest) override;
  Result<std::optional<ipc::PolicyReport>> order(const ipc::PolicyOrder& order) override;
  void answer(std::uint64_t client, const ipc::ControlAnswer& answer) override;

  // A program that prints the word for a proxy, for one role or two.
  struct WordCommand {
    SecretCommand command;
    std::vector<Role> roles;
  };
  RoleSecrets& secrets_of(Role role);
  Outcome<> keep_commands();
  void reload_secrets(Role role);
  void reload_authorities();
  void renew_authorities(Role role, const std::string& path, std::string& pem);
  void renew_secret(Role role, std::string_view name);
  void replace_secret(Role role, Secret& held, std::string_view name, Secret&& read);
  Outcome<> print_first_words();
  Result<Secret> take_word(WordCommand& word);
  void renew_word(WordCommand& word);
  void update(Role role, const codec::Json& settings, const SecretList& secrets);
  void observe(const ipc::Observe& question);
  void pass_on(Role role, ipc::Observed observed);
  Outcome<> ended(Role role);
  Outcome<> count_death(Role role, const os::ExitFacts& facts);

  SupervisorOptions options_;
  const Clock& clock_;
  const Log& log_;
  UniqueFd executable_;
  FileOpener opener_;
  std::vector<WordCommand> words_;
  InjectedSecrets injected_;
  TokenShelf tokens_;
  std::map<std::uint64_t, std::uint64_t> asked_tokens_;  // number of a token, ticket of the worker
  box::HostFacts host_;
  bool call_reports_ = false;
  box::GroupPlaces groups_;
  std::optional<GroupSweeper> sweeper_;  // started as root: who removes them
  std::map<Role, Child> children_;
  PolicyLog policy_log_;
  PolicyDesk desk_;
  std::optional<ControlServer> control_;
  std::optional<ActivePolicy> weighed_;  // the latest policy whose digest was asked for
  std::optional<Peers> first_boxer_;     // while the first policy is loaded: who it begins with
  std::optional<Failure> start_failure_;
  ipc::Channel caller_;
  std::uint64_t generation_ = 0;
  bool worker_asked_to_stop_ = false;
  std::deque<Duration> deaths_;
  std::optional<Failure> worker_ended_;
};

}  // namespace glovebox::roles
