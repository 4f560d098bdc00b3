#include "cli/rehearse_report.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <string_view>
#include <vector>

using namespace glovebox;
using namespace glovebox::cli;

namespace {

codec::Json report(std::string_view text) {
  return codec::parse_json(text).value();
}

constexpr std::string_view kRunning = R"({"state": "running", "passed": 1, "failed": 0, "steps": [
  {"title": "look", "calls": [
    {"tool": "bash", "tool_use_id": "t1", "state": "passed", "input": {"command": "id"},
     "text": "uid=1000\nsecond\nthird"},
    {"tool": "read", "tool_use_id": "t2", "state": "running"}]}]})";

}  // namespace

TEST_CASE("lines of the log that are no records of calls are passed over") {
  const std::string_view rows[] = {
      "",
      "\n",
      "no json\n",
      "[]\n",
      "7\n",
      "{}\n",
      R"({"tu": 7, "dec": "allow"})"
      "\n",
      R"({"tu": "", "dec": "allow"})"
      "\n",
      R"({"tu": "t1", "dec": "allow"})"  // without its end: not written whole
  };
  for (const std::string_view log : rows) {
    INFO(log);
    CHECK(read_logged_calls(log).empty());
  }
}

TEST_CASE("the records of a call are read together") {
  const auto calls = read_logged_calls(
      "{\"tu\": \"t1\", \"dec\": \"allow\", \"rule\": \"p.toml:3:1\", \"prof\": \"agent\"}\n"
      "broken\n"
      "{\"tu\": \"t2\", \"dec\": \"deny\", \"why\": \"no rule\"}\n"
      "{\"tu\": \"t1\", \"outcome\": \"exit\", \"ns\": 12345678, \"rule\": 7}\n");
  REQUIRE(calls.size() == 2);
  const LoggedCall& first = calls.at("t1");
  CHECK(first.decision == "allow");
  CHECK(first.rule == "p.toml:3:1");
  CHECK(first.profile == "agent");
  CHECK(first.outcome == "exit");
  CHECK(first.wall_us == 12345);
  CHECK(calls.at("t2").why == "no rule");
}

TEST_CASE("what is refused to a call while it runs does not decide about it") {
  const auto calls = read_logged_calls(
      "{\"k\": \"tool.intent\", \"tu\": \"t1\", \"dec\": \"allow\", \"rule\": \"p.toml:3\"}\n"
      "{\"k\": \"sys.deny\", \"tu\": \"t1\", \"dec\": \"deny\", \"rule\": \"kernel.set:9\"}\n"
      "{\"k\": \"fs.deny\", \"tu\": \"t1\", \"dec\": \"deny\", \"rule\": \"p.toml:7\"}\n"
      "{\"k\": \"tool.result\", \"tu\": \"t1\", \"outcome\": \"finished\"}\n");
  CHECK(calls.at("t1").decision == "allow");
  CHECK(calls.at("t1").rule == "p.toml:3");
  CHECK(calls.at("t1").outcome == "finished");
}

TEST_CASE("a report of another shape tells nothing and is not over") {
  for (const std::string_view text :
       {"null", "[]", "{}", R"({"steps": 7, "state": 7})", R"({"steps": [7, {"calls": {}}]})",
        R"({"steps": [{"calls": [7, null, {"state": 7}, {"state": "running"}]}]})"}) {
    INFO(text);
    RehearsalTeller teller;
    const auto news = teller.look(report(text));
    CHECK(news.ended.empty());
    CHECK_FALSE(news.over);
    CHECK_FALSE(news.passed);
    CHECK(teller.tell(report(text), {}) == "");
  }
}

TEST_CASE("a call is told once, when it is over") {
  RehearsalTeller teller;
  CHECK(teller.look(report(kRunning)).ended == std::vector<std::string>{"t1"});
  const auto log = read_logged_calls(
      "{\"tu\": \"t1\", \"dec\": \"allow\", \"rule\": \"p.toml:3:1\", \"ns\": 12345678}\n");
  const std::string lines = teller.tell(report(kRunning), log);
  CHECK(lines ==
        " 1 look: bash {\"command\":\"id\"}\n"
        "   ok: allowed by p.toml:3:1, 12.3 ms: uid=1000 (+2 lines)\n");
  CHECK(teller.look(report(kRunning)).ended.empty());
  CHECK(teller.tell(report(kRunning), log) == "");
}

TEST_CASE("who decided about a call is told as the log and the report have it") {
  struct Row {
    const char* name;
    std::string_view state, record, told;
  };
  const Row rows[] = {
      {"refused by a rule", "passed", R"({"tu":"t","dec":"deny","rule":"p:1:1","why":"w"})",
       "ok: refused by p:1:1\n"},
      {"refused without a rule", "passed", R"({"tu":"t","dec":"deny","why":"no bind"})",
       "ok: refused by no bind\n"},
      {"denied by a person", "denied", "", "ok: denied by the person who was asked, not run\n"},
      {"never logged", "passed", "", "ok: not run\n"},
      {"not as expected", "failed", R"({"tu":"t","dec":"allow","rule":"p:1:1","ns":0})",
       "NOT ok: allowed by p:1:1, 0.0 ms\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    RehearsalTeller teller;
    const auto log = read_logged_calls(std::string(row.record) + "\n");
    const std::string lines = teller.tell(
        report(std::format(R"({{"steps": [{{"calls": [{{"tool_use_id": "t", "state": "{}"}}]}}]}})",
                           row.state)),
        log);
    CHECK(lines.contains(row.told));
  }
}

TEST_CASE("text of an agent cannot steer the terminal or forge a line") {
  RehearsalTeller teller;
  const std::string lines = teller.tell(report(R"({"steps": [{"title": "t\u001b[2J", "calls": [
        {"tool": "bash\r", "state": "failed", "input": {"command": "\u202e"},
         "text": "a\u001b]0;x\u0007\nok: forged", "reasons": ["why\nok: forged \u009b", 7]}]}]})"),
                                        {});
  for (const std::string_view bad : {"\x1b", "\r", "\u202e", "\u009b", "\x07", "\nok:"})
    CHECK_FALSE(lines.contains(bad));
  CHECK(std::ranges::count(lines, '\n') == 3);
}

TEST_CASE("long text is cut between characters") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "€";
  for (std::size_t shift = 0; shift < 3; ++shift) {
    RehearsalTeller teller;
    const std::string lines = teller.tell(
        report(std::format(R"({{"steps": [{{"calls": [{{"state": "passed", "text": "{}{}"}}]}}]}})",
                           std::string(shift, 'a'), text)),
        {});
    INFO(lines);
    CHECK(lines.contains("€...\n"));
    CHECK(lines.size() < 200);
  }
}

TEST_CASE("the end of a rehearsal says how it went") {
  RehearsalTeller teller;
  const auto good = teller.look(report(R"({"state": "passed", "passed": 3, "failed": 0})"));
  CHECK((good.over && good.passed));
  CHECK(good.summary == "3 as expected, 0 not");
  const auto bad = teller.look(report(R"({"state": "failed", "passed": 1, "failed": 2})"));
  CHECK((bad.over && !bad.passed));
  CHECK(bad.summary == "1 as expected, 2 not");
}
