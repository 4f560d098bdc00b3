#include "roles/call_record.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "policy/builtin.h"

namespace glovebox::roles {
namespace {

using codec::Json;
using codec::JsonObject;
using policy::AuditLevel;

const ActivePolicy& active() {
  static const ActivePolicy policy = [] {
    BoxerSettings settings;
    settings.policy_file = "builtin:default";
    settings.policy_text = std::string(*policy::builtin("default"));
    return *activate_policy(settings, policy::Day{});
  }();
  return policy;
}

std::string text(JsonObject members) {
  return codec::to_json(std::move(members));
}

audit::Salt salt() {
  return audit::Salt::from_bytes(std::string(audit::kSaltBytes, 's')).value();
}

TEST_CASE("no more of a call is told than its profile says") {
  const CallText tool{"bash", R"({"command":"echo canary"})", {}};
  const CallText program{"bash", "", {"/bin/echo", "canary"}};
  for (const CallText& call : {tool, program}) {
    const bool is_program = !call.program.empty();
    CAPTURE(is_program);
    for (const AuditLevel level :
         {AuditLevel::metadata, AuditLevel::args, AuditLevel::args_output}) {
      CAPTURE(static_cast<int>(level));
      for (const JsonObject& members : {intent_members(call, active(), {}, level, salt()),
                                        deny_members(call, active(), {}, level, salt())}) {
        const bool told = level != AuditLevel::metadata;
        CHECK(members.contains("arg") == told);
        CHECK(text(members).contains("canary") == told);
        // Whatever is told: size and commitment.
        REQUIRE(members.find("in") != nullptr);
        CHECK(salt().opens(*members.find("in"),
                           is_program ? R"(["/bin/echo","canary"])" : call.input));
        CHECK(*members.find(audit::kSaltMember)->as_string() == salt().hex());
      }
    }
  }
}

TEST_CASE("an output is told with args_output alone") {
  CallResult result;
  result.content = R"([{"type":"text","text":"canary"}])";
  for (const AuditLevel level : {AuditLevel::metadata, AuditLevel::args}) {
    const JsonObject members = result_members(result, level, salt());
    CHECK_FALSE(members.contains("res"));
    CHECK_FALSE(text(members).contains("canary"));
    CHECK(salt().opens(*members.find("out"), result.content));
  }
  const JsonObject members = result_members(result, AuditLevel::args_output, salt());
  REQUIRE(members.find("res") != nullptr);
  CHECK(*members.find("res") == *codec::parse_json(result.content));
}

}  // namespace
}  // namespace glovebox::roles
