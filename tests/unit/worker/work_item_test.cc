#include "worker/work_item.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::worker;

TEST_CASE("poll answers that are none") {
  for (const std::string_view body : {"{", "[]", "7", R"({"data":{"type":"session","id":"s"}})",
                                      R"({"id":"","data":{}})", R"({"id":5})"}) {
    INFO(body);
    CHECK_FALSE(parse_poll_answer(body));
  }
}

TEST_CASE("an empty queue has three spellings") {
  for (const std::string_view body : {"", "null", " \r\n", " null\n"}) {
    const auto item = parse_poll_answer(body);
    REQUIRE(item);
    CHECK_FALSE(*item);
  }
}

TEST_CASE("kinds of work") {
  struct Row {
    std::string name, data;
    WorkKind kind;
    std::string target;
  };
  const std::vector<Row> rows = {
      {"no data", "null", WorkKind::unknown, ""},
      {"a later type", R"({"type":"compaction","id":"c1"})", WorkKind::unknown, "c1"},
      {"a session without id", R"({"type":"session"})", WorkKind::unknown, ""},
      {"a session", R"({"type":"session","id":"sesn_1"})", WorkKind::session, "sesn_1"},
      {"a health check", R"({"type":"healthcheck","id":"h"})", WorkKind::health_check, "h"},
      {"a health check without its type", R"({"id":"h"})", WorkKind::health_check, "h"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto item = parse_poll_answer(
        R"({"id":"work_1","environment_id":"env_1","secret":"c2Vj","data":)" + row.data + "}");
    REQUIRE(item);
    REQUIRE(*item);
    CHECK((*item)->id == "work_1");
    CHECK((*item)->environment == "env_1");
    CHECK((*item)->secret == "c2Vj");
    CHECK((*item)->kind == row.kind);
    CHECK((*item)->target == row.target);
  }
}

TEST_CASE("what a session has attached that is not served") {
  CHECK_FALSE(parse_session("null"));
  CHECK_FALSE(parse_session(R"({"status":"idle"})"));
  const auto session = parse_session(R"({"id":"sesn_1","environment_id":"env_1","status":"running",
    "agent":{"id":"agent_1","skills":[{"type":"custom","skill_id":"sk1"}],
      "multiagent":{"type":"multiagent_20261001","advisor":{"skills":[{"skill_id":"sk2"}]},
        "subagents":{"predefined_agents":[{"skills":[{"skill_id":"sk1"},{"skill_id":"sk3"}]}]},
        "workflows":null}},
    "resources":[{"type":"memory_store","memory_store_id":"mem_1"},{"type":"later"}]})");
  REQUIRE(session);
  CHECK(session->agent == "agent_1");
  CHECK(session->environment == "env_1");
  CHECK_FALSE(session->terminated);
  CHECK(session->unserved ==
        std::vector<std::string>{"skill sk1", "skill sk2", "skill sk3", "memory store mem_1"});
  CHECK(parse_session(R"({"id":"s","status":"terminated"})")->terminated);
}

TEST_CASE("an acknowledgement says when, or it does not") {
  CHECK(parse_acknowledged(R"({"id":"w","acknowledged_at":"t"})") == "t");
  for (const std::string_view body :
       {"", "null", "[]", "7", "{}", R"({"acknowledged_at":null})", R"({"acknowledged_at":7})"})
    CHECK(parse_acknowledged(body).empty());
}

TEST_CASE("an item is found in a page of the list") {
  for (const std::string_view body :
       {"", "null", "[]", "{}", R"({"data":{}})",
        R"({"data":[{"id":"w","state":"active"},{"id":"w","state":"stopped"}]})"}) {
    INFO(body);
    CHECK_FALSE(parse_work_page(body, "w"));
  }
  const auto found = parse_work_page(
      R"({"data":[7,null,{"id":"v"},{"id":"w","state":"active","acknowledged_at":"t"}],"next_page":"p"})",
      "w");
  REQUIRE(found);
  REQUIRE(found->holder);
  CHECK(found->holder->state == "active");
  CHECK(found->holder->acknowledged_at == "t");
  CHECK(found->next == "p");
  const auto bare = parse_work_page(R"({"data":[{"id":"w","acknowledged_at":null}]})", "w");
  REQUIRE((bare && bare->holder));
  CHECK(bare->holder->state.empty());
  CHECK(bare->holder->acknowledged_at.empty());
  const auto absent = parse_work_page(R"({"data":[],"next_page":null})", "w");
  REQUIRE(absent);
  CHECK_FALSE(absent->holder);
  CHECK(absent->next.empty());
}
