#include "worker/work_lease.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::worker;

namespace {
HeartbeatAnswer answer(std::string last, std::int64_t ttl = 90) {
  return {std::move(last), true, "active", ttl};
}
}  // namespace

TEST_CASE("answers that are no heartbeat") {
  for (const std::string_view body :
       {"", "null", "[]", "{}", R"({"last_heartbeat":7})", R"({"last_heartbeat":null})", "{"}) {
    INFO(body);
    CHECK_FALSE(parse_heartbeat(body));
  }
}

TEST_CASE("an answer is read, missing members are harmless") {
  const auto full = parse_heartbeat(
      R"({"type":"work_heartbeat","last_heartbeat":"t1","lease_extended":false,"state":"stopping","ttl_seconds":7})");
  REQUIRE(full);
  CHECK(full->last_heartbeat == "t1");
  CHECK_FALSE(full->lease_extended);
  CHECK(full->state == "stopping");
  CHECK(full->ttl_seconds == 7);
  const auto bare = parse_heartbeat(R"({"last_heartbeat":""})");
  REQUIRE(bare);
  CHECK(bare->last_heartbeat.empty());
  CHECK(bare->lease_extended);
}

TEST_CASE("the precondition is the last answer, byte for byte") {
  WorkLease lease(seconds(0));
  CHECK(lease.expected() == "NO_HEARTBEAT");
  CHECK(lease.failed(seconds(1)) == LeaseVerdict::keep);
  CHECK(lease.expected() == "NO_HEARTBEAT");
  CHECK(lease.answered(answer("2026-11-25T10:00:00.123Z"), seconds(2)) == LeaseVerdict::keep);
  CHECK(lease.expected() == "2026-11-25T10:00:00.123Z");
  CHECK(lease.answered(answer(""), seconds(3)) == LeaseVerdict::keep);
  CHECK(lease.expected().empty());
}

TEST_CASE("the interval is half the time to live, within bounds") {
  struct Row {
    std::int64_t ttl;
    Duration interval, lives;
  };
  WorkLease untold(seconds(0));
  CHECK(untold.interval() == seconds(30));
  for (const Row& row : std::vector<Row>{{-5, seconds(30), seconds(90)},
                                         {0, seconds(30), seconds(90)},
                                         {1, seconds(1), seconds(1)},
                                         {7, milliseconds(3500), seconds(7)},
                                         {60, seconds(30), seconds(60)},
                                         {86'400, seconds(30), seconds(86'400)},
                                         {INT64_MAX, seconds(30), seconds(86'400)}}) {
    INFO(row.ttl);
    WorkLease lease(seconds(0));
    (void)lease.answered(answer("x", row.ttl), seconds(1));
    CHECK(lease.interval() == row.interval);
    CHECK(lease.ttl() == row.lives);
  }
}

TEST_CASE("what ends a lease") {
  struct Row {
    std::string name;
    int status;
    LeaseVerdict verdict;
  };
  for (const Row& row : std::vector<Row>{{"somebody else holds it", 412, LeaseVerdict::lost},
                                         {"revoked", 401, LeaseVerdict::end_and_stop},
                                         {"gone", 404, LeaseVerdict::end_and_stop},
                                         {"busy", 429, LeaseVerdict::keep},
                                         {"broken", 500, LeaseVerdict::keep},
                                         {"a conflict may heal", 409, LeaseVerdict::keep}}) {
    INFO(row.name);
    WorkLease lease(seconds(0));
    CHECK(lease.refused(row.status, seconds(1)) == row.verdict);
  }
  WorkLease lease(seconds(0));
  CHECK(lease.answered({"x", true, "stopping", 90}, seconds(1)) == LeaseVerdict::end_and_stop);
  CHECK(lease.answered({"x", true, "stopped", 90}, seconds(1)) == LeaseVerdict::end_and_stop);
  CHECK(lease.answered({"x", false, "active", 90}, seconds(1)) == LeaseVerdict::end_and_stop);
}

TEST_CASE("failures are borne for the time to live, no longer") {
  WorkLease lease(seconds(100));
  CHECK(lease.failed(seconds(190)) == LeaseVerdict::keep);
  CHECK(lease.failed(seconds(191)) == LeaseVerdict::lost);
  (void)lease.answered(answer("x", 10), seconds(200));
  CHECK(lease.refused(503, seconds(210)) == LeaseVerdict::keep);
  CHECK(lease.refused(503, seconds(211)) == LeaseVerdict::lost);
}
