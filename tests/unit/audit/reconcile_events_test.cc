#include "audit/reconcile_events.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::audit;

namespace {

const std::string kUse =
    R"({"id":"sevt_1","type":"agent.tool_use","name":"bash","input":{},"processed_at":"2026-11-24T15:22:31Z"})";
const std::string kResult =
    R"({"id":"sevt_2","type":"user.tool_result","tool_use_id":"sevt_1","is_error":true,"processed_at":"2026-11-24T15:22:32.5Z"})";
constexpr WallTime kAt{1'795'533'751'000'000};

}  // namespace

TEST_CASE("what is no time in UTC is refused") {
  for (const char* text :
       {"", "Z", "2026-11-24", "2026-11-24T15:22:31", "2026-11-24 15:22:31Z", "2026-11-24T15:22Z",
        "2026-11-24T15:22:31+00:00", "2026-11-24T15:22:31.Z", "2026-11-24T15:22:31.1aZ",
        "2026-11-24T15:22:31.-1Z", "2026-13-24T15:22:31Z", "2026-02-30T15:22:31Z",
        "2026-11-24T24:22:31Z", "2026-11-24T15:60:31Z", "2026-11-24T15:22:61Z",
        "-026-11-24T15:22:31Z", "2026-11-24T15:22:31ZZ", "12026-11-24T15:22:31Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_utc(text));
  }
  CHECK(parse_utc("2026-11-24T15:22:31Z") == kAt);
  CHECK(parse_utc("2026-11-24T15:22:31.000001Z") == WallTime{kAt.microseconds + 1});
  CHECK(parse_utc("2026-11-24T15:22:31.5Z") == WallTime{kAt.microseconds + 500'000});
  CHECK(parse_utc("2026-11-24T15:22:31.123456789Z") == WallTime{kAt.microseconds + 123'456});
  CHECK(parse_utc("1970-01-01T00:00:00Z") == WallTime{0});
}

TEST_CASE("what is no list of events is refused") {
  const struct {
    const char* name;
    std::string text;
    const char* where;
  } rows[] = {
      {"no JSON", "x", "line 1"},
      {"no JSON in a later line", kUse + "\n\n{\n", "line 3"},
      {"a number", "1", "neither"},
      {"an array of numbers", "[1]", "no object"},
      {"an event without a type", R"({"id":"sevt_1"})", "`type`"},
      {"a call without an id", R"({"type":"agent.tool_use"})", "`id`"},
      {"a call with an empty id", R"({"type":"agent.tool_use","id":""})", "`id`"},
      {"a call with a number", R"({"type":"agent.tool_use","id":1})", "`id`"},
      {"a result of nothing", R"({"type":"user.tool_result","id":"sevt_2"})", "`tool_use_id`"},
      {"a result of the other kind",
       R"({"type":"user.custom_tool_result","id":"sevt_2","tool_use_id":"sevt_1"})",
       "`custom_tool_use_id`"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto events = read_session_events(row.text);
      REQUIRE_FALSE(events);
      CHECK(events.error().kind() == ErrorKind::invalid);
      CHECK(events.error().message().contains(row.where));
    }
  }
}

TEST_CASE("calls and results are read, however they were exported") {
  ReportedCall expected;
  expected.id = "sevt_1";
  expected.name = "bash";
  expected.asked = true;
  expected.result = ReportedResult{.at = WallTime{kAt.microseconds + 1'500'000}, .is_error = true};
  for (const std::string& text :
       {kUse + "\n" + kResult + "\n", kUse + "\r\n" + kResult, "[" + kUse + "," + kResult + "]",
        R"({"data":[)" + kUse + "," + kResult + R"(],"next_page":null})",
        R"({"data":[)" + kUse + R"(],"next_page":"p2"})" + "\n" + R"({"data":[)" + kResult +
            R"(],"next_page":null})",
        kResult + "\n" + kUse,
        kUse + "\n" + kUse + "\n" + kResult + "\n" +
            R"({"type":"user.tool_result","tool_use_id":"sevt_1"})",
        R"({"type":"new.kind"})" + std::string("\n") + kUse + "\n" + kResult}) {
    CAPTURE(text);
    const auto events = read_session_events(text).value();
    CHECK(events.calls == std::vector{expected});
    CHECK(events.complete);
  }
  CHECK(read_session_events("")->calls.empty());
  CHECK_FALSE(read_session_events(R"({"data":[],"next_page":"p2"})")->complete);
  // MCP calls are the service's own.
  CHECK(read_session_events(R"({"type":"agent.mcp_tool_use","id":"x"})")->calls.empty());
  const auto custom = read_session_events(
      R"([{"type":"agent.custom_tool_use","id":"c","name":"jira"},)"
      R"({"type":"user.custom_tool_result","id":"r","custom_tool_use_id":"c","processed_at":null}])");
  REQUIRE(custom->calls.size() == 1);
  CHECK(custom->calls[0].kind == CallKind::custom);
  CHECK(custom->calls[0].result == ReportedResult{});
}

TEST_CASE("the work items of a session are those that somebody took") {
  const auto item = [](const std::string& id, const std::string& session, const std::string& from,
                       const std::string& until, const std::string& type = "session") {
    return R"({"type":"work","id":")" + id + R"(","data":{"type":")" + type + R"(","id":")" +
           session + R"("},"acknowledged_at":)" + from + R"(,"stopped_at":)" + until + "}";
  };
  const std::string at = R"("2026-11-24T15:22:31Z")";
  const std::string text = item("w1", "s", at, at) + "\n" + item("w2", "s", at, "null") + "\n" +
                           item("w3", "s", "null", "null") + "\n" + item("w4", "r", at, at) + "\n" +
                           item("w5", "s", at, at, "healthcheck");
  CHECK(read_work_spans(text, "s").value() ==
        std::vector{WorkSpan{.id = "w1", .from = kAt, .until = kAt},
                    WorkSpan{.id = "w2", .from = kAt, .until = {}}});
  CHECK_FALSE(read_work_spans(R"({"data":[],"next_page":"more"})", "s"));
  CHECK_FALSE(
      read_work_spans(R"({"data":{"id":"s","type":"session"},"acknowledged_at":)" + at + "}", "s"));
}
