#include "worker/item_run.h"

#include <algorithm>
#include <utility>

#include "base/units.h"
#include "codec/json.h"
#include "worker/box_probe.h"

namespace glovebox::worker {

namespace {

constexpr Duration kStopPatience = seconds(20);
constexpr Duration kProbePatience = seconds(60);
constexpr int kPreconditionFailed = 412;
constexpr int kMostWorkPages = 50;  // an item beyond them is not found

// For the record of the opening: a JSON array of names, cut to what a message holds.
std::string name_list(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 32 * kKiB;
  codec::JsonArray list;
  std::size_t size = 0;
  for (const std::string& name : names) {
    size += 6 * name.size() + 3;  // escaped at worst
    if (size > kMost) break;
    list.emplace_back(name);
  }
  return codec::to_json(list);
}

ItemEnd failure(std::string reason) {
  return {std::move(reason), 0, true};
}

}  // namespace

ItemRun::ItemRun(net::Loop& loop, const Log& log, Random& random, ItemAccess& item,
                 BoxerLink& boxer, SessionSlots& slots, const RunSettings& settings)
    : loop_(loop),
      log_(log),
      random_(random),
      item_(item),
      boxer_(boxer),
      slots_(slots),
      settings_(settings) {}

net::Task<ItemEnd> ItemRun::run() {
  item_.lease = WorkLease(loop_.now(), item_.item.acknowledged_at);
  net::CancelSource beating;
  net::TaskGroup beats(loop_);
  beats.spawn(beat({.token = beating.token()}));
  ItemEnd end = co_await serve();
  beating.cancel();
  (void)co_await beats.wait();
  if (item_.verdict == LeaseVerdict::lost) {
    end.reason = "lease lost";
  } else {
    co_await stop();
  }
  co_return end;
}

net::Task<void> ItemRun::beat(net::Patience patience) {
  while (!patience.token.cancelled() && item_.verdict == LeaseVerdict::keep) {
    const Duration started = loop_.now();
    const Duration due = started + item_.lease.interval();
    item_.lease.begin(started);
    const Beat beat = co_await item_.plane->heartbeat(item_.item.environment, item_.item.id,
                                                      item_.lease.expected(), item_.access(),
                                                      patience.no_later_than(due));
    if (patience.token.cancelled()) co_return;
    std::string why;
    LeaseVerdict verdict = take(beat, why);
    if (verdict == LeaseVerdict::ask) {
      const auto holder = co_await find_holder(patience.no_later_than(item_.lease.patience()));
      if (patience.token.cancelled()) co_return;
      verdict = item_.lease.settle(holder, loop_.now());
      if (verdict == LeaseVerdict::keep) {
        log_.warning("a heartbeat whose answer was lost had been taken", {{"work", item_.item.id}});
        continue;  // at once, with what it left
      }
    }
    judge(verdict, why);
    // The interval that the answer set, from the start of this beat.
    const Duration next = std::max(started + item_.lease.interval(), loop_.now());
    if (!co_await loop_.sleep(next - loop_.now(), patience)) co_return;
  }
}

LeaseVerdict ItemRun::take(const Beat& beat, std::string& why) {
  const auto& response = beat.response;
  const Duration now = loop_.now();
  if (beat.in_doubt) item_.lease.doubt();
  if (!response) {
    log_.warning("heartbeat", {{"work", item_.item.id}, {"error", response.error().message()}});
    why = "no heartbeat was answered within the lease's time";
    return item_.lease.failed(now);
  }
  if (classify(response->status) != AnswerClass::done) {
    why = to_string(api_error_of(*response));
    log_.warning("heartbeat", {{"work", item_.item.id}, {"answer", why}});
    if (response->status != kPreconditionFailed) return item_.lease.refused(response->status, now);
    const auto current = parse_precondition(response->body);
    return item_.lease.refused_precondition(
        current ? std::optional<HeartbeatAnswer>(*current) : std::nullopt, now);
  }
  const auto answer = parse_heartbeat(response->body);
  if (answer) {
    why = "the control plane ended it";
    return item_.lease.answered(*answer, now);
  }
  log_.warning("heartbeat", {{"work", item_.item.id}, {"error", answer.error().message()}});
  why = "heartbeats are answered with nonsense";
  return item_.lease.failed(now);
}

// Only the environment key lists items; the token of one does not. nullopt: it is not found, or
// nobody says.
net::Task<std::optional<WorkHolder>> ItemRun::find_holder(net::Patience patience) {
  const Access access{item_.environment_key, nullptr};
  if (access.first == nullptr || access.first->empty()) co_return std::nullopt;
  std::string page;
  for (int pages = 0; pages < kMostWorkPages; ++pages) {
    const auto response =
        co_await item_.plane->work_list(item_.item.environment, page, access, patience);
    if (!response || classify(response->status) != AnswerClass::done) co_return std::nullopt;
    auto listed = parse_work_page(response->body, item_.item.id);
    if (!listed) co_return std::nullopt;
    if (listed->holder || listed->next.empty()) co_return std::move(listed->holder);
    page = std::move(listed->next);
  }
  co_return std::nullopt;
}

void ItemRun::judge(LeaseVerdict verdict, std::string_view why) {
  if (verdict == LeaseVerdict::keep) return;
  item_.verdict = verdict;
  if (verdict == LeaseVerdict::lost && item_.vitals)
    item_.vitals->numbers.add(codec::Metric::lease_lost_total);
  log_.warning(verdict == LeaseVerdict::lost ? "lease lost" : "lease over",
               {{"work", item_.item.id}, {"why", why}});
  item_.lease_over.cancel();
  item_.stopping.cancel();
}

net::Task<ItemEnd> ItemRun::serve() {
  switch (item_.item.kind) {
    case WorkKind::session:
      co_return co_await serve_session();
    case WorkKind::health_check:
      co_return co_await probe();
    case WorkKind::unknown:
      co_return failure("a work item of an unknown type");
  }
  co_return failure("");
}

net::Task<ItemEnd> ItemRun::serve_session() {
  const net::Patience patience{.token = item_.stopping.token()};
  const auto place = co_await slots_.enter(item_.item.target, patience);
  if (!place) co_return failure(place.error().message());
  ItemEnd end = co_await serve_alone(patience);
  slots_.leave(item_.item.target);
  co_return end;
}

// Again and again while the lease is held: an item that fails here leaves its session waiting.
net::Task<Result<SessionSnapshot>> ItemRun::read_session(net::Patience patience) {
  const std::string& id = item_.item.target;
  Backoff backoff(milliseconds(500), seconds(10));
  while (true) {
    const auto response = co_await item_.plane->session(id, item_.access(), patience);
    Duration asked{};
    std::string problem;
    if (!response) {
      problem = response.error().message();
    } else if (classify(response->status) == AnswerClass::done) {
      auto snapshot = parse_session(response->body);
      if (snapshot) co_return snapshot;
      problem = snapshot.error().message();
    } else {
      problem = to_string(api_error_of(*response));
      if (classify(response->status) == AnswerClass::fatal)
        co_return Error(ErrorKind::denied, problem);
      asked = item_.plane->asked_wait(response->fields);
    }
    log_.warning("the session cannot be read, trying again", {{"session", id}, {"why", problem}});
    CO_TRY(co_await loop_.sleep(std::max(backoff.next(random_), asked), patience));
  }
}

net::Task<ItemEnd> ItemRun::serve_alone(net::Patience patience) {
  const std::string& id = item_.item.target;
  const auto snapshot = co_await read_session(patience);
  if (!snapshot) co_return failure("session: " + snapshot.error().message());
  if (snapshot->terminated) co_return ItemEnd{"terminated before it began", 0, false};

  for (const std::string& name : snapshot->unserved)
    log_.warning("attached to the session, but not served by this version",
                 {{"session", id}, {"what", name}});
  ipc::OpenSession open;
  open.session = id;
  open.environment = item_.item.environment;
  open.agent = snapshot->agent;
  open.work = item_.item.id;
  open.unserved = name_list(snapshot->unserved);
  const auto opened = co_await boxer_.open(std::move(open), patience);
  if (!opened && opened.error().kind() == ErrorKind::cancelled)
    co_return failure(opened.error().message());
  // A refusal is told to the model call by call: silence would leave the session waiting.
  if (!opened)
    log_.error("the boxer refuses the session",
               {{"session", id}, {"why", opened.error().message()}});
  SessionRun run(loop_, log_, random_, item_, boxer_, settings_);
  std::string reason = co_await run.run();
  (void)co_await boxer_.close(id, reason, {.deadline = loop_.now() + settings_.teardown});
  co_return ItemEnd{std::move(reason), run.calls_run(), false};
}

// The API answers the item's credential (the snapshot of nothing would prove no more than the
// beats do), the boxer has a folder to write to, and a box runs `true`.
net::Task<ItemEnd> ItemRun::probe() {
  const net::Patience patience =
      net::Patience{.token = item_.stopping.token()}.no_later_than(loop_.now() + kProbePatience);
  BoxProbe order;
  order.session = "health-" + item_.item.id;
  order.call = "probe-" + item_.item.id;
  order.environment = item_.item.environment;
  order.work = item_.item.id;
  order.teardown = settings_.teardown;
  const auto probed = co_await probe_box(loop_, boxer_, std::move(order), patience);
  if (!probed) co_return failure("health check: " + probed.error().message());
  co_return ItemEnd{"health check passed", 1, false};
}

net::Task<void> ItemRun::stop() {
  const auto response =
      co_await item_.plane->force_stop(item_.item.environment, item_.item.id, item_.access(),
                                       {.deadline = loop_.now() + kStopPatience});
  if (!response) {
    log_.warning("stop", {{"work", item_.item.id}, {"error", response.error().message()}});
  } else if (response->status != 409 && classify(response->status) != AnswerClass::done) {
    log_.warning("stop", {{"work", item_.item.id}, {"answer", to_string(api_error_of(*response))}});
  }
}

}  // namespace glovebox::worker
