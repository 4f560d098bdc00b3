#include "worker/boxer_link.h"

#include <algorithm>
#include <format>
#include <iterator>

#include "ipc/wire.h"

namespace glovebox::worker {

namespace {

constexpr std::size_t kMaxReason = 1024;

// What the control plane names must fit into a message: one that the boxer cannot read would cost
// every session the connection.
Result<void> check_name(std::string_view what, std::string_view name) {
  if (name.size() <= ipc::kMaxName) return {};
  return Error(ErrorKind::denied, std::format("{} is longer than {} bytes", what, ipc::kMaxName));
}

// Of the outcomes of box/outcome.h those that only a call in a box can have.
bool had_a_box(const ipc::CallDone& done) {
  constexpr std::string_view kOutcomes[] = {"finished",      "signalled", "timed_out",
                                            "memory_limit",  "cpu_limit", "disk_limit",
                                            "forbidden_call"};
  return done.wall_us > 0 &&
         std::ranges::find(kOutcomes, done.outcome) != std::ranges::end(kOutcomes);
}

Result<void> check_open(const ipc::OpenSession& message) {
  TRY(check_name("the session's id", message.session));
  TRY(check_name("the environment's id", message.environment));
  TRY(check_name("the agent's id", message.agent));
  return check_name("the work item's id", message.work);
}

Result<void> check_call(const ipc::Call& call) {
  TRY(check_name("the call's id", call.tool_use));
  TRY(check_name("the tool's name", call.tool));
  if (call.input.size() > ipc::kMaxBlob)
    return Error(ErrorKind::denied,
                 std::format("the input is longer than {} bytes", ipc::kMaxBlob));
  return {};
}

}  // namespace

BoxerLink::BoxerLink(net::Loop& loop, const Log& log, Duration patience)
    : loop_(loop), log_(log), attached_(loop), abandoned_(loop), boxer_patience_(patience) {}

void BoxerLink::attach(ipc::Channel channel) {
  lose("replaced");
  channel_ = std::move(channel);
  ++generation_;
  attached_.set();
}

// Everything the old connection owed is asked for again by whoever waits for it.
void BoxerLink::lose(std::string_view why) {
  if (!channel_.open()) return;
  log_.warning("the connection to the boxer ended", {{"why", why}});
  lost_.push_back(std::exchange(channel_, {}));
  reading_.cancel();
  attached_.clear();
  for (const auto& [key, pending] : std::exchange(pending_, {})) pending->done.set();
  for (const auto& [id, session] : sessions_) session->changed.set();
}

template <class Message>
bool BoxerLink::send(const Message& message) {
  if (!channel_.open()) return false;
  const auto sent = channel_.send(Message::kType, message.encode());
  if (!sent) lose(sent.error().message());
  return sent.has_value();
}

net::Task<void> BoxerLink::serve(net::Patience patience) {
  while (!patience.token.cancelled()) {
    lost_.clear();
    if (!co_await attached_.wait(patience.no_later_than(loop_.now() + boxer_patience_))) {
      if (!patience.token.cancelled()) abandoned_.set();
      co_return;
    }
    reading_ = net::CancelSource(patience.token);
    const std::uint64_t generation = generation_;
    const auto ready = co_await loop_.readable(channel_.fd(), {.token = reading_.token()});
    if (patience.token.cancelled()) co_return;
    if (generation != generation_ || !channel_.open()) continue;
    if (!ready) {
      lose(ready.error().message());
      continue;
    }
    auto message = channel_.receive();
    if (!message) {
      lose(message.error().message());
    } else if (!*message) {
      lose("closed");
    } else {
      take(**message);
    }
  }
}

void BoxerLink::take(const ipc::Envelope& envelope) {
  if (!ipc::accepts(ipc::Connection::worker_of_boxer, envelope.type))
    return lose("a message that the boxer may not send");
  const auto session_of = [&](const std::string& id) -> Session* {
    const auto place = sessions_.find(id);
    return place == sessions_.end() ? nullptr : place->second.get();
  };
  const auto finish = [&](const Key& key, Result<ipc::CallDone> answer) {
    const auto place = pending_.find(key);
    if (place == pending_.end()) return;
    place->second->answer.emplace(std::move(answer));
    place->second->done.set();
    pending_.erase(place);
  };
  switch (envelope.type) {
    case ipc::SessionOpened::kType: {
      auto message = ipc::SessionOpened::decode(envelope.body);
      if (!message) return lose(message.error().message());
      if (Session* session = session_of(message->session)) {
        session->opened_by = generation_;
        session->closed = false;
        session->kept = std::move(message->kept);
        session->changed.set();
        for (const std::string& call : std::exchange(session->unsettled, {}))
          settled(message->session, call);
      } else {  // whoever wanted it has given up meanwhile: it must not stay open
        ipc::CloseSession close;
        close.session = message->session;
        close.reason = "nobody waits for it any more";
        send(close);
      }
      return;
    }
    case ipc::SessionClosed::kType: {
      auto message = ipc::SessionClosed::decode(envelope.body);
      if (!message) return lose(message.error().message());
      if (Session* session = session_of(message->session)) {
        session->closed = true;
        // Unasked for when its policy was revoked: the next call opens it again, on another one.
        session->opened_by = session->asked_of = 0;
        session->changed.set();
      }
      return;
    }
    case ipc::CallDone::kType: {
      auto message = ipc::CallDone::decode(envelope.body);
      if (!message) return lose(message.error().message());
      const Key key(message->session, message->tool_use);
      if (had_a_box(*message)) last_box_ = loop_.now();
      return finish(key, *std::move(message));
    }
    case ipc::Refused::kType: {
      auto message = ipc::Refused::decode(envelope.body);
      if (!message) return lose(message.error().message());
      const Error refusal(message->settled_before ? ErrorKind::exists : ErrorKind::denied,
                          message->message);
      if (!message->tool_use.empty()) return finish({message->session, message->tool_use}, refusal);
      if (Session* session = session_of(message->session)) {
        session->refusal = refusal;
        session->changed.set();
      }
      return;
    }
    default:
      return;
  }
}

net::Task<Result<void>> BoxerLink::ensure_open(std::shared_ptr<Session> session,
                                               net::Patience patience) {
  while (true) {
    CO_TRY(co_await attached_.wait(patience));
    // What was refused may be granted the next time: when the log is back, when there is space.
    if (session->refusal) {
      session->asked_of = 0;
      co_return *std::exchange(session->refusal, std::nullopt);
    }
    if (session->opened_by == generation_) co_return Result<void>();
    session->changed.clear();
    CO_TRY(check_open(session->message));
    if (session->asked_of != generation_) {
      session->asked_of = generation_;
      if (!send(session->message)) continue;
    }
    CO_TRY(co_await session->changed.wait(patience));
  }
}

net::Task<Result<void>> BoxerLink::open(ipc::OpenSession message, net::Patience patience) {
  auto& place = sessions_[message.session];
  if (!place) place = std::make_shared<Session>(loop_);
  place->message = std::move(message);
  const std::shared_ptr<Session> session = place;
  auto opened = co_await ensure_open(session, patience);
  // Given up: what the boxer may still answer finds nobody.
  if (!opened && opened.error().kind() != ErrorKind::denied)
    sessions_.erase(session->message.session);
  co_return opened;
}

net::Task<Result<ipc::CallDone>> BoxerLink::call(ipc::Call call, net::Patience patience) {
  const Key key(call.session, call.tool_use);
  while (true) {
    const auto place = sessions_.find(call.session);
    if (place == sessions_.end())
      co_return Error(ErrorKind::internal, "a call of a session that is not open");
    CO_TRY(check_call(call));
    CO_TRY(co_await ensure_open(place->second, patience));
    auto pending = std::make_shared<Pending>(loop_);
    if (!pending_.try_emplace(key, pending).second)
      co_return Error(ErrorKind::internal, "a call that is under way");
    if (!send(call)) continue;
    const auto waited = co_await pending->done.wait(patience);
    if (pending->answer) co_return *std::move(pending->answer);
    if (!waited) {
      const auto mine = pending_.find(key);
      if (mine != pending_.end() && mine->second == pending) pending_.erase(mine);
      co_return waited.error();
    }
  }
}

void BoxerLink::cancel(std::string_view session, std::string_view tool_use, CancelReason reason) {
  ipc::Cancel message;
  message.session = session;
  message.tool_use = tool_use;
  message.shutting_down = reason == CancelReason::shutting_down ? 1 : 0;
  send(message);
}

void BoxerLink::settled(std::string_view session, std::string_view tool_use) {
  ipc::Settled message;
  message.session = session;
  message.tool_use = tool_use;
  const bool sent = send(message);
  const auto place = sessions_.find(session);
  if (place == sessions_.end()) return;
  std::erase(place->second->kept, tool_use);
  if (!sent) place->second->unsettled.emplace_back(tool_use);
}

std::vector<std::string> BoxerLink::kept(std::string_view session) const {
  const auto place = sessions_.find(session);
  return place == sessions_.end() ? std::vector<std::string>() : place->second->kept;
}

net::Task<Result<void>> BoxerLink::close(std::string id, std::string reason,
                                         net::Patience patience) {
  const auto place = sessions_.find(id);
  if (place == sessions_.end()) co_return Result<void>();
  const std::shared_ptr<Session> session = place->second;
  ipc::CloseSession message;
  message.session = id;
  message.reason = reason.substr(0, kMaxReason);
  const std::uint64_t generation = generation_;
  Result<void> done;
  if (session->opened_by == generation && send(message)) {
    while (!session->closed && !session->refusal && generation == generation_ && channel_.open() &&
           done) {
      session->changed.clear();
      done = co_await session->changed.wait(patience);
    }
  }
  sessions_.erase(id);
  co_return done;
}

}  // namespace glovebox::worker
