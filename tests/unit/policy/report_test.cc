// What people read: a diff in three forms, an explanation, a run of tests. GLOVEBOX_ACCEPT=1 writes
// the golden texts anew.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "codec/json.h"
#include "compare_support.h"
#include "policy/diff_text.h"
#include "policy/explain.h"
#include "policy/test_run.h"
#include "policy/verdict_text.h"

namespace glovebox::policy {
namespace {

void check_golden(const std::string& name, const std::string& text) {
  const char* given = std::getenv("GLOVEBOX_SOURCE_ROOT");
  const std::filesystem::path root = given != nullptr ? given : GLOVEBOX_SOURCE_ROOT;
  const auto path = root / "tests/golden/policy" / name;
  if (std::getenv("GLOVEBOX_ACCEPT") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  const std::string wanted{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK(text == wanted);
}

// Each line of a policy says its number, so that a quote can be seen to be the right one.
std::string numbered() {
  std::string text;
  for (int i = 1; i <= 60; ++i) text += std::format("  line {} of the policy\n", i);
  return text;
}

Policy small() {
  Profile p;
  p.origin = line(10);
  p.mounts = {mount("@workspace", MountMode::read_write), mount("/srv/data", MountMode::read_only)};
  p.mounts[0].origin = line(11);
  p.mounts[1].origin = line(12);
  p.egress = {
      egress("api.example.com", 443, 443, EgressMode::inspect, {http("GET", "/repos/*/pulls/**")})};
  p.egress[0].origin = line(20);
  p.egress[0].allow[0].origin = line(21);
  p.limits.wall.origin = line(30);
  p.env = {{"LANG", "C"}};
  p.origins = {{"syscalls", line(31)}, {"env.LANG", line(32)}, {"audit.level", line(33)}};
  p.guard = {{".git/hooks", line(34)}};
  p.deny.egress.push_back({target("*.internal.example"), line(35)});
  Policy policy = policy_of_profile(p);
  policy.binds[0].tools = {{"bash", "p", line(2)}, {"read", "p", line(3)}};
  policy.tests = {{{}, "connect evil.example:443", false, line(50)},
                  {{}, "GET https://api.example.com/repos/a/pulls/1", true, line(51)},
                  {{}, "write @workspace/a", false, line(52)},
                  {{}, "wrote @workspace/a", false, line(53)}};
  return policy;
}

Policy widened() {
  Policy policy = small();
  Profile& p = policy.profiles.at("p");
  p.egress[0].allow.push_back(http("POST", "/repos/*/merge"));
  p.egress[0].allow[1].origin = line(22);
  p.mounts[1].mode = MountMode::read_write;
  p.limits.wall.value = seconds(60);
  p.env["LANG"] = "C.UTF-8";
  p.audit.level = AuditLevel::metadata;
  policy.binds[0].tools.push_back({"mcp:github/*", "p", line(4)});
  return policy;
}

DiffReport report(const Policy& before, const Policy& after) {
  return {"old.toml",
          "new.toml",
          {{"p.toml", numbered()}},
          {{"p.toml", numbered()}},
          diff(before, plain_filters(), after, plain_filters()),
          false};
}

TEST_CASE("a diff for people, for a pull request, for scripts") {
  const DiffReport wider = report(small(), widened());
  CHECK(widens(wider.differences));
  check_golden("diff.txt", to_text(wider));
  check_golden("diff.md", to_markdown(wider));
  check_golden("diff.json", to_json(wider));
  REQUIRE(codec::parse_json(to_json(wider)));
  CHECK(codec::parse_json(to_json(wider))->get_bool("wider") == true);
  for (const std::string& text : {to_text(wider), to_markdown(wider)})
    CHECK(text.find("now allowed: POST https://api.example.com/repos/any/merge as tool bash") !=
          std::string::npos);
}

TEST_CASE("a diff without a difference says so") {
  DiffReport same = report(small(), small());
  CHECK(to_text(same) == "COSMETIC  the texts differ, what they permit does not\n");
  CHECK(codec::parse_json(to_json(same))->get_bool("cosmetic") == true);
  same.same_text = true;
  CHECK(to_text(same) == "COSMETIC  the texts are equal\n");
  CHECK(codec::parse_json(to_json(same))->get_bool("cosmetic") == false);
}

TEST_CASE("an explanation: summary, lines, the cap") {
  Policy policy = small();
  policy.cap = policy.profiles.at("p");
  policy.cap->limits.wall.origin = {"cap.toml", 7, 1};
  policy.cap->egress[0].origin = {"cap.toml", 9, 1};
  const Explanation explanation = explain(policy, plain_filters(), {});
  check_golden("explain.txt", to_text(explanation));
  REQUIRE(codec::parse_json(to_json(explanation)));
  CHECK(codec::parse_json(to_json(explanation))->get_array("lines")->size() ==
        explanation.lines.size());
  const Explanation none = explain(policy, plain_filters(), {"local", "local", "write"});
  CHECK(none.profile.empty());
  CHECK(none.summary == std::vector<std::string>{
                            "Tool `write` is denied: the bind names no profile for this tool."});
}

TEST_CASE("the tests of a policy, and what they leave out") {
  const Policy policy = small();
  const TestRun run = run_tests(policy, plain_filters());
  CHECK(!run.passed());
  check_golden("test.txt", to_text(run, Coverage::shown));
  Policy good = policy;
  good.tests.resize(2);
  CHECK(run_tests(good, plain_filters()).passed());
  good.tests.clear();
  CHECK(!run_tests(good, plain_filters()).passed());
}

TEST_CASE("a call that waits for an approval is not allowed by itself") {
  Policy policy = small();
  policy.profiles.at("p").approvals = {{"read", "webhook:desk", seconds(60), line(40)}};
  policy.tests = {{{"local", "local", "read"}, "read @workspace", true, line(50)}};
  CHECK(!run_tests(policy, plain_filters()).passed());
  policy.tests[0].allow = false;
  CHECK(run_tests(policy, plain_filters()).passed());
}

}  // namespace
}  // namespace glovebox::policy
