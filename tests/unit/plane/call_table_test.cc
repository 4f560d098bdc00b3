#include "plane/call_table.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "fakes.h"

namespace glovebox::plane {
namespace {

codec::Json call(const char* type, const char* permission) {
  codec::Json event = codec::Json::object({{"id", "c"}, {"type", type}});
  if (permission != nullptr) event.as_object()->set("evaluated_permission", permission);
  return event;
}
const char* const kResult = R"({"type":"user.tool_result","tool_use_id":"c"})";
const char* const kCustom = R"({"type":"user.custom_tool_result","custom_tool_use_id":"c"})";
const char* const kAllow =
    R"({"type":"user.tool_confirmation","tool_use_id":"c","result":"allow"})";
const char* const kDeny = R"({"type":"user.tool_confirmation","tool_use_id":"c","result":"deny"})";

bool apply(CallTable& calls, const char* event) {
  const codec::Json posted = json(event);
  return posted.get_string("type")->ends_with("confirmation") ? calls.confirm(posted).has_value()
                                                              : calls.answer(posted).has_value();
}

}  // namespace

TEST_CASE("what may be posted for a call, in every order", "[plane]") {
  struct Row {
    const char* name;
    const char* type;
    const char* permission;
    std::vector<const char*> before;  // all accepted
    std::vector<const char*> refused;
    bool waits;
  };
  const std::vector<const char*> all{kResult, kCustom, kAllow, kDeny};
  for (const Row& row : {
           Row{"a plain call", "agent.tool_use", nullptr, {}, {kCustom, kAllow, kDeny}, true},
           Row{"an allowed call", "agent.tool_use", "allow", {}, {kCustom, kAllow, kDeny}, true},
           Row{"an answered call", "agent.tool_use", nullptr, {kResult}, all, false},
           Row{"an asked call", "agent.tool_use", "ask", {}, {kResult, kCustom}, true},
           Row{"an unknown permission", "agent.tool_use", "later", {}, {kResult, kCustom}, true},
           Row{"asked and allowed",
               "agent.tool_use",
               "ask",
               {kAllow},
               {kCustom, kAllow, kDeny},
               true},
           Row{"asked, allowed, answered", "agent.tool_use", "ask", {kAllow, kResult}, all, false},
           Row{"asked and denied", "agent.tool_use", "ask", {kDeny}, all, false},
           Row{"a refused call", "agent.tool_use", "deny", {}, all, false},
           Row{"a custom call",
               "agent.custom_tool_use",
               nullptr,
               {},
               {kResult, kAllow, kDeny},
               true},
           Row{"a custom call answered", "agent.custom_tool_use", nullptr, {kCustom}, all, false},
           Row{"the service's own call", "agent.mcp_tool_use", nullptr, {}, all, false},
           Row{"the service's call, asked",
               "agent.mcp_tool_use",
               "ask",
               {},
               {kResult, kCustom},
               true},
           Row{"the service's call, allowed", "agent.mcp_tool_use", "ask", {kAllow}, all, false},
       }) {
    INFO(row.name);
    CallTable calls;
    calls.add(call(row.type, row.permission));
    for (const char* event : row.before) CHECK(apply(calls, event));
    for (const char* event : row.refused) {
      INFO(event);
      CHECK_FALSE(apply(calls, event));
    }
    CHECK(calls.waiting().empty() == !row.waits);
    calls.interrupt();
    CHECK(calls.waiting().empty());
    for (const char* event : all) CHECK_FALSE(apply(calls, event));
  }
}

TEST_CASE("an unknown call is refused with 400", "[plane]") {
  CallTable calls;
  calls.add(json(R"({"id":"m","type":"agent.message"})"));
  CHECK(calls.answer(json(kResult)).error().status == 400);
  CHECK(calls.confirm(json(kAllow)).error().status == 400);
  CHECK(calls.find("m") == nullptr);
}

}  // namespace glovebox::plane
