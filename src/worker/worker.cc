#include "worker/worker.h"

#include <algorithm>
#include <utility>

#include "worker/box_probe.h"
#include "worker/work_secret.h"

namespace glovebox::worker {

namespace {
constexpr int kUnauthorized = 401;
constexpr int kConflict = 409;
constexpr std::string_view kProbeSession = "readiness";  // one folder for all of them
}  // namespace

Worker::Worker(net::Loop& loop, net::Connector& connector, const Log& log, Random& random,
               codec::BaseUrl base, WorkerSettings settings, Secret environment_key)
    : loop_(loop),
      connector_(connector),
      log_(log),
      random_(random),
      settings_(std::move(settings)),
      environment_key_(std::move(environment_key)),
      plane_(loop, connector, std::move(base), settings_.api, random),
      boxer_(loop, log),
      poll_now_(loop),
      items_(loop),
      slot_free_(loop),
      slots_(loop) {}

net::Task<void> Worker::serve_queue() {
  net::CancelSource serving;
  net::TaskGroup link(loop_);
  link.spawn(boxer_.serve({.token = serving.token()}));
  const net::Patience patience{.token = shutdown_.token()};
  while (!shutdown_.cancelled()) {
    if (items_.running() >= settings_.max_sessions) {
      slot_free_.clear();
      (void)co_await slot_free_.wait(patience);
      continue;
    }
    if (auto item = co_await claim()) {
      if (co_await acknowledge(*item)) items_.spawn(serve_in_slot(*std::move(item)));
    }
  }
  log_.info("shutting down", {{"items", static_cast<std::int64_t>(items_.running())}});
  (void)co_await items_.wait();
  serving.cancel();
  (void)co_await link.wait();
}

net::Task<ItemEnd> Worker::serve_claimed(WorkItem item) {
  net::CancelSource serving;
  net::TaskGroup link(loop_);
  link.spawn(boxer_.serve({.token = serving.token()}));
  ItemEnd end = co_await serve(std::move(item));
  serving.cancel();
  (void)co_await link.wait();
  co_return end;
}

void Worker::count_poll(std::string_view result, std::string problem) {
  vitals_.numbers.add(codec::Metric::poll_total, {std::string(result)});
  if (problem.empty()) vitals_.last_poll = loop_.now();
  vitals_.poll_problem = std::move(problem);
}

// One poll with its wait afterwards; nothing if there was no item.
net::Task<std::optional<WorkItem>> Worker::claim() {
  const net::Patience patience{.token = shutdown_.token()};
  Duration wait{};
  poll_now_.clear();
  const auto response = co_await plane_.poll(settings_.environment, settings_.worker_id,
                                             {&environment_key_, nullptr}, patience);
  if (shutdown_.cancelled()) co_return std::nullopt;
  if (!response) {
    log_.warning("poll", {{"error", response.error().message()}});
    count_poll("error", response.error().message());
    if (response.error().kind() == ErrorKind::denied && settings_.proxy_refused)
      settings_.proxy_refused();
    wait = schedule_.after_error(random_);
  } else if (classify(response->status) == AnswerClass::fatal) {
    const std::string answer = to_string(api_error_of(*response));
    log_.error(
        "poll refused: check environment id and key, it is asked for a new one and tried "
        "again",
        {{"answer", answer}});
    count_poll("refused", answer);
    if (response->status == kUnauthorized && settings_.key_refused) settings_.key_refused();
    wait = schedule_.after_fatal(random_);
  } else if (classify(response->status) != AnswerClass::done) {
    const std::string answer = to_string(api_error_of(*response));
    log_.warning("poll", {{"answer", answer}});
    count_poll("error", answer);
    wait = std::max(schedule_.after_error(random_), plane_.asked_wait(response->fields));
  } else if (auto item = parse_poll_answer(response->body); !item) {
    log_.warning("poll", {{"error", item.error().message()}});
    count_poll("error", item.error().message());
    wait = schedule_.after_error(random_);
  } else {
    schedule_.answered();
    count_poll(*item ? "item" : "empty");
    if (*item) {
      idle_log_.claimed();
      if ((*item)->environment.empty()) (*item)->environment = settings_.environment;
      co_return *std::move(*item);
    }
    if (idle_log_.empty(loop_.now()) == LogLevel::info) {
      log_.info("nothing queued", {{"environment", settings_.environment}});
    } else {
      log_.debug("nothing queued");
    }
    wait = schedule_.after_empty(random_);
  }
  // A new key, or a new word for the proxy, ends the wait.
  (void)co_await poll_now_.wait(patience.no_later_than(loop_.now() + wait));
  co_return std::nullopt;
}

void Worker::renew_key(Secret environment_key) {
  environment_key_ = std::move(environment_key);
  poll_now_.set();
}

net::Task<Result<void>> Worker::prove_box(net::Patience patience) {
  constexpr std::size_t kIdBytes = 8;
  BoxProbe probe;
  probe.session = kProbeSession;
  probe.call = "probe-" + random_.hex(kIdBytes);
  probe.environment = settings_.environment;
  co_return co_await probe_box(loop_, boxer_, std::move(probe), patience);
}

// Transient failures are retried inside the window in which nobody else is offered the item. An
// item that could not be acked is not ours: it is never stopped. Where an earlier try had no
// answer, a conflict is most likely its success; if it is not, the first heartbeat says that the
// lease is somebody else's.
net::Task<bool> Worker::acknowledge(WorkItem& item) {
  const net::Patience patience{.deadline = loop_.now() + kAckWindow};
  Backoff backoff(kCallBackoffFirst, kCallBackoffCap);
  Result<net::Response> response = Error(ErrorKind::timeout, "no time");
  for (bool in_doubt = false;;) {
    response =
        co_await plane_.ack(item.environment, item.id, {&environment_key_, nullptr}, patience);
    const bool ours = response && (classify(response->status) == AnswerClass::done ||
                                   (response->status == kConflict && in_doubt));
    if (ours) {
      if (response->status != kConflict) item.acknowledged_at = parse_acknowledged(response->body);
      log_.info("claimed", {{"work", item.id}, {"session", item.target}});
      co_return true;
    }
    if (response &&
        (classify(response->status) == AnswerClass::fatal || response->status == kConflict))
      break;
    in_doubt = in_doubt || !response || response->status == 408 || response->status >= 500;
    const Duration asked = response ? plane_.asked_wait(response->fields) : Duration::zero();
    if (!co_await loop_.sleep(std::max(backoff.next(random_), asked), patience)) break;
  }
  log_.warning(
      "ack failed, the item is dropped",
      {{"work", item.id},
       {"answer", response ? to_string(api_error_of(*response)) : response.error().message()}});
  co_return false;
}

net::Task<void> Worker::serve_in_slot(WorkItem item) {
  const std::string id = item.id;
  const ItemEnd end = co_await serve(std::move(item));
  if (end.failed) {
    log_.error("item failed", {{"work", id}, {"why", end.reason}});
  } else {
    log_.info(end.calls == 0 ? "item ended without a call" : "item ended",
              {{"work", id}, {"why", end.reason}, {"calls", static_cast<std::int64_t>(end.calls)}});
  }
  slot_free_.set();
}

net::Task<ItemEnd> Worker::serve(WorkItem item) {
  ItemAccess access;
  std::string secret = std::exchange(item.secret, {});
  Secret given = Secret::take(std::string(secret));
  access.item = std::move(item);
  access.stopping = net::CancelSource(shutdown_.token());
  choose_access(access, std::move(secret));
  if (!access.access().first) co_return ItemEnd{"no usable credential", 0, true};
  const std::string id = access.item.id;
  if (const auto known = co_await make_known(access, std::move(given)); !known)
    co_return ItemEnd{"its secret cannot be kept out of the audit log: " + known.error().message(),
                      0, true};

  ItemRun run(loop_, log_, random_, access, boxer_, slots_, settings_.run);
  ItemEnd end = co_await run.run();
  if (settings_.item_over) settings_.item_over(id);
  co_return end;
}

// The token stands in what was given in a form that is not searched for when it is taken out of it.
net::Task<Result<void>> Worker::make_known(const ItemAccess& access, Secret given) {
  if (!settings_.make_known || given.empty()) co_return Result<void>();
  std::string strings;
  strings.reserve(given.reveal().size() + 1 + access.token.reveal().size());
  strings += given.reveal();
  if (!access.token.empty()) {
    strings += '\n';
    strings += access.token.reveal();
  }
  co_return co_await settings_.make_known(access.item.id, Secret::take(std::move(strings)),
                                          {.token = shutdown_.token()});
}

void Worker::choose_access(ItemAccess& access, std::string&& secret) {
  access.environment_key = &environment_key_;
  access.plane = &plane_;
  access.vitals = &vitals_;
  auto decoded = decode_work_secret(std::move(secret), plane_.base());
  if (!decoded) {
    log_.warning("the environment key serves this item",
                 {{"work", access.item.id}, {"why", decoded.error().message()}});
    return;
  }
  access.token = std::move(decoded->sessions_token);
  if (decoded->api_base_url && !(*decoded->api_base_url == plane_.base())) {
    access.own_plane = std::make_unique<ControlPlane>(
        loop_, connector_, *std::move(decoded->api_base_url), settings_.api, random_);
    access.plane = access.own_plane.get();
  }
}

}  // namespace glovebox::worker
