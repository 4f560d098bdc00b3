#include "plane/work_queue.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fakes.h"

namespace glovebox::plane {
namespace {

constexpr seconds kTtl{90};

struct Queue {
  FakeClock clock;
  CountingRandom random;
  WorkQueue work{clock, random, kTtl};
  std::string id = work.add("env", WorkKind::session, "sesn").id;

  WorkState state() { return (*work.find("env", id))->state; }
  Answer<codec::Json> beat(std::optional<std::string> expected) {
    return work.heartbeat("env", id, expected, std::nullopt);
  }
  std::string beat_well(std::optional<std::string> expected) {
    const Answer<codec::Json> answer = beat(std::move(expected));
    return answer ? *answer->get_string("last_heartbeat") : answer.error().message;
  }
  const WorkItem* poll() { return work.poll("env", nullptr, kDefaultReclaim); }
  void reach(WorkState state) {
    if (state == WorkState::queued) return;
    poll();
    (void)work.acknowledge("env", id);
    if (state == WorkState::starting) return;
    (void)beat(std::string(kNoHeartbeat));
    if (state == WorkState::active) return;
    (void)work.stop("env", id, WorkQueue::Force::no);
    if (state == WorkState::stopping) return;
    (void)work.stop("env", id, WorkQueue::Force::yes);
  }
};

constexpr WorkState kStates[] = {WorkState::queued, WorkState::starting, WorkState::active,
                                 WorkState::stopping, WorkState::stopped};

}  // namespace

TEST_CASE("what each state makes of each event", "[plane]") {
  using enum WorkState;
  struct Row {
    const char* name;
    std::function<int(Queue&)> event;  // 200 or the error's status
    // Status and next state, from queued, starting, active, stopping, stopped.
    std::vector<std::pair<int, WorkState>> outcomes;
  };
  const auto status = [](const auto& answer) { return answer ? 200 : answer.error().status; };
  const Row rows[] = {
      {"ack",
       [&](Queue& queue) { return status(queue.work.acknowledge("env", queue.id)); },
       {{200, starting}, {409, starting}, {409, active}, {409, stopping}, {409, stopped}}},
      {"beat without condition",
       [&](Queue& queue) { return status(queue.beat(std::nullopt)); },
       {{200, queued}, {200, active}, {200, active}, {200, stopping}, {200, stopped}}},
      {"beat with a wrong echo",
       [&](Queue& queue) { return status(queue.beat("wrong")); },
       {{412, queued}, {412, starting}, {412, active}, {200, stopping}, {200, stopped}}},
      {"first beat",
       [&](Queue& queue) { return status(queue.beat(std::string(kNoHeartbeat))); },
       {{412, queued}, {200, active}, {412, active}, {200, stopping}, {200, stopped}}},
      {"plain stop",
       [&](Queue& queue) { return status(queue.work.stop("env", queue.id, WorkQueue::Force::no)); },
       {{200, stopped}, {200, stopping}, {200, stopping}, {200, stopped}, {409, stopped}}},
      {"forced stop",
       [&](Queue& queue) {
         return status(queue.work.stop("env", queue.id, WorkQueue::Force::yes));
       },
       {{200, stopped}, {200, stopped}, {200, stopped}, {200, stopped}, {409, stopped}}},
      {"lapse",
       [&](Queue& queue) {
         queue.clock.pass(kTtl);
         return 200;
       },
       {{200, queued}, {200, queued}, {200, queued}, {200, stopped}, {200, stopped}}},
      {"end of the session",
       [&](Queue& queue) {
         queue.work.end_session("sesn");
         return 200;
       },
       {{200, stopped}, {200, stopping}, {200, stopping}, {200, stopping}, {200, stopped}}},
  };
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < std::size(kStates); ++i) {
      INFO(row.name << " from " << to_string(kStates[i]));
      Queue queue;
      queue.reach(kStates[i]);
      REQUIRE(queue.state() == kStates[i]);
      CHECK(row.event(queue) == row.outcomes[i].first);
      CHECK(to_string(queue.state()) == to_string(row.outcomes[i].second));
    }
  }
}

TEST_CASE("an item of another environment is not found", "[plane]") {
  Queue queue;
  CHECK(queue.work.acknowledge("other", queue.id).error().status == 404);
  CHECK(queue.work.stop("other", queue.id, WorkQueue::Force::yes).error().status == 404);
  CHECK(queue.work.heartbeat("other", queue.id, "x", std::nullopt).error().status == 404);
  CHECK(queue.work.find("env", "work_none").error().status == 404);
  CHECK(queue.work.poll("other", nullptr, kDefaultReclaim) == nullptr);
}

TEST_CASE("a handed-out item is hidden until the poller's own reclaim time", "[plane]") {
  Queue queue;
  REQUIRE(queue.poll() != nullptr);
  queue.clock.pass(milliseconds(4999));
  CHECK(queue.poll() == nullptr);
  CHECK(queue.work.poll("env", nullptr, milliseconds(5001)) == nullptr);
  INFO("another poller may be less patient");
  CHECK(queue.work.poll("env", nullptr, milliseconds(2000)) != nullptr);
  INFO("the time begins anew with each hand-out");
  queue.clock.pass(milliseconds(4999));
  CHECK(queue.poll() == nullptr);
  queue.clock.pass(milliseconds(1));
  CHECK(queue.poll() != nullptr);
}

