// What the supervisor orders about policies, and what a policy is on the day of a call.
#include <algorithm>
#include <string>
#include <utility>

#include "codec/json.h"
#include "roles/boxer.h"

namespace glovebox::roles {

// --- orders

void Boxer::obey(const ipc::PolicyOrder& order, const ipc::Channel& supervisor) {
  ipc::PolicyReport report;
  report.ticket = order.ticket;
  switch (order.act) {
    case ipc::PolicyAct::take:
      if (auto taken = take_policy(order.subject); !taken) report.problem = taken.error().message();
      break;
    case ipc::PolicyAct::revoke:
      report.sessions = count_sessions();  // before they end
      revoke_policy(order.subject);
      break;
    case ipc::PolicyAct::count:
      break;
  }
  if (report.sessions.empty()) report.sessions = count_sessions();
  // One that is gone ends the boxer by itself.
  (void)supervisor.send(ipc::PolicyReport::kType, report.encode());
}

// Sessions that are open keep the policy that they were opened with.
Result<void> Boxer::take_policy(const std::string& settings) {
  const auto document = TRY(codec::parse_json(settings));
  const auto read = TRY(BoxerSettings::from_json(document));
  active_ =
      std::make_shared<const ActivePolicy>(TRY(activate_policy(read, today(), active_.get())));
  revoked_.erase(active_->digest);
  return {};
}

void Boxer::revoke_policy(const std::string& digest) {
  revoked_.insert(digest);
  for (auto& [name, session] : sessions_) {
    if (session.policy->digest != digest || session.revoked) continue;
    session.revoked = true;
    session.close_reason = "its policy was revoked";
    // Not found: it ends already.
    (void)gate_.close_session(name, CancelReason::cancelled);
  }
}

std::string Boxer::count_sessions() const {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [name, session] : sessions_) ++counts[session.policy->digest];
  codec::JsonObject object;
  for (const auto& [digest, count] : counts) object.set(digest, count);
  return codec::to_json(std::move(object));
}

// --- the day

policy::Day Boxer::today() {
  latest_day_ = std::max(latest_day_, day_of(host_.clock.wall()));
  return latest_day_;
}

void Boxer::renew_plans(BoxerSession& session) {
  const policy::Policy* now = &session.policy->calendar.on(today());
  if (std::exchange(session.plans_of, now) == now) return;
  session.plans.clear();
  session.stale_keeper = session.keeper.has_value();
}

// Boxes that wait, and what earlier calls left running, have the walls of an earlier day. `ticket`
// is about to run and holds nobody up.
void Boxer::end_stale_keeper(const std::string& name, BoxerSession& session,
                             std::optional<Ticket> ticket) {
  if (!session.stale_keeper) return;
  const bool busy = std::ranges::any_of(calls_, [&](const auto& entry) {
    return ticket != entry.first && entry.second.session == name &&
           entry.second.box != LiveCall::InBox::no;
  });
  if (busy) return;
  session.stale_keeper = false;
  if (!session.keeper) return;
  const box::KeeperParting parting = session.keeper->end();
  session.background_ended += parting.background;
  note_refusals(name, parting.refusals);
  drop_keeper(name, session);
}

// Also where no call comes any more: what ended with a day does not outlive it by much.
void Boxer::look_at_day() {
  const Duration now = host_.clock.monotonic();
  if (now < next_day_look_) return;
  next_day_look_ = now + kDayLook;
  for (auto& [name, session] : sessions_) {
    if (!session.keeper || session.policy->calendar.turns().size() == 1) continue;
    renew_plans(session);
    end_stale_keeper(name, session, std::nullopt);
  }
}

// Until look_at_day() may have something to do; less than nothing: only after something else.
milliseconds Boxer::day_patience() const {
  const bool may_end = std::ranges::any_of(sessions_, [](const auto& entry) {
    return entry.second.keeper && entry.second.policy->calendar.turns().size() > 1;
  });
  if (!may_end) return milliseconds(-1);
  const Duration left = next_day_look_ - host_.clock.monotonic();
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
}

policy::AuditLevel Boxer::level_of(const LiveCall& call) const {
  const auto session = sessions_.find(call.session);
  const ActivePolicy& active = session == sessions_.end() ? *active_ : *session->second.policy;
  std::string profile;
  if (call.plan)
    profile = call.plan->plan().profile;
  else if (call.denial)
    profile = call.denial->profile;
  return audit_level(active.calendar.on(latest_day_), profile);
}

}  // namespace glovebox::roles
