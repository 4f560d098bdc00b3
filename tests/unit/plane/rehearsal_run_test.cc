#include "plane/rehearsal_run.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "fakes.h"

namespace glovebox::plane {
namespace {

Rehearsals rehearsals(const std::string& text) {
  const auto read = parse_rehearsal("r.toml", "rehearsal = 1\n" + text);
  return read ? Rehearsals{{"r", *read}} : Rehearsals{};
}

struct Played {
  explicit Played(const std::string& text)
      : bench({}, rehearsals(text)), session(bench.session(R"({"rehearsal":"r"})")) {}

  codec::Json report() { return bench.ask("GET", "/_plane/rehearsals/" + session); }
  std::string state() { return *report().get_string("state"); }
  codec::Json call(std::size_t step, std::size_t index = 0) {
    return (*(*report().get_array("steps"))[step].get_array("calls"))[index];
  }
  int answer(const codec::Json& call, const std::string& text, const char* is_error = "false") {
    return bench
        .call("POST", "/v1/sessions/" + session + "/events",
              R"({"events":[{"type":"user.tool_result","tool_use_id":")" +
                  *call.get_string("tool_use_id") + R"(","is_error":)" + is_error +
                  R"(,"content":[{"type":"text","text":)" + codec::json_quote(text) + "}]}]}",
              bench.key())
        .status;
  }

  Bench bench;
  std::string session;
};

constexpr const char* kTwoSteps = R"(
[[step]]
say = "first"
tool = "bash"
input = { command = "a" }
expect = { equals = "A" }
[[step]]
say = "only words"
[[step]]
[[step.call]]
tool = "bash"
[[step.call]]
tool = "read"
)";

}  // namespace

TEST_CASE("a rehearsal that a session asks for must exist", "[plane]") {
  Bench bench;
  CHECK(bench.session(R"({"rehearsal":"none"})").contains("this plane has no rehearsal none"));
}

TEST_CASE("steps follow one another as results come", "[plane]") {
  Played played(kTwoSteps);
  CHECK(played.state() == "running");
  CHECK(played.bench.history(played.session) ==
        "user.message session.status_running agent.message agent.tool_use session.status_idle");
  CHECK(played.answer(played.call(0), "A") == 200);
  CHECK(played.bench.history(played.session, 5) ==
        "user.tool_result session.status_running agent.message agent.tool_use agent.tool_use "
        "session.status_idle");
  INFO("in any order");
  CHECK(played.answer(played.call(2, 1), "x") == 200);
  CHECK(played.state() == "running");
  CHECK(played.answer(played.call(2, 0), "x") == 200);
  CHECK(played.state() == "passed");
  CHECK(played.report().get_int("passed") == 3);
  CHECK(played.bench.history(played.session, 13) ==
        "user.tool_result session.status_running session.status_idle");
}

TEST_CASE("a result that is not as expected fails with its reasons", "[plane]") {
  Played played(kTwoSteps);
  CHECK(played.answer(played.call(0), "B") == 200);
  CHECK(*played.call(0).get_string("state") == "failed");
  CHECK(*played.call(0).get_string("text") == "B");
  CHECK(played.call(0).get_array("reasons")->size() == 1);
  INFO("the rehearsal goes on");
  played.answer(played.call(2, 0), "x");
  played.answer(played.call(2, 1), "x");
  CHECK(played.state() == "failed");
}

TEST_CASE("a denied call passes unless somebody runs it", "[plane]") {
  Played played("[[step]]\ntool = \"bash\"\nask = \"deny\"\n");
  CHECK(played.state() == "passed");
  CHECK(*played.call(0).get_string("state") == "denied");
  CHECK(played.bench.history(played.session) ==
        "user.message session.status_running agent.tool_use session.status_idle "
        "user.tool_confirmation session.status_running session.status_idle");
  CHECK(played.answer(played.call(0), "done") == 400);
  CHECK(played.state() == "failed");
}

TEST_CASE("an allowed call waits for its result", "[plane]") {
  Played played("[[step]]\ntool = \"bash\"\nask = \"allow\"\n");
  CHECK(played.state() == "running");
  CHECK(played.answer(played.call(0), "done") == 200);
  CHECK(played.state() == "passed");
}

TEST_CASE("calls without an answer fail when the session ends", "[plane]") {
  for (const char* route : {"/archive", "/events"}) {
    INFO(route);
    Played played("[[step]]\ntool = \"bash\"\n");
    CHECK(played.bench
              .call("POST", "/v1/sessions/" + played.session + route,
                    R"({"events":[{"type":"user.interrupt"}]})")
              .status == 200);
    CHECK(played.state() == "failed");
  }
}

TEST_CASE("a result of several blocks is judged as their text", "[plane]") {
  CHECK(result_text(json(R"({"content":[{"type":"text","text":"a"},{"type":"image"},)"
                         R"({"type":"text","text":"b"}]})")) == "a\nb");
  CHECK(result_text(json("{}")).empty());
}

}  // namespace glovebox::plane
