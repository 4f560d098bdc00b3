#include "worker/event_reader.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "codec/json.h"
#include "codec/sse.h"

namespace glovebox::worker {

namespace {
constexpr std::size_t kMaxHistoryPages = 10'000;
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
    if (!co_await loop_.sleep(backoff.next(random_), patience)) co_return;
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
    if (classify(stream->status()) != AnswerClass::fatal) co_return Attach::ended;
    out_.push({Incoming::Kind::failed, {}, "event stream: " + text});
    co_return Attach::refused;
  }
  net::Patience live = patience;
  // What the history held may never come again: go on with what is live, but not for long.
  if (co_await read_history(patience) == History::failed)
    live = patience.no_later_than(loop_.now() + kHistoryAgain);
  co_await read_live(*stream, backoff, live);
  co_return Attach::ended;
}

net::Task<EventReader::History> EventReader::read_history(net::Patience patience) {
  const std::string& session = item_.item.target;
  Incoming history{Incoming::Kind::history, {}, {}};
  std::string page;
  std::string problem;
  for (std::size_t pages = 0; pages < kMaxHistoryPages; ++pages) {
    const auto response = co_await item_.plane->events(session, page, item_.access(), patience);
    if (!response) {
      problem = response.error().message();
      break;
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
      out_.push(std::move(history));
      co_return History::read;
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
  while (true) {
    const auto bytes = co_await stream.read(patience);
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
      const auto json = codec::parse_json(frame->data);
      auto event = json ? parse_session_event(*json) : Result<SessionEvent>(json.error());
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
