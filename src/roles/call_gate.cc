#include "roles/call_gate.h"

#include <algorithm>
#include <utility>

namespace glovebox::roles {

CallGate::Call* CallGate::call(Ticket ticket, Phase expected) {
  const auto at = calls_.find(ticket);
  return at != calls_.end() && at->second.phase == expected ? &at->second : nullptr;
}

void CallGate::emit(Step::Kind kind, Ticket ticket, const Call& call) {
  steps_.push_back({kind, ticket, call.session, call.tool_use, call.ending, call.reason});
}

void CallGate::emit(Step::Kind kind, const std::string& session) {
  steps_.push_back({kind, 0, session, "", Ending::own, CancelReason::none});
}

std::vector<Step> CallGate::take_steps() {
  return std::exchange(steps_, {});
}

bool CallGate::runs_anything() const {
  return std::ranges::any_of(calls_, [](const auto& entry) {
    return entry.second.phase == Phase::running || entry.second.phase == Phase::abandoned ||
           entry.second.box == Box::ending;
  });
}

// --- sessions

Result<void> CallGate::open_session(const std::string& session) {
  if (!log_ok_) return Error(ErrorKind::io, "the audit log cannot be written");
  if (sessions_.contains(session)) return Error(ErrorKind::exists, "the session is open already");
  if (sessions_.size() >= kMaxSessions) return Error(ErrorKind::limit, "too many sessions");
  sessions_.emplace(session, Session{});
  emit(Step::Kind::ask_open, session);
  return {};
}

Result<void> CallGate::close_session(const std::string& session, CancelReason reason) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end() || at->second.phase == SessionPhase::emptying ||
      at->second.phase == SessionPhase::closing)
    return Error(ErrorKind::not_found, "the session is not open");
  const bool opening = at->second.phase == SessionPhase::opening;
  at->second.phase = SessionPhase::emptying;
  const std::deque<Ticket> order = at->second.order;
  for (Ticket ticket : order) cancel_call(ticket, reason);
  // While its session.open is on its way the close has to wait for it.
  if (!opening) advance(session);
  return {};
}

void CallGate::session_recorded(const std::string& session) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return;
  Session& state = at->second;
  switch (state.phase) {
    case SessionPhase::opening:
      state.phase = SessionPhase::open;
      emit(Step::Kind::opened, session);
      return;
    case SessionPhase::emptying:
      return advance(session);
    case SessionPhase::closing:
      sessions_.erase(at);
      return emit(Step::Kind::closed, session);
    case SessionPhase::open:
      return;
  }
}

void CallGate::peer_gone() {
  std::vector<std::string> names;
  for (auto& [name, session] : sessions_) {
    session.orphaned = true;
    names.push_back(name);
  }
  for (const std::string& name : names) (void)close_session(name, CancelReason::interrupted);
}

// --- order

bool CallGate::may_start(const Session& session, std::size_t position) const {
  const Call& candidate = calls_.at(session.order[position]);
  if (candidate.mode == CallMode::writes) return position == 0;
  std::size_t active = 0;
  for (std::size_t i = 0; i < position; ++i) {
    const Call& earlier = calls_.at(session.order[i]);
    if (earlier.mode == CallMode::writes || earlier.phase == Phase::waiting) return false;
    ++active;
  }
  return active < kMaxReaders;
}

Ticket CallGate::startable(const Session& session) const {
  for (std::size_t i = 0; i < session.order.size(); ++i) {
    if (calls_.at(session.order[i]).phase != Phase::waiting) continue;
    return may_start(session, i) ? session.order[i] : 0;
  }
  return 0;
}

void CallGate::start(Ticket ticket) {
  Call& next = calls_.at(ticket);
  next.phase = Phase::deciding;
  next.in_slot = true;
  ++taken_;
  emit(Step::Kind::decide, ticket, next);
}

// One call for each session in turn, until nobody waits or nothing is free.
void CallGate::hand_out_slots() {
  while (log_ok_ && taken_ < slots_ && !queue_.empty()) {
    const std::string name = std::move(queue_.front());
    queue_.pop_front();
    const auto at = sessions_.find(name);
    if (at == sessions_.end()) continue;
    at->second.queued = false;
    const Ticket next = startable(at->second);
    if (next == 0) continue;
    start(next);
    if (startable(at->second) == 0) continue;
    at->second.queued = true;
    queue_.push_back(name);
  }
}

void CallGate::advance(const std::string& name) {
  const auto at = sessions_.find(name);
  if (at == sessions_.end()) return hand_out_slots();
  Session& session = at->second;
  if (!session.queued && startable(session) != 0) {
    session.queued = true;
    queue_.push_back(name);
  }
  hand_out_slots();
  if (session.phase == SessionPhase::emptying && session.order.empty() && log_ok_) {
    session.phase = SessionPhase::closing;
    emit(Step::Kind::ask_close, name);
  }
}

// --- calls

