#include "worker/session_run.h"

#include <utility>
#include <vector>

namespace glovebox::worker {

namespace {

constexpr seconds kInOrderFor{5};

std::string error_content(const ToolCall& call, std::string_view message) {
  return codec::to_json(codec::Json(call.name + ": " + std::string(message)));
}

std::string_view word(Action::Kind kind) {
  switch (kind) {
    case Action::Kind::run:
      return "run";
    case Action::Kind::hold:
      return "held for a confirmation";
    case Action::Kind::deny:
      return "denied by the control plane";
    case Action::Kind::drop:
      return "dropped, its thread is gone";
    case Action::Kind::leave:
      return "left, no tool of that name here";
    case Action::Kind::cancel:
      return "cancelled by an interrupt";
    case Action::Kind::end:
      return "the session ended";
  }
  return "";
}

}  // namespace

SessionRun::SessionRun(net::Loop& loop, const Log& log, Random& random, ItemAccess& item,
                       BoxerLink& boxer, const RunSettings& settings)
    : loop_(loop),
      log_(log),
      random_(random),
      item_(item),
      boxer_(boxer),
      settings_(settings),
      router_(settings.tools, settings.max_idle),
      incoming_(loop),
      reader_(loop, log, random, item, incoming_),
      calls_(loop) {}

net::Task<std::string> SessionRun::run() {
  net::CancelSource reading;
  net::TaskGroup reader_task(loop_);
  reader_task.spawn(reader_.run({.token = reading.token()}));
  std::string reason = co_await follow();
  reading.cancel();
  co_await finish_calls();
  (void)co_await reader_task.wait();
  co_return reason;
}

net::Task<std::string> SessionRun::follow() {
  while (true) {
    auto taken = co_await incoming_.take({router_.idle_at(), item_.stopping.token()});
    if (!taken) {
      if (taken.error().kind() == ErrorKind::timeout) co_return "idle";
      co_return item_.verdict == LeaseVerdict::keep ? "shutdown" : "lease over";
    }
    if (!*taken) co_return "closed";
    const Incoming& incoming = **taken;
    switch (incoming.kind) {
      case Incoming::Kind::history:
        act(router_.history(incoming.events, loop_.now()));
        break;
      case Incoming::Kind::history_failed:
        router_.history_failed();
        break;
      case Incoming::Kind::live:
        for (const SessionEvent& event : incoming.events) act(router_.live(event, loop_.now()));
        break;
      case Incoming::Kind::call_finished:
        break;
      case Incoming::Kind::failed:
        co_return incoming.reason;
    }
    settle_kept();
    if (router_.take_wants_history()) {
      log_.info("the history is to be read again", {{"session", item_.item.target}});
      reader_.attach_again();
    }
    if (router_.ended()) co_return "terminated";
  }
}

// Running calls: at a shutdown they may finish for a while; whatever is left is cancelled and
// answered with what it has.
net::Task<void> SessionRun::finish_calls() {
  const bool draining = item_.stopping.cancelled() && item_.verdict == LeaseVerdict::keep;
  if (draining) {
    (void)co_await calls_.wait({loop_.now() + settings_.drain, item_.lease_over.token()});
    cancel_running(CancelReason::shutting_down);
  } else {
    cancel_running(CancelReason::called_off);
  }
  (void)co_await calls_.wait({.deadline = loop_.now() + settings_.teardown});
  calls_off_.cancel();
  (void)co_await calls_.wait();
}

// What an earlier worker posted without living to tell the boxer.
void SessionRun::settle_kept() {
  for (const std::string& call : boxer_.kept(item_.item.target))
    if (!router_.wants_result(call)) boxer_.settled(item_.item.target, call);
}

void SessionRun::cancel_running(CancelReason reason) {
  for (const std::string& call : router_.running()) boxer_.cancel(item_.item.target, call, reason);
}

void SessionRun::act(const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    const ToolCall& call = action.call;
    log_.info(word(action.kind),
              {{"session", item_.item.target}, {"call", call.id}, {"tool", call.name}});
    if (action.kind == Action::Kind::run) calls_.spawn(answer(call));
    if (action.kind == Action::Kind::cancel)
      boxer_.cancel(item_.item.target, call.id, CancelReason::called_off);
  }
}

