#include "egress/journal.h"

#include <iterator>
#include <utility>

#include "ipc/messages.h"

namespace glovebox::egress {

void Journal::connect(ipc::Channel auditor) {
  if (channel_.open()) lose("it was replaced");
  // In their order, before what has waited.
  while (!asked_.empty()) {
    auto last = asked_.extract(std::prev(asked_.end()));
    waiting_.push_front(std::move(last.mapped()));
  }
  channel_ = std::move(auditor);
  refused_ = false;
  there_.set();
  if (const std::uint64_t lost = std::exchange(lost_, 0); lost > 0) {
    codec::JsonObject members;
    members.set("dec", "deny");
    members.set("l7", "tcp");
    members.set("why", "records were lost while there was no log");
    members.set("n", static_cast<std::int64_t>(lost));
    (void)record(audit::RecordKind::net_deny, std::move(members));
  }
  send_some();
}

void Journal::lose(std::string_view why) {
  if (!channel_.open()) return;
  log_.error("the auditor is gone, nothing is let out until it is back", {{"why", why}});
  ended_.push_back(std::exchange(channel_, {}));
  there_.clear();
  reading_.cancel();
}

std::uint64_t Journal::record(audit::RecordKind kind, codec::JsonObject members) {
  if (waiting_.size() >= kMostWaiting) {
    ++lost_;
    return next_ - 1;
  }
  const std::uint64_t number = next_++;
  waiting_.push_back({number, kind, codec::to_json(codec::Json(std::move(members)))});
  send_some();
  return number;
}

void Journal::send_some() {
  while (channel_.open() && !waiting_.empty() && asked_.size() < kMostUnderWay) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    const ipc::Append message{next.number, std::string(audit::to_string(next.kind)), next.members};
    asked_.emplace(next.number, std::move(next));
    if (auto sent = channel_.send(ipc::Append::kType, message.encode()); !sent)
      return lose(sent.error().message());
  }
}

net::Task<Result<void>> Journal::settled(std::uint64_t number, net::Patience patience) {
  const auto is_open = [&] {
    return (!asked_.empty() && asked_.begin()->first <= number) ||
           (!waiting_.empty() && waiting_.front().number <= number);
  };
  while (is_open()) {
    moved_.clear();
    CO_TRY(co_await moved_.wait(patience));
  }
  if (refused_) co_return Error(ErrorKind::denied, "the audit log cannot be written");
  co_return Result<void>();
}

void Journal::take(const ipc::Envelope& envelope) {
  if (!ipc::accepts(ipc::Connection::egress_of_auditor, envelope.type) || !envelope.fds.empty())
    return lose("a message that the auditor may not send");
  if (envelope.type == ipc::Appended::kType) {
    const auto answer = ipc::Appended::decode(envelope.body);
    if (!answer || asked_.erase(answer->sequence) == 0) return lose("an answer to no question");
    refused_ = false;
  } else {
    const auto answer = ipc::AppendFailed::decode(envelope.body);
    if (!answer || asked_.erase(answer->sequence) == 0) return lose("an answer to no question");
    log_.error("the auditor refused a record", {{"why", answer->message}});
    refused_ = true;
  }
  moved_.set();
  send_some();
}

net::Task<void> Journal::serve() {
  for (;;) {
    ended_.clear();
    if (!co_await there_.wait()) co_return;
    reading_ = net::CancelSource();
    const auto ready =
        co_await loop_.readable(channel_.fd(), {.deadline = {}, .token = reading_.token()});
    // Whoever lost or replaced the channel meanwhile has called the wait off.
    if (reading_.cancelled() || !channel_.open()) continue;
    if (!ready) {
      if (ready.error().kind() != ErrorKind::cancelled) lose(ready.error().message());
      continue;
    }
    auto message = channel_.receive();
    if (!message)
      lose(message.error().message());
    else if (!*message)
      lose("it ended");
    else
      take(**message);
  }
}

}  // namespace glovebox::egress
