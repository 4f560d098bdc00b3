// Which policy an appliance runs with, and the order in which another takes its place.
//
//   load      read and check → kept by the auditor → policy.load durable → the boxer compiles it,
//             proves it and says so → active for new sessions → answered
//   rollback  the same with one that is kept, by its digest
//   revoke    `operator` durable → the boxer ends its sessions → answered
//   status    the boxer counts → answered
//
// Whatever fails on the way of a load is a policy.reject, and the last good policy stays. One
// request is carried out at a time, the others wait in turn. A lost auditor or boxer fails what
// depends on it; a refusal that could not be recorded is recorded when the auditor is back.
//
// A state machine without I/O: PolicyHands does the rest, and tells the desk what came of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record_kind.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "codec/json.h"
#include "ipc/policy_messages.h"
#include "roles/policy_log.h"
#include "roles/policy_source.h"

namespace glovebox::roles {

constexpr std::size_t kMaxPolicyRequests = 32;  // that wait
constexpr std::size_t kMaxUnrecorded = 64;      // refusals that wait for the auditor
constexpr std::size_t kMaxShownReason = 8192;   // bytes of one in an answer
constexpr std::size_t kMaxShownDigests = 256;   // in a status

// Who asks for something, as records name it.
struct Asker {
  enum class Way : std::uint8_t { start, hang_up, control } way = Way::start;
  std::uint32_t uid = 0;
  int pid = 0;
};

struct PolicyRequest {
  enum class What : std::uint8_t { load, rollback, revoke, status } what = What::status;
  std::string subject;  // load: a file, empty for the one in use; rollback, revoke: a digest
  bool also_revoked = false;
  Asker by;
  std::uint64_t client = 0;            // who waits for an answer; 0: nobody
  std::optional<PolicySource> source;  // load: read already
};

class PolicyHands {
 public:
  virtual ~PolicyHands() = default;
  virtual Result<PolicySource> read_policy(const std::string& file) = 0;
  // The digest that the boxer will come to as well. Errors: invalid (a filter that is none).
  virtual Result<std::string> digest_of(const PolicySource& source) = 0;
  // The boxer's settings with this policy.
  virtual std::string settings_with(const PolicySource& source, const std::string& digest) = 0;
  // A report that comes at once, or nothing: then it comes later. Error: there is no boxer.
  virtual Result<std::optional<ipc::PolicyReport>> order(const ipc::PolicyOrder& order) = 0;
  virtual void answer(std::uint64_t client, const ipc::ControlAnswer& answer) = 0;
};

class PolicyDesk {
 public:
  struct Active {
    PolicySource source;
    std::string digest;
    WallTime since;
    Asker by;
    bool revoked = false;  // its sessions were ended, and none is opened on it
  };
  // What kept a policy from being loaded: it is none that may be, or the log cannot take it.
  enum class Cause : std::uint8_t { policy, log };
  struct Refusal {
    WallTime at;
    std::string file, why;
    Cause cause = Cause::policy;
  };

  // Everything outlives the desk.
  PolicyDesk(PolicyHands& hands, PolicyLog& policy_log, const Clock& clock, const Log& log)
      : hands_(hands), policy_log_(policy_log), clock_(clock), log_(log) {}

  void ask(PolicyRequest request);

  void log_answered(PolicyLog::Answer answer);
  void log_lost();
  void log_back();
  void boxer_reported(const ipc::PolicyReport& report);
  void boxer_lost();

  bool idle() const { return !current_; }
  const std::optional<Active>& active() const { return active_; }
  const std::optional<Refusal>& last_refusal() const { return last_refusal_; }

 private:
  enum class Phase : std::uint8_t {
    fetching,   // a kept policy
    keeping,    // a policy
    loading,    // its policy.load is on its way
    taking,     // the boxer makes it its own
    rejecting,  // its policy.reject is on its way
    revoking,   // the record of a revocation is on its way
    ending,     // the boxer ends sessions
    counting,
  };
  struct Job {
    PolicyRequest request;
    Phase phase = Phase::counting;
    std::uint64_t waits_for = 0;  // sequence of the log's answer, or ticket of the boxer's
    std::string digest;
    std::uint64_t record = 0;
    std::string refused;  // rejecting: why
  };

  void next();
  void start();
  void start_load();
  void start_revoke();
  void weigh(const Result<PolicySource>& source);
  void keep();
  void load(const std::string& document);
  void take();
  void taken();
  void order(Phase phase, ipc::PolicyAct act, std::string subject);
  void reject(const std::string& why, Cause cause = Cause::policy);
  void wait_for(Phase phase, const Result<std::uint64_t>& sequence);
  void finish(std::string problem, codec::Json facts = codec::Json::object());
  codec::Json facts() const;
  codec::Json status(const std::string& sessions) const;
  bool is_as_it_was(const PolicySource& source) const;

  PolicyHands& hands_;
  PolicyLog& policy_log_;
  const Clock& clock_;
  const Log& log_;
  std::optional<Active> active_;
  std::optional<PolicySource> on_file_;  // as its file was when it was last loaded from there
  std::optional<Refusal> last_refusal_;
  std::deque<PolicyRequest> waiting_;
  std::optional<Job> current_;
  std::deque<codec::JsonObject> unrecorded_;  // members of policy.reject
  std::uint64_t next_ticket_ = 1;
  bool advancing_ = false;
};

// `asker` of the records.
codec::Json to_json(const Asker& asker);

}  // namespace glovebox::roles