TEST_CASE("items are handed out oldest first", "[plane]") {
  Queue queue;
  const std::string second = queue.work.add("env", WorkKind::healthcheck, "hc").id;
  CHECK(queue.poll()->id == queue.id);
  CHECK(queue.poll()->id == second);
  CHECK(queue.poll() == nullptr);
}

TEST_CASE("a lease lives from beat to beat", "[plane]") {
  Queue queue;
  queue.reach(WorkState::starting);
  std::string last(kNoHeartbeat);
  for (int i = 0; i < 5; ++i) {
    queue.clock.pass(kTtl - milliseconds(1));
    last = queue.beat_well(last);
    CHECK(queue.state() == WorkState::active);
  }
  queue.clock.pass(kTtl);
  CHECK(queue.state() == WorkState::queued);
  INFO("the old holder is told");
  const Answer<codec::Json> late = queue.beat(last);
  REQUIRE_FALSE(late);
  CHECK(late.error().status == 412);
  CHECK(*late.error().details.get_string("error_code") == "heartbeat_precondition_failed");
  const codec::Json* state = late.error().details.get("current_state");
  REQUIRE(state != nullptr);
  CHECK(state->get("last_heartbeat")->is_null());
  CHECK(*state->get_string("state") == "queued");
  CHECK(state->get_bool("lease_extended") == false);
  CHECK(state->get_int("ttl_seconds") == kTtl.count());
  INFO("a new holder begins anew, and the old one still gets 412");
  REQUIRE(queue.poll() != nullptr);
  REQUIRE(queue.work.acknowledge("env", queue.id));
  CHECK(queue.beat(last).error().status == 412);
  CHECK(queue.beat(std::string(kNoHeartbeat)));
  CHECK(queue.beat(last).error().status == 412);
}

TEST_CASE("an answered beat names the next", "[plane]") {
  Queue queue;
  queue.reach(WorkState::starting);
  const Answer<codec::Json> first = queue.beat(std::string(kNoHeartbeat));
  REQUIRE(first);
  CHECK(*first->get_string("type") == "work_heartbeat");
  CHECK(first->get_bool("lease_extended") == true);
  CHECK(*first->get_string("state") == "active");
  INFO("two beats at the same instant differ");
  const std::string second = queue.beat_well(*first->get_string("last_heartbeat"));
  CHECK(second != *first->get_string("last_heartbeat"));
  CHECK(queue.beat(second));
}

TEST_CASE("a desired time to live holds from its beat on", "[plane]") {
  Queue queue;
  queue.reach(WorkState::starting);
  CHECK(queue.work.heartbeat("env", queue.id, std::nullopt, seconds(5))->get_int("ttl_seconds") ==
        5);
  queue.clock.pass(seconds(5));
  CHECK(queue.state() == WorkState::queued);
}

TEST_CASE("a holder learns of a stop and keeps its lease through the teardown", "[plane]") {
  Queue queue;
  queue.reach(WorkState::active);
  (void)queue.work.stop("env", queue.id, WorkQueue::Force::no);
  const Answer<codec::Json> beat = queue.beat("anything");
  REQUIRE(beat);
  CHECK(*beat->get_string("state") == "stopping");
  queue.clock.pass(kTtl - seconds(1));
  CHECK(queue.beat("anything"));
  queue.clock.pass(kTtl - seconds(1));
  CHECK(queue.state() == WorkState::stopping);
}

TEST_CASE("stats count what waits, what is pending and who polls", "[plane]") {
  Queue queue;
  queue.work.add("env", WorkKind::session, "sesn_2");
  queue.work.add("other", WorkKind::session, "sesn_3");
  CHECK(queue.work.stats("env").depth == 2);
  CHECK_FALSE(queue.work.stats("env").workers_polling);
  const std::string one = "w1";
  const std::string two = "w2";
  queue.work.poll("env", &one, kDefaultReclaim);
  queue.work.poll("env", &one, kDefaultReclaim);
  queue.work.poll("env", &two, kDefaultReclaim);
  const WorkStats stats = queue.work.stats("env");
  CHECK(stats.depth == 0);
  CHECK(stats.pending == 2);
  CHECK(stats.workers_polling == 2);
  CHECK(stats.oldest_queued);
  queue.clock.pass(kWorkerMemory + milliseconds(1));
  CHECK_FALSE(queue.work.stats("env").workers_polling);
  CHECK_FALSE(queue.work.stats("empty").oldest_queued);
}

TEST_CASE("metadata of an item is merged", "[plane]") {
  Queue queue;
  REQUIRE(queue.work.update("env", queue.id, json(R"({"metadata":{"a":"1","b":"2"}})")));
  const auto item = queue.work.update("env", queue.id, json(R"({"metadata":{"a":null,"c":""}})"));
  CHECK(codec::to_json(codec::Json((*item)->metadata)) == R"({"b":"2","c":""})");
  for (const char* bad :
       {R"({"metadata":1})", R"({"metadata":{"a":1}})", R"({"metadata":{"":"x"}})"})
    CHECK(*queue.work.update("env", queue.id, json(bad)).error().details.get_string("error_code") ==
          "invalid_metadata");
}

TEST_CASE("only queued, starting and active items are live", "[plane]") {
  for (const WorkState state : kStates) {
    INFO(to_string(state));
    Queue queue;
    queue.reach(state);
    CHECK(queue.work.has_live_item("sesn") ==
          (state != WorkState::stopping && state != WorkState::stopped));
    CHECK_FALSE(queue.work.has_live_item("sesn_other"));
  }
}

}  // namespace glovebox::plane