Result<Ticket> CallGate::receive(const std::string& session, const std::string& tool_use,
                                 CallMode mode) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end() || at->second.phase != SessionPhase::open)
    return Error(ErrorKind::not_found, "the session is not open");
  if (by_tool_use_.contains(tool_use))
    return Error(ErrorKind::exists, "the call is in flight already");
  if (at->second.order.size() >= kMaxCallsOfSession)
    return Error(ErrorKind::limit, "too many calls wait in this session");
  const Ticket ticket = next_++;
  calls_.emplace(ticket, Call{session, tool_use, mode});
  by_tool_use_.emplace(tool_use, ticket);
  at->second.order.push_back(ticket);
  if (log_ok_)
    advance(session);
  else
    finish(ticket, Ending::not_recorded);
  return ticket;
}

void CallGate::finish(Ticket ticket, Ending ending) {
  const auto at = calls_.find(ticket);
  if (at->second.box == Box::ending) {
    at->second.phase = Phase::ending;
    at->second.ending = ending;
    return;
  }
  Call ended = std::move(at->second);
  calls_.erase(at);
  by_tool_use_.erase(ended.tool_use);
  ended.ending = ending;
  if (ended.in_slot) --taken_;
  const auto session = sessions_.find(ended.session);
  bool heard = false;
  if (session != sessions_.end()) {
    std::erase(session->second.order, ticket);
    heard = !session->second.orphaned;
  }
  emit(heard ? Step::Kind::deliver : Step::Kind::drop, ticket, ended);
  advance(ended.session);
}

void CallGate::found(Ticket ticket, LogKnows log, StoredHere stored) {
  if (Call* checked = call(ticket, Phase::checking)) {
    if (log == LogKnows::intent) {
      checked->phase = Phase::marking;
      return emit(Step::Kind::ask_orphan, ticket, *checked);
    }
    calls_.erase(ticket);
    return;
  }
  if (Call* doubted = call(ticket, Phase::in_doubt)) {
    if (log == LogKnows::end) return finish(ticket, doubted->ending);
    doubted->phase = Phase::resulting;
    return emit(Step::Kind::ask_result, ticket, *doubted);
  }
  Call* known = call(ticket, Phase::intending);
  if (known == nullptr) known = call(ticket, Phase::denying);
  if (known == nullptr || log == LogKnows::nothing) return;
  if (log == LogKnows::end)
    return finish(ticket, stored == StoredHere::yes ? Ending::stored : Ending::settled);
  if (stored == StoredHere::yes) {  // it ended, but the record of that was lost
    known->ending = Ending::stored;
    known->phase = Phase::resulting;
    return emit(Step::Kind::ask_result, ticket, *known);
  }
  known->ending = Ending::interrupted;
  known->phase = Phase::storing;
  emit(Step::Kind::store, ticket, *known);
}

void CallGate::decided(Ticket ticket, Decided decision) {
  Call* decided = call(ticket, Phase::deciding);
  if (decided == nullptr) return;
  decided->phase = decision == Decided::allow ? Phase::intending : Phase::denying;
  emit(decision == Decided::allow ? Step::Kind::ask_intent : Step::Kind::ask_deny, ticket,
       *decided);
}

void CallGate::deny_cancelled(Ticket ticket, Call& call) {
  call.ending = Ending::cancelled;
  call.phase = Phase::denying;
  emit(Step::Kind::ask_deny, ticket, call);
}

void CallGate::recorded(Ticket ticket, Recorded outcome) {
  const auto at = calls_.find(ticket);
  if (at == calls_.end()) return;
  Call& call = at->second;
  const bool refused = outcome == Recorded::refused;
  switch (call.phase) {
    case Phase::denying:
      return finish(ticket, refused ? Ending::not_recorded : call.ending);
    case Phase::intending:
      if (refused) return finish(ticket, Ending::not_recorded);
      if (call.reason == CancelReason::none) {
        call.phase = Phase::running;
        return emit(Step::Kind::run, ticket, call);
      }
      call.ending =
          call.reason == CancelReason::interrupted ? Ending::interrupted : Ending::cancelled;
      call.phase = Phase::storing;
      return emit(Step::Kind::store, ticket, call);
    case Phase::resulting:
      return finish(ticket, refused ? Ending::not_recorded : call.ending);
    case Phase::orphaning:
      // Refused: the intent belongs to another session.
      if (refused) emit(Step::Kind::forget, ticket, call);
      return finish(ticket, refused ? Ending::settled : call.ending);
    case Phase::marking:
      calls_.erase(at);
      return;
    default:
      return;
  }
}

void CallGate::ran(Ticket ticket, Box box) {
  if (Call* abandoned = call(ticket, Phase::abandoned)) {
    abandoned->box = box;
    return finish(ticket, Ending::not_recorded);
  }
  Call* ran = call(ticket, Phase::running);
  if (ran == nullptr) return;
  ran->box = box;
  if (ran->reason == CancelReason::interrupted) ran->ending = Ending::interrupted;
  ran->phase = Phase::storing;
  emit(Step::Kind::store, ticket, *ran);
}

void CallGate::ended(Ticket ticket) {
  const auto at = calls_.find(ticket);
  if (at == calls_.end() || at->second.box == Box::ended) return;
  Call& ended = at->second;
  ended.box = Box::ended;
  if (ended.phase != Phase::ending) return;
  if (!ended.is_stored) return finish(ticket, ended.ending);
  record_end(ticket, ended);
}