net::Task<void> SessionRun::answer(ToolCall call) {
  const std::string session = item_.item.target;
  ipc::Call message;
  message.session = session;
  message.tool_use = call.id;
  message.tool = call.name;
  message.input = call.input;
  const auto done = co_await boxer_.call(std::move(message), {.token = calls_off_.token()});

  PostOutcome outcome = PostOutcome::settled;
  if (done) {
    if (router_.wants_result(call.id))
      outcome = co_await post(call, done->content,
                              done->is_error ? ResultKind::error : ResultKind::success);
    if (outcome == PostOutcome::settled) boxer_.settled(session, call.id);
    log_.info("answered", {{"session", session},
                           {"call", call.id},
                           {"tool", call.name},
                           {"outcome", done->outcome},
                           {"record", static_cast<std::int64_t>(done->index)},
                           {"ms", done->wall_us / 1000}});
  } else if (done.error().kind() == ErrorKind::cancelled) {
    outcome = PostOutcome::unposted;
  } else if (done.error().kind() != ErrorKind::exists) {
    log_.warning("refused by the boxer",
                 {{"session", session}, {"call", call.id}, {"why", done.error().message()}});
    if (router_.wants_result(call.id))
      outcome = co_await post(call, error_content(call, done.error().message()), ResultKind::error);
  }
  router_.finished(call.id, outcome, loop_.now());
  incoming_.push({Incoming::Kind::call_finished, {}, {}});
}

net::Task<PostOutcome> SessionRun::post(const ToolCall& call, std::string content,
                                        ResultKind kind) {
  const std::string body = result_body(call, content, kind);
  ResultPost schedule(loop_.now(), item_.lease.ttl());
  const net::Patience patience{.token = calls_off_.token()};
  // Results leave in the order in which they came; one that has to be tried again holds up nobody.
  const auto tried = std::make_shared<net::Event>(loop_);
  if (const auto before = std::exchange(latest_post_, tried))
    (void)co_await before->wait({loop_.now() + kInOrderFor, calls_off_.token()});
  struct Turn {
    net::Event& tried;
    ~Turn() { tried.set(); }
  } const turn{*tried};
  while (item_.verdict != LeaseVerdict::lost && router_.wants_result(call.id)) {
    const auto response =
        co_await item_.plane->send_events(item_.item.target, body, item_.access(), patience);
    if (!response && response.error().kind() == ErrorKind::cancelled) break;
    tried->set();
    const auto status = response ? std::optional<int>(response->status) : std::nullopt;
    const std::string answer =
        response ? to_string(api_error_of(*response)) : response.error().message();
    const Duration asked = response ? item_.plane->asked_wait(response->fields) : Duration::zero();
    schedule.set_window(item_.lease.ttl());
    switch (schedule.answered(status, asked, random_, loop_.now())) {
      case ResultPost::Step::posted:
        co_return PostOutcome::settled;
      case ResultPost::Step::refused:
        log_.warning("the control plane does not take a result",
                     {{"session", item_.item.target}, {"call", call.id}, {"answer", answer}});
        co_return PostOutcome::settled;
      case ResultPost::Step::gave_up:
        log_.error("a result could not be posted, it is kept",
                   {{"session", item_.item.target}, {"call", call.id}, {"answer", answer}});
        co_return PostOutcome::unposted;
      case ResultPost::Step::retry:
        if (item_.vitals) item_.vitals->numbers.add(codec::Metric::result_post_retries_total);
        log_.warning("posting a result again",
                     {{"session", item_.item.target}, {"call", call.id}, {"answer", answer}});
        if (!co_await loop_.sleep(schedule.wait(), patience)) co_return PostOutcome::unposted;
    }
  }
  co_return router_.wants_result(call.id) ? PostOutcome::unposted : PostOutcome::settled;
}

}  // namespace glovebox::worker
