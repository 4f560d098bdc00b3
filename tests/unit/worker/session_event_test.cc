#include "worker/session_event.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::worker;

namespace {
Result<SessionEvent> parse(std::string_view text) {
  return parse_session_event(*codec::parse_json(text));
}
}  // namespace

TEST_CASE("events that cannot be routed") {
  for (const std::string_view text :
       {"[]", "null", R"({"type":"agent.tool_use","name":"bash"})",
        R"({"type":"agent.tool_use","id":"c"})", R"({"type":"user.tool_result","id":"e"})",
        R"({"type":"user.tool_result","id":"e","custom_tool_use_id":"c"})",
        R"({"type":"user.tool_confirmation","id":"e","result":"allow"})",
        R"({"type":"session.thread_status_terminated","id":"e"})"}) {
    INFO(text);
    CHECK_FALSE(parse(text));
  }
}

TEST_CASE("permissions: absent allows, what is not known asks") {
  struct Row {
    std::string value;
    Permission permission;
  };
  for (const Row& row : std::vector<Row>{{R"("later")", Permission::ask},
                                         {R"({"type":"allow"})", Permission::ask},
                                         {"true", Permission::ask},
                                         {R"("ask")", Permission::ask},
                                         {R"("deny")", Permission::deny},
                                         {"null", Permission::allow},
                                         {R"("allow")", Permission::allow}}) {
    INFO(row.value);
    const auto event = parse(R"({"type":"agent.tool_use","id":"c","name":"bash","input":{"n":1},
      "evaluated_permission":)" +
                             row.value + "}");
    REQUIRE(event);
    CHECK(event->permission == row.permission);
    CHECK(event->input == R"({"n":1})");
  }
  CHECK(parse(R"({"type":"agent.tool_use","id":"c","name":"bash"})")->permission ==
        Permission::allow);
  CHECK(parse(R"({"type":"agent.tool_use","id":"c","name":"bash"})")->input == "{}");
}

TEST_CASE("kinds of events") {
  struct Row {
    std::string text;
    EventKind kind;
  };
  for (const Row& row : std::vector<Row>{
           {R"({"type":"later.kind","id":"e","x":1})", EventKind::other},
           {R"({"id":"e"})", EventKind::other},
           {R"({"type":"agent.mcp_tool_use","id":"c","name":"bash"})", EventKind::other},
           {R"({"type":"user.custom_tool_result","custom_tool_use_id":"c"})",
            EventKind::tool_result},
           {R"({"type":"user.interrupt","id":"e"})", EventKind::interrupt},
           {R"({"type":"session.status_terminated","id":"e"})", EventKind::session_ended},
           {R"({"type":"session.deleted","id":"e"})", EventKind::session_ended}}) {
    INFO(row.text);
    const auto event = parse(row.text);
    REQUIRE(event);
    CHECK(event->kind == row.kind);
  }
}

TEST_CASE("idle: only requires_action waits") {
  const auto idle = [](std::string_view reason) {
    return parse(R"({"type":"session.status_idle","id":"e","stop_reason":)" + std::string(reason) +
                 "}")
        ->requires_action;
  };
  CHECK(idle(R"({"type":"requires_action","event_ids":["c"]})"));
  CHECK_FALSE(idle(R"({"type":"end_turn"})"));
  CHECK_FALSE(idle(R"({"type":"later"})"));
  CHECK_FALSE(idle("null"));
}

TEST_CASE("a page of the history") {
  CHECK_FALSE(parse_history_page("{}"));
  CHECK_FALSE(parse_history_page(R"({"data":{}})"));
  const auto page = parse_history_page(
      R"({"data":[{"type":"user.message","id":"a"},{"type":"agent.tool_use"},7],"next_page":"p2"})");
  REQUIRE(page);
  CHECK(page->events.size() == 1);
  CHECK(page->unusable == 2);
  CHECK(page->next_page == "p2");
  CHECK(parse_history_page(R"({"data":[],"next_page":null})")->next_page.empty());
}

