#include "tools/ripgrep.h"

#include <string>

#include "support.h"

using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("what ripgrep is called with") {
  const Tree tree;
  tree.put("d/f", "x");
  const Roots roots = tree.roots();
  CHECK_FALSE(rg_argv(json("{}"), roots));
  CHECK(text_of(rg_argv(json(R"({"pattern":"a","path":"/etc"})"), roots).error()) ==
        "path \"/etc\" is outside the session's working directory");
  const auto argv = rg_argv(json(R"({"pattern":"-x","path":"d"})"), roots);
  REQUIRE(argv);
  CHECK(*argv == std::vector<std::string>{"rg", "--no-config", "-n", "--no-heading",
                                          "--with-filename", "-e", "-x", "--", "/workspace/d"});
  CHECK(rg_argv(json(R"({"pattern":"a"})"), roots)->back() == "/workspace");
}

TEST_CASE("ripgrep's ends in the words of the contract") {
  ToolLimits limits;
  limits.max_grep_output = 8;
  const struct {
    const char* name;
    RgOutcome outcome;
    const char* answer;
  } rows[] = {
      {"error",
       {SearchEnd::exited, 2, "", "regex parse error:\n  x\n"},
       "!grep: rg failed: regex parse error:\n  x"},
      {"silent error", {SearchEnd::exited, 101, "", " \n"}, "!grep: rg failed: exit 101"},
      {"time", {SearchEnd::timed_out, 0, "", ""}, "!grep: timed out after 60s"},
      {"aborted", {SearchEnd::aborted, 0, "a:1:b\n", ""}, "!grep: aborted"},
      {"none", {SearchEnd::exited, 1, "", ""}, "no matches"},
      {"hits", {SearchEnd::exited, 0, "a:1:b\n", ""}, "a:1:b"},
      {"hits and complaints",
       {SearchEnd::exited, 2, "a:1:b\n", "rg: x: no\nrg: y: no\n"},
       "a:1:b\n[2 file(s) could not be read]"},
      {"time with hits",
       {SearchEnd::timed_out, 0, "a:1:b\na:2", ""},
       "a:1:b\n[the search was cut short after 60000 ms]"},
      {"too much",
       {SearchEnd::exited, 0, "a:1:b\na:2:b\n", ""},
       "a:1:b\n[output truncated at 8 bytes]"},
      {"stopped by us",
       {SearchEnd::output_limit, 0, "a:1:b\na:", ""},
       "a:1:b\n[output truncated at 8 bytes]"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const ToolResult result = shape_rg_output(row.outcome, limits);
    CHECK((is_error(result) ? "!" : "") + text_of(result) == row.answer);
  }
}
