#include "plane/event_check.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "fakes.h"

namespace glovebox::plane {

TEST_CASE("events that may not be posted name their place", "[plane]") {
  struct Row {
    const char* body;
    const char* place;  // how the message begins
  };
  for (
      const Row& row : {
          Row{"{}", "events:"},
          Row{R"({"events":[]})", "events:"},
          Row{R"({"events":{}})", "events:"},
          Row{R"({"events":[1]})", "events[0].type"},
          Row{R"({"events":[{"type":"agent.message"}]})", "events[0].type"},
          Row{R"({"events":[{"type":"session.status_idle"}]})", "events[0].type"},
          Row{R"({"events":[{"type":"user.message"}]})", "events[0].content"},
          Row{R"({"events":[{"type":"user.message","content":"hi"}]})", "events[0].content"},
          Row{R"({"events":[{"type":"user.message","content":[]}]})", "events[0].content"},
          Row{R"({"events":[{"type":"user.message","content":[{"type":"text","text":""}]}]})",
              "events[0].content[0].text"},
          Row{R"({"events":[{"type":"user.message","content":[{"type":"text"}]}]})",
              "events[0].content[0].text"},
          Row{R"({"events":[{"type":"user.message","content":[{"type":"audio"}]}]})",
              "events[0].content[0].type"},
          Row{R"({"events":[{"type":"user.message","content":[{"type":"image"}]}]})",
              "events[0].content[0].source"},
          Row{R"({"events":[{"type":"user.interrupt"},{"type":"user.tool_result"}]})",
              "events[1].tool_use_id"},
          Row{R"({"events":[{"type":"user.tool_result","tool_use_id":"c","is_error":"no"}]})",
              "events[0].is_error"},
          Row{R"({"events":[{"type":"user.tool_result","tool_use_id":"c","content":[{"type":"text","text":""}]}]})",
              "events[0].content[0].text"},
          Row{R"({"events":[{"type":"user.custom_tool_result","tool_use_id":"c"}]})",
              "events[0].custom_tool_use_id"},
          Row{R"({"events":[{"type":"user.tool_confirmation","tool_use_id":"c"}]})",
              "events[0].result"},
          Row{R"({"events":[{"type":"user.tool_confirmation","tool_use_id":"c","result":"maybe"}]})",
              "events[0].result"},
          Row{R"({"events":[{"type":"user.tool_confirmation","tool_use_id":"c","result":"allow","deny_message":"x"}]})",
              "events[0].deny_message"},
          Row{R"({"events":[{"type":"user.interrupt","session_thread_id":1}]})",
              "events[0].session_thread_id"},
      }) {
    INFO(row.body);
    const Answer<codec::JsonArray> checked = check_posted_events(json(row.body));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().status == 400);
    INFO(checked.error().message);
    CHECK(checked.error().message.starts_with(row.place));
  }
}

TEST_CASE("events that may be posted", "[plane]") {
  for (
      const char* event : {
          R"({"type":"user.message","content":[{"type":"text","text":"x"}]})",
          R"({"type":"system.message","content":[{"type":"text","text":"x"}]})",
          R"({"type":"user.interrupt"})",
          R"({"type":"user.interrupt","session_thread_id":"sthr_1"})",
          R"({"type":"user.tool_result","tool_use_id":"c"})",
          R"({"type":"user.tool_result","tool_use_id":"c","content":[],"is_error":true})",
          R"({"type":"user.tool_result","tool_use_id":"c","content":[{"type":"image","source":{"type":"base64"}}]})",
          R"({"type":"user.tool_result","tool_use_id":"c","content":[{"type":"search_result","source":"s","title":"t","content":[]}]})",
          R"({"type":"user.custom_tool_result","custom_tool_use_id":"c"})",
          R"({"type":"user.tool_confirmation","tool_use_id":"c","result":"deny","deny_message":"x"})",
          R"({"type":"user.define_outcome","anything":1})",
      }) {
    INFO(event);
    CHECK(check_posted_events(json(R"({"events":[)" + std::string(event) + "]}")));
  }
}

TEST_CASE("a session begins with messages and outcomes only", "[plane]") {
  CHECK(check_initial_events(json("{}"))->empty());
  CHECK(check_initial_events(json(R"({"initial_events":null})"))->empty());
  CHECK_FALSE(check_initial_events(json(R"({"initial_events":[{"type":"user.interrupt"}]})")));
  std::string many = R"({"initial_events":[{"type":"user.define_outcome"})";
  for (int i = 1; i < 50; ++i) many += R"(,{"type":"user.define_outcome"})";
  CHECK(check_initial_events(json(many + "]}")));
  CHECK_FALSE(check_initial_events(json(many + R"(,{"type":"user.define_outcome"}]})")));
}

}  // namespace glovebox::plane
