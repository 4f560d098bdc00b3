#include "worker/work_lease.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

namespace {

constexpr std::string_view kAcked = "2026-11-25T10:00:00Z";

HeartbeatAnswer current(std::string state = "active", std::int64_t ttl = 90) {
  return {"theirs or ours", false, std::move(state), ttl};
}

WorkLease lease_in_doubt(Duration claimed_at = seconds(0)) {
  WorkLease lease(claimed_at, std::string(kAcked));
  lease.begin(claimed_at + seconds(1));
  (void)lease.failed(claimed_at + seconds(2));
  return lease;
}

}  // namespace

TEST_CASE("a refusal that says nothing of the lease") {
  for (const std::string_view body :
       {"", "null", "[]", "{}", R"({"error":{}})", R"({"error":{"details":{}}})",
        R"({"error":{"details":{"current_state":7}}})",
        R"({"error":{"details":{"current_state":{"state":"active"}}}})",
        R"({"error":{"details":{"current_state":{"last_heartbeat":null}}}})",
        R"({"error":{"details":{"current_state":{"last_heartbeat":""}}}})"}) {
    INFO(body);
    CHECK_FALSE(parse_precondition(body));
  }
  const auto read = parse_precondition(
      R"({"type":"error","error":{"type":"invalid_request_error","message":"m","details":{)"
      R"("error_code":"heartbeat_precondition_failed","current_state":{"last_heartbeat":"t2",)"
      R"("lease_extended":false,"state":"active","ttl_seconds":7}}}})");
  REQUIRE(read);
  CHECK(read->last_heartbeat == "t2");
  CHECK(read->state == "active");
  CHECK(read->ttl_seconds == 7);
  CHECK_FALSE(read->lease_extended);
}

TEST_CASE("a failed precondition without a reason to think that it was ourselves is a lost lease") {
  struct Row {
    const char* name;
    WorkLease lease;
    std::optional<HeartbeatAnswer> current;
    Duration now;
  };
  WorkLease sure(seconds(0), std::string(kAcked));
  WorkLease answered = lease_in_doubt();
  answered.begin(seconds(3));
  (void)answered.answered(answer("x"), seconds(4));
  WorkLease refused(seconds(0), std::string(kAcked));
  (void)refused.refused(429, seconds(1));  // that one was not taken
  (void)refused.refused(409, seconds(1));
  WorkLease unknown(seconds(0));
  unknown.doubt();
  const Row rows[] = {
      {"every beat was answered", sure, current(), seconds(1)},
      {"the doubt is over", answered, current(), seconds(5)},
      {"what was refused was not taken", refused, current(), seconds(1)},
      {"when we acknowledged is not known", unknown, current(), seconds(1)},
      {"the refusal says nothing", lease_in_doubt(), std::nullopt, seconds(3)},
      {"it is queued again", lease_in_doubt(), current("queued"), seconds(3)},
      {"of a state that is not known", lease_in_doubt(), current(""), seconds(3)},
      {"the lease may have run out", lease_in_doubt(), current(), seconds(90)},
      {"it was shorter than was thought", lease_in_doubt(), current("active", 5), seconds(5)},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    WorkLease lease = row.lease;
    const std::string before = lease.expected();
    CHECK(lease.refused_precondition(row.current, row.now) == LeaseVerdict::lost);
    CHECK(lease.expected() == before);
  }
}

TEST_CASE("in doubt it is asked who holds the item, and only we ourselves go on") {
  struct Row {
    const char* name;
    std::optional<WorkHolder> holder;
    Duration now;
    LeaseVerdict verdict;
  };
  const Row rows[] = {
      {"nobody says", std::nullopt, seconds(4), LeaseVerdict::lost},
      {"somebody else has acknowledged it", WorkHolder{"active", "2026-11-25T10:01:00Z"},
       seconds(4), LeaseVerdict::lost},
      {"nobody has", WorkHolder{"active", ""}, seconds(4), LeaseVerdict::lost},
      {"it is queued again", WorkHolder{"queued", std::string(kAcked)}, seconds(4),
       LeaseVerdict::lost},
      {"it is stopped", WorkHolder{"stopped", std::string(kAcked)}, seconds(4), LeaseVerdict::lost},
      {"the answer comes too late", WorkHolder{"active", std::string(kAcked)}, seconds(90),
       LeaseVerdict::lost},
      {"we have it", WorkHolder{"active", std::string(kAcked)}, seconds(4), LeaseVerdict::keep},
      {"we have it, and did not know that it began", WorkHolder{"starting", std::string(kAcked)},
       seconds(4), LeaseVerdict::keep},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    WorkLease lease = lease_in_doubt();
    REQUIRE(lease.refused_precondition(current(), seconds(3)) == LeaseVerdict::ask);
    CHECK(lease.patience() == seconds(90));
    CHECK(lease.settle(row.holder, row.now) == row.verdict);
    CHECK(lease.expected() ==
          (row.verdict == LeaseVerdict::keep ? "theirs or ours" : "NO_HEARTBEAT"));
  }
  // Once only: whoever comes between the question and the next beat has it.
  WorkLease lease = lease_in_doubt();
  REQUIRE(lease.refused_precondition(current(), seconds(3)) == LeaseVerdict::ask);
  REQUIRE(lease.settle(WorkHolder{"active", std::string(kAcked)}, seconds(4)) ==
          LeaseVerdict::keep);
  lease.begin(seconds(4));
  CHECK(lease.refused_precondition(current(), seconds(5)) == LeaseVerdict::lost);
}

TEST_CASE("what was found does not make a lease longer than its last answer did") {
  WorkLease lease(seconds(0), std::string(kAcked));
  lease.begin(seconds(10));
  (void)lease.answered(answer("x", 20), seconds(15));
  CHECK(lease.patience() == seconds(30));  // from when the beat began
  lease.begin(seconds(25));
  (void)lease.refused(503, seconds(26));
  REQUIRE(lease.refused_precondition(current("active", 20), seconds(27)) == LeaseVerdict::ask);
  REQUIRE(lease.settle(WorkHolder{"active", std::string(kAcked)}, seconds(28)) ==
          LeaseVerdict::keep);
  CHECK(lease.patience() == seconds(30));
  CHECK(lease.failed(seconds(36)) == LeaseVerdict::lost);
}
