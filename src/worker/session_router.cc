#include "worker/session_router.h"

#include <algorithm>
#include <utility>

namespace glovebox::worker {

namespace {
bool is_call(EventKind kind) {
  return kind == EventKind::tool_use || kind == EventKind::custom_tool_use;
}
// Events that leave the idle countdown alone.
bool is_neutral(EventKind kind) {
  return kind == EventKind::confirmation || kind == EventKind::thread_terminated;
}
}  // namespace

SessionRouter::SessionRouter(std::set<std::string, std::less<>> tools, Duration max_idle)
    : tools_(std::move(tools)), max_idle_(max_idle) {}

// Notes what an event says about calls; decides nothing.
void SessionRouter::record(const SessionEvent& event) {
  switch (event.kind) {
    case EventKind::tool_use:
    case EventKind::custom_tool_use:
      remember(event);
      break;
    case EventKind::tool_result:
      answer(event.call);
      break;
    case EventKind::confirmation:
      verdicts_.insert_or_assign(event.call, event.confirmed);
      break;
    case EventKind::thread_terminated:
      dead_threads_.insert(event.thread);
      break;
    case EventKind::session_ended:
      ended_ = true;
      break;
    default:
      break;
  }
}

SessionRouter::Entry* SessionRouter::remember(const SessionEvent& event) {
  auto [place, added] = calls_.try_emplace(event.id);
  if (!added) return nullptr;
  order_.push_back(event.id);
  Entry& entry = place->second;
  entry.call = {event.id, event.name, event.input, event.thread,
                event.kind == EventKind::tool_use ? ToolCall::Kind::tool : ToolCall::Kind::custom};
  entry.permission = event.permission;
  if (answered_.contains(event.id)) entry.state = State::answered;
  return &entry;
}

void SessionRouter::answer(std::string_view call) {
  answered_.emplace(call);
  const auto place = calls_.find(call);
  // A call that runs stays so until finished(): its process is still there.
  if (place != calls_.end() && place->second.state != State::running)
    place->second.state = State::answered;
}

void SessionRouter::route(Entry& entry, std::vector<Action>& out) {
  const ToolCall& call = entry.call;
  const auto to = [&](State state, Action::Kind kind) {
    entry.state = state;
    out.push_back({kind, call});
  };
  if (dead_threads_.contains(call.thread)) return to(State::dropped, Action::Kind::drop);
  if (entry.permission == Permission::deny) return to(State::denied, Action::Kind::deny);
  const auto verdict = verdicts_.find(call.id);
  const bool has_verdict = verdict != verdicts_.end();
  if (has_verdict && !verdict->second) return to(State::denied, Action::Kind::deny);
  if (!has_verdict && entry.permission == Permission::ask) {
    if (entry.state != State::held) to(State::held, Action::Kind::hold);
    return;
  }
  if (!tools_.contains(call.name)) {
    if (has_verdict) arm_pending_ = false;
    return to(State::left, Action::Kind::leave);
  }
  ++calls_run_;
  to(State::running, Action::Kind::run);
}

void SessionRouter::reroute_held(std::vector<Action>& out) {
  for (const std::string& id : order_) {
    Entry& entry = calls_.find(id)->second;
    if (entry.state == State::held) route(entry, out);
  }
}

std::vector<Action> SessionRouter::live(const SessionEvent& event, Duration now) {
  std::vector<Action> out;
  if (ended_) return out;
  if (!event.id.empty() && !seen_.insert(event.id).second) return out;

  if (!is_neutral(event.kind)) {
    disarm();
    history_in_doubt_ = false;
  } else if (event.kind == EventKind::thread_terminated && history_in_doubt_) {
    disarm();
  }

  if (is_call(event.kind)) {
    Entry* entry = remember(event);
    if (entry && entry->state == State::waiting) route(*entry, out);
    return out;
  }
  record(event);
  switch (event.kind) {
    case EventKind::session_ended:
      out.push_back({Action::Kind::end, {}});
      break;
    case EventKind::confirmation:
    case EventKind::thread_terminated:
      reroute_held(out);
      break;
    case EventKind::interrupt:
      for (const std::string& id : running()) {
        const ToolCall& call = calls_.find(id)->second.call;
        if (event.thread.empty() || event.thread == call.thread)
          out.push_back({Action::Kind::cancel, call});
      }
      break;
    case EventKind::idle:
      if (!event.requires_action) arm(now);
      look_for_missed(event);
      break;
    default:
      break;
  }
  unblock(now);
  return out;
}

void SessionRouter::look_for_missed(const SessionEvent& idle) {
  const bool missed = std::ranges::any_of(
      idle.waits_for, [&](const std::string& id) { return !seen_.contains(id); });
  if (!missed) {
    misses_ = 0;
  } else if (misses_ < kMostMisses) {
    ++misses_;
    wants_history_ = true;
  }
}

std::vector<Action> SessionRouter::history(std::span<const SessionEvent> events, Duration now) {
  std::vector<Action> out;
  const SessionEvent* last = nullptr;
  const SessionEvent* last_idle = nullptr;
  wants_history_ = false;
  for (const SessionEvent& event : events) {
    if (!event.id.empty()) seen_.insert(event.id);
    record(event);
    if (!is_neutral(event.kind)) last = &event;
    if (event.kind == EventKind::idle) last_idle = &event;
  }
  if (last_idle) look_for_missed(*last_idle);
  history_in_doubt_ = false;
  disarm();
  if (ended_) {
    out.push_back({Action::Kind::end, {}});
    return out;
  }
  for (const std::string& id : order_) {
    Entry& entry = calls_.find(id)->second;
    const bool open = entry.state == State::waiting || entry.state == State::unposted ||
                      entry.state == State::held;
    if (open) route(entry, out);
  }
  // What runs from here on holds the countdown back until it is answered, like what is held.
  const bool has_left = std::ranges::any_of(
      calls_, [](const auto& pair) { return pair.second.state == State::left; });
  if (last && last->kind == EventKind::idle && !last->requires_action && !has_left) arm(now);
  return out;
}

bool SessionRouter::wants_result(std::string_view call) const {
  return !answered_.contains(call);
}

void SessionRouter::finished(std::string_view call, PostOutcome outcome, Duration now) {
  const auto place = calls_.find(call);
  if (place == calls_.end() || place->second.state != State::running) return;
  if (outcome == PostOutcome::settled) answered_.emplace(call);
  place->second.state = answered_.contains(call) ? State::answered : State::unposted;
  if (place->second.state == State::unposted) wants_history_ = true;
  unblock(now);
}

std::vector<std::string> SessionRouter::running() const {
  std::vector<std::string> ids;
  for (const std::string& id : order_)
    if (calls_.find(id)->second.state == State::running) ids.push_back(id);
  return ids;
}

bool SessionRouter::blocked() const {
  return std::ranges::any_of(calls_, [](const auto& pair) {
    return pair.second.state == State::running || pair.second.state == State::held;
  });
}

void SessionRouter::arm(Duration now) {
  if (max_idle_ <= Duration::zero()) return;
  if (blocked()) {
    arm_pending_ = true;
    return;
  }
  idle_at_ = now + max_idle_;
}

void SessionRouter::disarm() {
  idle_at_.reset();
  arm_pending_ = false;
}

void SessionRouter::unblock(Duration now) {
  if (!arm_pending_ || blocked()) return;
  arm_pending_ = false;
  arm(now);
}

}  // namespace glovebox::worker
