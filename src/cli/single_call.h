// One session with the same roles that a worker has, for commands that make a call themselves.
//
// The process becomes the supervisor: what it wants to read from the host it reads before start().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cli/egress_order.h"
#include "cli/output_relay.h"
#include "ipc/messages.h"
#include "roles/policy_source.h"
#include "roles/supervisor.h"

namespace glovebox::cli {

using roles::Failure;
using roles::Outcome;

struct SingleSession {
  roles::PolicySource policy;
  std::optional<std::string> state;    // none: a fresh folder, which is kept
  std::optional<std::string> workdir;  // none: a fresh one, which is removed
  std::optional<std::string> session;  // named: kept, with its workspace
  std::string environment, agent;
  std::optional<EgressOrder> egress = std::nullopt;  // none: as the environment says
};

// A tool with its input, or a program with its descriptors.
struct CallOrder {
  std::string call;  // its id
  std::string tool, input;
  std::vector<std::string> program;
  std::array<int, 3> stdio{-1, -1, -1};
  std::optional<milliseconds> time_limit;
};

class SingleCall {
 public:
  // Errors: everything that keeps a call from being made, with its exit code.
  static Outcome<std::unique_ptr<SingleCall>> start(SingleSession session, const Clock& clock,
                                                    const Log& log, Random& random);

  Outcome<ipc::PlanText> plan(const CallOrder& order);
  // Until the call is over. The first SIGINT or SIGTERM cancels it; after the second everything
  // ends at once.
  Outcome<ipc::CallDone> run(const CallOrder& order, std::vector<OutputRelay>& relays);
  // Closes the session and ends the roles.
  Outcome<> finish();

  std::string audit_folder() const { return supervisor_->state().audit(); }
  bool state_is_fresh() const { return fresh_; }
  std::optional<int> signal() const { return signal_; }  // the first that came

 private:
  SingleCall(SingleSession session, const Clock& clock);
  Outcome<> open_session();
  Outcome<ipc::Envelope> wait_for(std::uint16_t type, std::vector<OutputRelay>& relays);
  Outcome<> turn(std::vector<OutputRelay>& relays);
  Outcome<> read_boxer();
  Outcome<> read_signals();
  Outcome<> send_order();
  void drain(std::vector<OutputRelay>& relays);

  SingleSession session_;
  const Clock& clock_;
  std::string name_;
  std::unique_ptr<roles::Supervisor> supervisor_;
  UniqueFd signals_;
  bool fresh_ = false;
  std::uint64_t generation_ = 0;  // of the boxer that was last written to
  bool boxer_gone_ = false;
  const CallOrder* order_ = nullptr;
  std::vector<ipc::Envelope> inbox_;
  std::optional<int> signal_;
};

}  // namespace glovebox::cli
