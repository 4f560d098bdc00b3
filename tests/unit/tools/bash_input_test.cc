#include "tools/bash_input.h"

#include <string>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("bash refuses what is no command") {
  const struct {
    const char* name;
    const char* input;
    const char* text;
  } rows[] = {
      {"nothing", "{}", "bash: command is required"},
      {"not an object", "[]", "bash: command is required"},
      {"null", R"({"command":null})", "bash: command is required"},
      {"empty", R"({"command":""})", "bash: command is required"},
      {"restart is false", R"({"restart":false})", "bash: command is required"},
      {"a number", R"({"command":5})", "bash: command must be a string"},
      {"NUL", R"({"command":"a\u0000b"})", "bash: command contains a NUL byte"},
      {"restart is text", R"({"restart":"yes","command":"a"})", "bash: restart must be a boolean"},
      {"time is text", R"({"command":"a","timeout_ms":"5"})",
       "bash: timeout_ms must be an integer"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto input = bash_input(json(row.input), seconds(600));
    REQUIRE_FALSE(input);
    CHECK(is_error(input.error()));
    CHECK(text_of(input.error()) == row.text);
  }
}

TEST_CASE("how long a command may run") {
  const struct {
    const char* name;
    const char* input;
    std::int64_t limit;
  } rows[] = {
      {"absent", R"({"command":"a"})", 120'000},
      {"null", R"({"command":"a","timeout_ms":null})", 120'000},
      {"zero", R"({"command":"a","timeout_ms":0})", 120'000},
      {"negative", R"({"command":"a","timeout_ms":-5})", 120'000},
      {"given", R"({"command":"a","timeout_ms":250})", 250},
      {"a fraction", R"({"command":"a","timeout_ms":250.75})", 250},
      {"over the old cap", R"({"command":"a","timeout_ms":300000})", 300'000},
      {"over the policy's", R"({"command":"a","timeout_ms":9000000})", 600'000},
      {"as much as fits", R"({"command":"a","timeout_ms":1e300})", 600'000},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto input = bash_input(json(row.input), seconds(600));
    REQUIRE(input);
    CHECK(input->time_limit.count() == row.limit);
  }
  CHECK(bash_input(json(R"({"command":"a"})"), seconds(3))->time_limit == seconds(3));
}

TEST_CASE("restart starts from nothing, with a command or without") {
  const auto alone = bash_input(json(R"({"restart":true})"), seconds(1));
  REQUIRE(alone);
  CHECK(alone->start == ShellStart::fresh);
  CHECK(alone->command.empty());
  const auto both = bash_input(json(R"({"restart":true,"command":"pwd"})"), seconds(1));
  CHECK((both->start == ShellStart::fresh && both->command == "pwd"));
  CHECK(bash_input(json(R"({"command":"pwd"})"), seconds(1))->start == ShellStart::carried);
  CHECK(text_of(bash_restarted()) == "bash session restarted");
  CHECK_FALSE(is_error(bash_restarted()));
}