TEST_CASE("idle: what it waits for") {
  const auto ids = [](std::string_view reason) {
    return parse(R"({"type":"session.status_idle","id":"e","stop_reason":)" + std::string(reason) +
                 "}")
        ->waits_for;
  };
  using Ids = std::vector<std::string>;
  CHECK(ids(R"({"type":"requires_action","event_ids":["c","d"]})") == Ids{"c", "d"});
  CHECK(ids(R"({"type":"requires_action","event_ids":[7,"d"]})") == Ids{"d"});
  CHECK(ids(R"({"type":"requires_action","event_ids":"c"})").empty());
  CHECK(ids(R"({"type":"requires_action"})").empty());
  CHECK(ids(R"({"type":"end_turn","event_ids":["c"]})").empty());
}

TEST_CASE("a call whose input nobody can read is a call") {
  const std::string deep = std::string(500, '[') + std::string(500, ']');
  for (const std::string& input :
       {std::string(R"({"timeout_ms":99999999999999999999})"),
        std::string(R"({"command":"a","command":"b"})"), std::string(R"({"command":"\ud800"})"),
        "{\"command\":" + deep + "}", std::string(R"({"command":1e999})"),
        std::string("nonsense")}) {
    INFO(input);
    const auto event =
        read_session_event(R"({"id":"c","type":"agent.tool_use","name":"bash","input":)" + input +
                           R"(,"evaluated_permission":"deny"})");
    REQUIRE(event);
    CHECK(event->kind == EventKind::tool_use);
    CHECK(event->id == "c");
    CHECK(event->name == "bash");
    CHECK(event->input == input);
    CHECK(event->permission == Permission::deny);
  }
}

TEST_CASE("what cannot be read never grants anything") {
  const auto permission = [](std::string_view value) {
    const auto event = read_session_event(
        R"({"id":"c","type":"agent.tool_use","name":"bash","evaluated_permission":)" +
        std::string(value) + "}");
    return event ? event->permission : Permission::deny;
  };
  CHECK(permission("99999999999999999999") == Permission::ask);
  CHECK(permission(R"("\ud800")") == Permission::ask);
  for (const std::string_view text : {
           R"({"id":"c","id":"d","type":"agent.tool_use","name":"bash"})",
           R"({"id":99999999999999999999,"type":"agent.tool_use","name":"bash"})",
           R"({"id":"c","type":"agent.tool_use","name":"\ud800"})",
           R"({"id":"c","type":"agent.tool_use","name":"bash","input":1,"input":2})",
           R"({"id":"c","type":"user.tool_confirmation","tool_use_id":nonsense,"result":"allow"})",
           R"({"id":"c","type":"agent.tool_use","name":"bash")",
           "[99999999999999999999]",
           "",
       }) {
    INFO(text);
    CHECK_FALSE(read_session_event(text));
  }
}

TEST_CASE("one event that cannot be read does not cost the page") {
  const auto page = parse_history_page(
      R"({"data":[{"type":"user.message","id":"a","n":99999999999999999999},nonsense,)"
      R"({"id":"c","type":"agent.tool_use","name":"bash","input":{"n":99999999999999999999}},)"
      R"({"id":"d","type":"agent.tool_use","name":"bash","input":{"n":1}}],"next_page":"p2"})");
  REQUIRE(page);
  REQUIRE(page->events.size() == 3);
  CHECK(page->unusable == 1);
  CHECK(page->events[1].input == R"({"n":99999999999999999999})");
  CHECK(page->events[2].input == R"({"n":1})");
  CHECK(page->next_page == "p2");
  for (const std::string_view text :
       {R"({"data":[nonsense],"next_page":nonsense})", R"({"data":[nonsense)",
        R"({"data":nonsense})", R"({"a":x})"}) {
    INFO(text);
    CHECK_FALSE(parse_history_page(text));
  }
}
