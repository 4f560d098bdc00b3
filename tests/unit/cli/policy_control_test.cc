#include "cli/policy_control.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "base/exit_code.h"

namespace glovebox::cli {
namespace {

using codec::Json;
using ipc::ControlAct;

std::string text(ControlAct act, std::string_view facts) {
  return policy_control_text(act, *codec::parse_json(facts));
}

TEST_CASE("what was done is said in a line") {
  CHECK(text(ControlAct::load, R"({"file":"/p","digest":"d","changed":true})") ==
        "loaded /p: d, for new sessions\n");
  CHECK(text(ControlAct::load, R"({"file":"/p","digest":"d","changed":false})") ==
        "/p is as it was: d\n");
  CHECK(text(ControlAct::revoke, R"({"digest":"d","sessions":2})") ==
        "revoked d: 2 sessions end, none is opened on it\n");
}

TEST_CASE("a status says who runs on what, and what was refused") {
  CHECK(text(ControlAct::status,
             R"({"file":"/p","digest":"d","since":"T","by":{"way":"control","uid":0,"pid":9},)"
             R"("revoked":false,"sessions":{"d":2,"e":1},"other_sessions":4,)"
             R"("refused":{"at":"U","file":"/q","why":"no"}})") ==
        "policy    /p\ndigest    d\nsince     T, asked by process 9 of user 0\n"
        "sessions  2 on this policy\nsessions  1 on e\nsessions  4 on others\n"
        "refused   U /q: no\n");
  CHECK(text(ControlAct::status,
             R"({"file":"/p","digest":"d","since":"T","by":{"way":"start"},"revoked":true,)"
             R"("sessions":{}})") ==
        "policy    /p\ndigest    d\nsince     T, at its start\n"
        "revoked   no session is opened until another policy is loaded\nsessions  none\n");
  CHECK(text(ControlAct::status,
             R"({"file":"/p","digest":"d","since":"T","by":{"way":"hang-up"},"sessions":null})")
            .ends_with("at a hang-up\nsessions  unknown\n"));
}

TEST_CASE("where no glovebox serves, that is said") {
  PolicyControlOptions options;
  options.state = "/nowhere";
  CHECK(run_policy_control(options) == to_int(ExitCode::unreachable));
  options.act = ControlAct::load;
  options.subject = std::string(5000, 'x');
  CHECK(run_policy_control(options) == to_int(ExitCode::usage));
}

}  // namespace
}  // namespace glovebox::cli
