#include "plane/rehearsal.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace glovebox::plane {
namespace {

std::string problem(const std::string& steps) {
  const auto read = parse_rehearsal("r.toml", "rehearsal = 1\n" + steps);
  if (read) return "";
  const policy::Diagnostic& first = read.error().front();
  return std::to_string(first.origin.line) + " " + first.message;
}

}  // namespace

TEST_CASE("rehearsals that are refused say where", "[plane]") {
  struct Row {
    const char* name;
    const char* text;
    const char* line;
  };
  for (const Row& row : {
           Row{"no step", "about = \"x\"\n", "1"},
           Row{"an unknown key", "[[step]]\nsay = \"x\"\nsaying = 1\n", "4"},
           Row{"an unknown top key", "steps = 1\n[[step]]\nsay = \"x\"\n", "2"},
           Row{"a step that does nothing", "[[step]]\ntitle = \"x\"\n", "2"},
           Row{"a call without tool", "[[step]]\n[[step.call]]\ninput = {}\n", "3"},
           Row{"an empty tool", "[[step]]\ntool = \"\"\n", "3"},
           Row{"an unknown ask", "[[step]]\ntool = \"bash\"\nask = \"maybe\"\n", "4"},
           Row{"input that is no table", "[[step]]\ntool = \"bash\"\ninput = 1\n", "4"},
           Row{"an unknown expectation", "[[step]]\ntool = \"b\"\nexpect = { regex = \"x\" }\n",
               "4"},
           Row{"an exit out of range", "[[step]]\ntool = \"b\"\nexpect = { exit = 256 }\n", "4"},
           Row{"a contradiction",
               "[[step]]\ntool = \"b\"\nexpect = { exit = 1, is_error = false }\n", "4"},
           Row{"an expectation of a denied call",
               "[[step]]\ntool = \"b\"\nask = \"deny\"\nexpect = { exit = 0 }\n", "5"},
           Row{"a tool beside calls", "[[step]]\ntool = \"b\"\n[[step.call]]\ntool = \"c\"\n", "3"},
           Row{"no TOML", "[[step]\n", "2"},
       }) {
    INFO(row.name);
    const std::string found = problem(row.text);
    INFO(found);
    CHECK(found.starts_with(std::string(row.line) + " "));
  }
  CHECK_FALSE(parse_rehearsal("r.toml", "[[step]]\nsay = \"x\"\n"));
  CHECK_FALSE(parse_rehearsal("r.toml", "rehearsal = 2\n[[step]]\nsay = \"x\"\n"));
}

TEST_CASE("a rehearsal is read", "[plane]") {
  const auto read = parse_rehearsal("r.toml", R"(
rehearsal = 1
name = "n"
[[step]]
say = "hi"
[[step]]
title = "t"
[[step.call]]
tool = "bash"
input = { command = "x", timeout_ms = 5, list = [1, 2.5, true] }
ask = "allow"
expect = { contains = ["a", "b"], lacks = "c", like = "*", is_error = true }
[[step.call]]
tool = "mine"
custom = true
)");
  REQUIRE(read);
  REQUIRE(read->steps.size() == 2);
  CHECK(read->steps[0].say == "hi");
  const RehearsedCall& call = read->steps[1].calls.at(0);
  CHECK(codec::to_json(call.input) == R"({"command":"x","timeout_ms":5,"list":[1,2.5,true]})");
  CHECK(call.ask == Ask::then_allow);
  CHECK(call.expect.contains == std::vector<std::string>{"a", "b"});
  CHECK(call.expect.lacks == std::vector<std::string>{"c"});
  CHECK(read->steps[1].calls.at(1).custom);
}

TEST_CASE("the shipped tour is valid", "[plane]") {
  std::ifstream file(GLOVEBOX_SOURCE_ROOT "/policy/rehearsals/tour.toml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto read = parse_rehearsal("tour.toml", text);
  REQUIRE(read);
  CHECK(read->steps.size() >= 12);
}

TEST_CASE("a star stands for anything and nothing else does", "[plane]") {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  for (const Row& row :
       {Row{"", "", true}, Row{"", "a", false}, Row{"*", "", true}, Row{"*", "a\nb", true},
        Row{"a*c", "abc", true}, Row{"a*c", "abd", false}, Row{"a*c", "acbc", true},
        Row{"*b*", "abc", true}, Row{"*b", "abc", false}, Row{"a**c", "ac", true},
        Row{"a?c", "abc", false}, Row{"a.c", "abc", false}, Row{"*ab*ab", "abab", true},
        Row{"*ab*ab", "ab", false}}) {
    INFO(row.pattern << " on " << row.text);
    CHECK(is_like(row.pattern, row.text) == row.matches);
  }
}

TEST_CASE("results are judged by everything that is expected", "[plane]") {
  struct Row {
    const char* name;
    Expectation expectation;
    bool is_error;
    const char* text;
    std::size_t reasons;
  };
  for (const Row& row : {
           Row{"nothing is expected", {}, true, "x", 0},
           Row{"an error is wanted", {.is_error = true}, false, "x", 1},
           Row{"no error is wanted", {.is_error = false}, true, "x", 1},
           Row{"exit 0 of a failure", {.exit = 0}, true, "exit 1", 1},
           Row{"exit 0", {.exit = 0}, false, "x", 0},
           Row{"exit 3", {.exit = 3}, true, "x\nexit 3", 0},
           Row{"exit 3 alone", {.exit = 3}, true, "exit 3", 0},
           Row{"exit 3, but 33", {.exit = 3}, true, "x\nexit 33", 1},
           Row{"exit 3 without an error", {.exit = 3}, false, "exit 3", 1},
           Row{"another text", {.equals = "a"}, false, "b", 1},
           Row{"not like", {.like = "a*"}, false, "b", 1},
           Row{"two parts missing", {.contains = {"a", "b"}}, false, "c", 2},
           Row{"a part too much", {.lacks = {"c"}}, false, "c", 1},
           Row{"all at once", {.is_error = true, .equals = "a", .contains = {"b"}}, false, "c", 3},
       }) {
    INFO(row.name);
    CHECK(judge(row.expectation, row.is_error, row.text).size() == row.reasons);
  }
}

}  // namespace glovebox::plane
