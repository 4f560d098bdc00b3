// The boxer: who decides what runs, and the only one that starts boxes.
//
// A shell round the call gate (call_gate.h): it reads messages of the caller (a worker or a single
// command), the auditor and the keepers, tells the gate, and takes the steps that the gate allows.
// It believes the caller nothing but what it wants: a call names a session, an id, a tool and an
// input; profile, plan, records and results are the boxer's own.
//
// A caller that breaks the protocol is cut off: its sessions are closed as if it had died.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "box/keeper.h"
#include "box/plan.h"
#include "box/session_store.h"
#include "codec/metrics.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "roles/boxer_session.h"
#include "roles/boxer_settings.h"
#include "roles/call_decision.h"
#include "roles/call_gate.h"
#include "roles/call_record.h"
#include "roles/egress_link.h"
#include "roles/housekeeping.h"
#include "roles/log_client.h"
#include "roles/role_start.h"
#include "roles/workspaces.h"

namespace glovebox::roles {

// What lives outside the boxer; all of it outlives the boxer.
struct BoxerHost {
  const BoxerSettings& settings;
  const box::HostView& view;
  Workspaces& workspaces;
  StartedAs started;
  int sessions_fd;
  int executable;  // of glovebox, for keepers
  const Clock& clock;
  const std::string& keeper_filter;
  const Log& log;
};

// Of a session's folder: the index of the record that closed it the last time.
inline constexpr std::string_view kLastCloseName = "last_close";

// How long what an ended part of a policy gave may live on in a session without calls.
constexpr milliseconds kDayLook{60'000};

class Boxer {
 public:
  // `policy`: of sessions, until the operator gives another.
  Boxer(const BoxerHost& host, ActivePolicy policy);
  ~Boxer();
  Boxer(const Boxer&) = delete;
  Boxer& operator=(const Boxer&) = delete;

  // Serves until the supervisor says stop or is gone, and every session is closed, or only waits
  // for a log that is lost. Errors: the supervisor broke the protocol, or poll failed.
  Result<void> serve(RoleStart start);

 private:
  void caller_arrived(const std::string& name, ipc::Channel channel);
  void caller_gone(std::string_view why);
  void log_gone(std::string_view why);
  void leave_closing(const std::string& name, BoxerSession& session);
  Result<void> read_supervisor(const ipc::Channel& supervisor);
  void read_caller();
  void read_log();
  void read_keeper(const std::string& session);

  Result<void> take_message(ipc::Envelope&& envelope);
  void open_session(const ipc::OpenSession& message);
  void take_call(LiveCall&& call, std::string_view session, std::string_view tool_use);
  void show_plan(const ipc::ShowPlan& message);
  void settle(const ipc::Settled& message);

  void take_steps();
  void take(const Step& step);
  void make_boxes_ahead(const std::string& name, BoxerSession& session);
  void find(const Step& step);
  void decide(const Step& step);
  void ask_record(const Step& step);
  void run(const Step& step);
  void store(const Step& step);
  void deliver(const Step& step);
  void session_step(const Step& step);
  void end_session(const std::string& name);
  Result<void> remove_folder(const std::string& name, const BoxerSession& session) const;

  // Of an open session; what is recorded of one that is gone names the policy of now.
  CallResult result_of(const Step& step, const LiveCall& call) const;
  CallDecision decide_for(const BoxerSession& session, const std::string& tool,
                          const std::vector<std::string>& program,
                          std::optional<milliseconds> time_limit = std::nullopt);
  Result<void> start_keeper(const std::string& name, BoxerSession& session);
  // --- boxer_network.cc
  void drop_keeper(const std::string& name, BoxerSession& session);
  void serve_network(const std::string& name, const BoxerSession& session,
                     box::KeeperEvent&& event);
  void ended_in_network(Ticket ticket, LiveCall& call, CallResult&& result);
  void attend_egress();
  void finish_close(const std::string& name, BoxerSession& session);
  void box_ended(Ticket ticket, LiveCall& call, CallResult&& result);
  void note_refusals(const std::string& session, const std::vector<box::Refusal>& refusals);
  void send_notes();
  void interrupt_running(const std::string& session);
  void note_taken(const std::string& name, std::string_view tool_use,
                  const box::GuardReport& report);
  void sweep_session(const std::string& name, const BoxerSession& session);
  bool sweep_beside(const std::string& name, BoxerSession& session);
  void finish_sweeps();
  void ask_log(audit::RecordKind kind, const std::string& session, codec::JsonObject members);
  void record_end(const std::string& name, const BoxerSession& session);
  // --- boxer_policy.cc
  void obey(const ipc::PolicyOrder& order, const ipc::Channel& supervisor);
  Result<void> take_policy(const std::string& settings);
  void revoke_policy(const std::string& digest);
  std::string count_sessions() const;
  policy::Day today();
  void renew_plans(BoxerSession& session);
  void end_stale_keeper(const std::string& name, BoxerSession& session,
                        std::optional<Ticket> ticket);
  void look_at_day();
  milliseconds day_patience() const;
  policy::AuditLevel level_of(const LiveCall& call) const;
  void count_answer(const LiveCall& call, box::Outcome outcome);
  void count_start(LiveCall& call, box::BoxStart start);
  void answer_operator(const ipc::Observe& question, const ipc::Channel& supervisor);
  void refuse(std::string_view session, std::string_view tool_use, std::string_view message);
  template <class Message>
  void send(const Message& message) {
    if (!caller_.open()) return;
    if (auto sent = caller_.send(Message::kType, message.encode()); !sent)
      caller_gone(sent.error().message());
  }

  std::set<std::string> folders_in_use() const;
  void keep_house();

  BoxerHost host_;
  std::shared_ptr<const ActivePolicy> active_;  // of sessions that are opened from now on
  std::set<std::string> revoked_;               // digests on which none is opened
  policy::Day latest_day_{};                    // days only go forward
  Duration next_day_look_{};
  codec::Metrics numbers_;
  CallGate gate_;
  Housekeeping housekeeping_;
  LogClient log_client_;
  EgressLink egress_;
  ipc::Channel caller_;
  std::map<std::string, BoxerSession> sessions_;
  std::map<Ticket, LiveCall> calls_;
  // Sessions of an earlier caller that are still closing and are wanted again.
  std::map<std::string, ipc::OpenSession> wanted_;
  std::map<std::string, ipc::OpenSession> unsown_;  // whose workspaces get their seed
  bool stopping_ = false;
};

}  // namespace glovebox::roles
