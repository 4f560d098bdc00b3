#include "plane/session.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "fakes.h"

namespace glovebox::plane {
namespace {

constexpr const char* kMessage =
    R"({"type":"user.message","content":[{"type":"text","text":"go"}]})";
constexpr const char* kCall = R"({"type":"agent.tool_use","name":"bash","input":{}})";

struct Bed {
  FakeClock clock;
  CountingRandom random;
  Session session{clock, random, {1, "sesn", "env", {}, {}, {}, {}, {}, json(R"({"id":"a"})")}};

  Answer<Posted> post(const std::string& events,
                      CredentialKind sender = CredentialKind::sessions_token) {
    return session.post(*json("[" + events + "]").as_array(), sender);
  }
  std::vector<std::string> emit(const std::string& events) {
    return session.emit(*json("[" + events + "]").as_array());
  }
  static std::string result(const std::string& id) {
    return R"({"type":"user.tool_result","tool_use_id":")" + id + R"("})";
  }
  std::string types(std::size_t from = 0) const {
    std::string all;
    for (std::size_t i = from; i < session.log().all().size(); ++i)
      all += (all.empty() ? "" : " ") + session.log().all()[i].type;
    return all;
  }
  std::vector<std::string> waiting() const {
    const codec::Json& last = session.log().all().back().body;
    std::vector<std::string> ids;
    if (const codec::Json* reason = last.get("stop_reason"))
      if (const codec::JsonArray* list = reason->get_array("event_ids"))
        for (const codec::Json& id : *list) ids.push_back(*id.as_string());
    return ids;
  }
};

}  // namespace

TEST_CASE("a refused event leaves nothing of its batch", "[plane]") {
  Bed bed;
  const std::vector<std::string> ids = bed.emit(kCall);
  const std::size_t before = bed.session.log().all().size();
  CHECK_FALSE(bed.post(std::string(kMessage) + "," + Bed::result("sevt_none")));
  CHECK_FALSE(bed.post(Bed::result(ids[0]) + "," + Bed::result(ids[0])));
  CHECK(bed.post(Bed::result(ids[0]), CredentialKind::api_key).error().status == 403);
  CHECK(bed.session.log().all().size() == before);
  CHECK(bed.post(Bed::result(ids[0])));
}

TEST_CASE("a turn from message to end", "[plane]") {
  Bed bed;
  CHECK(bed.session.status() == SessionStatus::idle);
  const Answer<Posted> posted = bed.post(kMessage);
  REQUIRE(posted);
  CHECK(posted->needs_worker);
  CHECK(posted->echo[0].get("processed_at")->is_null());
  CHECK(bed.session.status() == SessionStatus::running);
  CHECK(bed.session.wants_move());
  bed.session.end_turn();
  CHECK_FALSE(bed.session.wants_move());
  CHECK(bed.types() == "user.message session.status_running session.status_idle");
}

TEST_CASE("idle names what is left after each answer", "[plane]") {
  Bed bed;
  const std::vector<std::string> ids = bed.emit(std::string(kCall) + "," + kCall + "," + kCall);
  CHECK(bed.session.status() == SessionStatus::idle);
  CHECK(bed.waiting() == ids);
  REQUIRE(bed.post(Bed::result(ids[1])));
  CHECK(bed.waiting() == std::vector{ids[0], ids[2]});
  REQUIRE(bed.post(Bed::result(ids[0]) + "," + Bed::result(ids[2])));
  CHECK(bed.session.status() == SessionStatus::running);
  CHECK(bed.types(5) ==
        "user.tool_result session.status_idle user.tool_result user.tool_result "
        "session.status_running");
}

TEST_CASE("results are processed on receipt", "[plane]") {
  Bed bed;
  const std::vector<std::string> ids = bed.emit(kCall);
  const Answer<Posted> posted = bed.post(Bed::result(ids[0]));
  REQUIRE(posted);
  CHECK(posted->echo[0].get("processed_at")->is_string());
  CHECK_FALSE(posted->needs_worker);
}

TEST_CASE("an interrupt ends the turn and its calls", "[plane]") {
  Bed bed;
  const std::vector<std::string> ids = bed.emit(kCall);
  const Answer<Posted> posted = bed.post(R"({"type":"user.interrupt"})");
  REQUIRE(posted);
  CHECK(posted->needs_worker);
  CHECK(*bed.session.log().all().back().body.get("stop_reason")->get_string("type") == "end_turn");
  CHECK_FALSE(bed.session.wants_move());
  CHECK(bed.post(Bed::result(ids[0])).error().status == 400);
  INFO("a message in the same batch begins the next turn");
  REQUIRE(bed.post(R"({"type":"user.interrupt"},)" + std::string(kMessage)));
  CHECK(bed.session.wants_move());
}

TEST_CASE("a terminated session takes nothing", "[plane]") {
  Bed bed;
  const std::vector<std::string> ids = bed.emit(kCall);
  bed.session.archive();
  bed.session.archive();
  CHECK(*bed.session.to_json().get_string("status") == "terminated");
  CHECK(bed.post(kMessage).error().status == 400);
  CHECK(bed.post(Bed::result(ids[0])).error().status == 400);
  CHECK(bed.emit(kCall).empty());
  CHECK(bed.session.update(json("{}")).error().status == 400);
  CHECK(bed.types(3) == "session.status_terminated");
  bed.session.remove();
  CHECK(bed.types(4) == "session.deleted");
}

TEST_CASE("a session object has the arrays that clients iterate", "[plane]") {
  const Bed bed;
  for (const char* name : {"resources", "vault_ids", "outcome_evaluations"})
    CHECK(bed.session.to_json().get_array(name) != nullptr);
}

}  // namespace glovebox::plane