bool CallGate::keeps_result(Ticket ticket) const {
  const auto at = calls_.find(ticket);
  if (at == calls_.end() || at->second.is_orphan) return false;
  return at->second.phase == Phase::ending && at->second.is_stored;
}

void CallGate::not_kept(Ticket ticket) {
  if (!keeps_result(ticket)) return;
  Call& call = calls_.at(ticket);
  call.ending = Ending::not_recorded;
  call.is_orphan = true;
}

void CallGate::stored(Ticket ticket, Kept kept) {
  Call* stored = call(ticket, Phase::storing);
  if (stored == nullptr) return;
  // An intent of an earlier process has no result to record: it is marked as orphan. So is a call
  // whose result could not be kept, since it could not be delivered again.
  const bool earlier =
      stored->ending == Ending::interrupted && stored->reason == CancelReason::none;
  if (kept == Kept::no) stored->ending = Ending::not_recorded;
  stored->is_orphan = earlier || kept == Kept::no;
  stored->is_stored = true;
  if (stored->box == Box::ended) return record_end(ticket, *stored);
  stored->phase = Phase::ending;
}

void CallGate::record_end(Ticket ticket, Call& call) {
  call.phase = call.is_orphan ? Phase::orphaning : Phase::resulting;
  emit(call.is_orphan ? Step::Kind::ask_orphan : Step::Kind::ask_result, ticket, call);
}

// --- cancelling

Result<void> CallGate::cancel(const std::string& session, const std::string& tool_use,
                              CancelReason reason) {
  const auto at = by_tool_use_.find(tool_use);
  if (at == by_tool_use_.end() || calls_.at(at->second).session != session)
    return Error(ErrorKind::not_found, "no such call is in flight");
  cancel_call(at->second, reason);
  return {};
}

void CallGate::cancel_call(Ticket ticket, CancelReason reason) {
  Call& call = calls_.at(ticket);
  if (call.reason != CancelReason::none) return;  // the first reason stands
  call.reason = reason;
  if (call.phase == Phase::running || call.box == Box::ending)
    return emit(Step::Kind::stop, ticket, call);
  if (call.phase != Phase::waiting) return;  // the next event of the call sees the reason
  if (reason == CancelReason::interrupted) return finish(ticket, Ending::interrupted);
  deny_cancelled(ticket, call);
}

// --- the log

void CallGate::abandon(Ticket ticket) {
  Call& call = calls_.at(ticket);
  if (call.box == Box::ending) emit(Step::Kind::stop, ticket, call);
  switch (call.phase) {
    case Phase::running:
      unsure_.push_back({call.session, call.tool_use});
      call.phase = Phase::abandoned;
      return emit(Step::Kind::stop, ticket, call);
    case Phase::abandoned:
    case Phase::in_doubt:
      return;
    case Phase::ending:
      if (!call.is_stored) return;
      call.is_stored = false;
      call.ending = Ending::not_recorded;
      unsure_.push_back({call.session, call.tool_use});
      return emit(Step::Kind::forget, ticket, call);
    case Phase::resulting:
      call.phase = Phase::in_doubt;
      return;
    case Phase::checking:
    case Phase::marking:
      unsure_.push_back({call.session, call.tool_use});
      calls_.erase(ticket);
      return;
    case Phase::storing:
    case Phase::orphaning:
      emit(Step::Kind::forget, ticket, call);
      [[fallthrough]];
    case Phase::intending:
      unsure_.push_back({call.session, call.tool_use});
      [[fallthrough]];
    default:
      return finish(ticket, Ending::not_recorded);
  }
}

void CallGate::log_lost() {
  if (!std::exchange(log_ok_, false)) return;
  std::vector<Ticket> tickets;
  tickets.reserve(calls_.size());
  for (const auto& [ticket, call] : calls_) tickets.push_back(ticket);
  for (Ticket ticket : tickets) abandon(ticket);
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    if (at->second.phase == SessionPhase::opening) {
      emit(Step::Kind::not_opened, at->first);
      at = sessions_.erase(at);
      continue;
    }
    if (at->second.phase == SessionPhase::closing) at->second.phase = SessionPhase::emptying;
    ++at;
  }
}

void CallGate::log_back() {
  if (std::exchange(log_ok_, true)) return;
  for (const auto& [ticket, call] : calls_)
    if (call.phase == Phase::in_doubt) emit(Step::Kind::find, ticket, call);
  for (Unsure& unsure : std::exchange(unsure_, {})) {
    const Ticket ticket = next_++;
    Call& call = calls_[ticket];
    call.session = std::move(unsure.session);
    call.tool_use = std::move(unsure.tool_use);
    call.phase = Phase::checking;
    emit(Step::Kind::find, ticket, call);
  }
  std::vector<std::string> names;
  names.reserve(sessions_.size());
  for (const auto& [name, session] : sessions_) names.push_back(name);
  for (const std::string& name : names) advance(name);
}

}  // namespace glovebox::roles
