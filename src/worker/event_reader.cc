#include "worker/event_reader.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <set>
#include <utility>

#include "codec/sse.h"

namespace glovebox::worker {

namespace {
constexpr std::size_t kMaxHistoryPages = 10'000;
constexpr std::size_t kEventsOfPage = 1000;
constexpr std::size_t kSmallerPages = 10;
constexpr ByteLimit kMaxErrorBody{64 * kKiB};
// How long a run goes on without a history before it attaches anew.
constexpr seconds kHistoryAgain{5};
}  // namespace

EventReader::EventReader(net::Loop& loop, const Log& log, Random& random, ItemAccess& item,
                         net::Queue<Incoming>& out)
    : loop_(loop), log_(log), random_(random), item_(item), out_(out) {}

net::Task<void> EventReader::run(net::Patience patience) {
  Backoff backoff(milliseconds(500), seconds(10));
  while (co_await attach_once(backoff, patience) == Attach::ended) {
    const Duration wait = std::max(backoff.next(random_), std::exchange(asked_, Duration::zero()));
    if (!co_await loop_.sleep(wait, patience)) co_return;
  }
}

net::Task<EventReader::Attach> EventReader::attach_once(Backoff& backoff, net::Patience patience) {
  const std::string& session = item_.item.target;
  auto stream = co_await item_.plane->event_stream(session, item_.access(), patience);
  if (!stream) {
    if (!patience.token.cancelled())
      log_.warning("event stream", {{"session", session}, {"error", stream.error().message()}});
    co_return Attach::ended;
  }
  if (classify(stream->status()) != AnswerClass::done) {
    const auto body = co_await stream->read_all(kMaxErrorBody, patience);
    const std::string text = to_string(parse_api_error(stream->status(), body ? *body : "", ""));
    log_.warning("event stream", {{"session", session}, {"answer", text}});
    asked_ = item_.plane->asked_wait(stream->fields());
    if (classify(stream->status()) != AnswerClass::fatal) co_return Attach::ended;
    out_.push({Incoming::Kind::failed, {}, "event stream: " + text});
    co_return Attach::refused;
  }
  attached_ = net::CancelSource(patience.token);
  net::Patience live = patience;
  live.token = attached_.token();
  // What the history held may never come again: go on with what is live, but not for long.
  if (co_await read_history(patience) == History::failed)
    live = live.no_later_than(loop_.now() + kHistoryAgain);
  co_await read_live(*stream, backoff, live);
  co_return Attach::ended;
}

net::Task<EventReader::History> EventReader::read_history(net::Patience patience) {
  const std::string& session = item_.item.target;
  Incoming history{Incoming::Kind::history, {}, {}};
  std::string page;
  std::set<std::string, std::less<>> pages;
  std::size_t limit = kEventsOfPage;
  std::string problem = "it does not end";
  while (pages.size() < kMaxHistoryPages) {
    const auto response =
        co_await item_.plane->events(session, page, limit, item_.access(), patience);
    if (!response) {
      problem = response.error().message();
      // Too long for one answer: in smaller pages.
      if (response.error().kind() != ErrorKind::limit || limit == 1) break;
      limit = std::max<std::size_t>(limit / kSmallerPages, 1);
      continue;
    }
    if (classify(response->status) != AnswerClass::done) {
      problem = to_string(api_error_of(*response));
      break;
    }
    auto parsed = parse_history_page(response->body);
    if (!parsed) {
      problem = parsed.error().message();
      break;
    }
    if (parsed->unusable > 0)
      log_.warning("events of the history are not usable",
                   {{"session", session}, {"count", static_cast<std::int64_t>(parsed->unusable)}});
    std::ranges::move(parsed->events, std::back_inserter(history.events));
    page = std::move(parsed->next_page);
    if (page.empty()) {
      // A session that has an item has events: this is another's history, or an old one.
      if (history.events.empty()) {
        problem = "it has no event";
        break;
      }
      out_.push(std::move(history));
      co_return History::read;
    }
    if (!pages.insert(page).second) {
      problem = "its pages lead in a circle";
      break;
    }
  }
  if (patience.token.cancelled()) co_return History::failed;
  log_.warning("event history", {{"session", session}, {"error", problem}});
  out_.push({Incoming::Kind::history_failed, {}, {}});
  co_return History::failed;
}

// Until the stream is over and is to be opened again.
net::Task<void> EventReader::read_live(net::ResponseStream& stream, Backoff& backoff,
                                       net::Patience patience) {
  const std::string& session = item_.item.target;
  codec::SseParser parser;
  Duration silent_until = loop_.now() + item_.plane->event_silence();
  while (true) {
    const auto bytes = co_await stream.read(patience.no_later_than(silent_until));
    if (!bytes || bytes->empty()) {
      if (!patience.token.cancelled())
        log_.info(
            "event stream ended, attaching again",
            {{"session", session},
             {"why", bytes ? std::string_view("end") : std::string_view(bytes.error().message())}});
      co_return;
    }
    const auto pushed = parser.push(*bytes);
    while (const auto frame = parser.next()) {
      if (!frame->name || *frame->name == "ping") continue;
      if (*frame->name == "error") {
        log_.warning(
            "event stream reports an error",
            {{"session", session}, {"error", to_string(parse_api_error(0, frame->data, ""))}});
        co_return;
      }
      backoff.reset();
      silent_until = loop_.now() + item_.plane->event_silence();
      auto event = read_session_event(frame->data);
      if (!event) {
        log_.warning("an event is not usable",
                     {{"session", session}, {"error", event.error().message()}});
        continue;
      }
      Incoming live{Incoming::Kind::live, {}, {}};
      live.events.push_back(std::move(*event));
      out_.push(std::move(live));
    }
    if (!pushed) {
      log_.warning("event stream", {{"session", session}, {"error", pushed.error().message()}});
      co_return;
    }
  }
}

}  // namespace glovebox::worker
