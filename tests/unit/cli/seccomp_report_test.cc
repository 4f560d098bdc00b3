#include "cli/seccomp_report.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "codec/json.h"

namespace glovebox::cli {
namespace {

TEST_CASE("what is wrong with a filter is told once, whatever the architecture") {
  const FilterReport report = check_filter("own.policy", "default: kill\nnothing: allow\n");
  REQUIRE(report.errors.size() == 1);
  CHECK(report.proved.empty());
  CHECK(to_text(report) ==
        "own.policy:2:1: error GB0504: no system call named `nothing`\n"
        "  nothing: allow\n  ^^^^^^^\n");
  const codec::Json json = to_json(report);
  CHECK(json.get_bool("good") == false);
  CHECK(json.get_array("architectures")->empty());
  const codec::Json& error = json.get_array("errors")->front();
  CHECK(*error.get_string("code") == "GB0504");
  CHECK(*error.get_string("file") == "own.policy");
  CHECK(error.get_int("line") == 2);
  CHECK(error.get_int("column") == 1);
  CHECK(*error.get_string("message") == "no system call named `nothing`");
  CHECK(*error.get_string("source") == "nothing: allow");
}

TEST_CASE("a role's text is no filter of a tool") {
  const FilterReport report = check_filter("r.policy", "default: kill\n@box-making\n");
  REQUIRE(!report.errors.empty());
  for (const seccomp::TextError& error : report.errors) {
    CHECK(error.code == seccomp::Code::floor);
    CHECK(error.file == "box-making.set");
  }
}

TEST_CASE("a file that cannot be read") {
  const FilterReport report = unreadable_filter("gone", "ENOENT");
  CHECK(to_text(report) == "gone:1:1: error GB0517: cannot be read: ENOENT\n");
  CHECK(to_json(report).get_bool("good") == false);
}

TEST_CASE("a good filter is proved on each architecture") {
  const FilterReport report =
      check_filter("own.policy", "default: errno(ENOSYS)\nopen: allow\nread: allow\n");
  REQUIRE(report.errors.empty());
  REQUIRE(report.proved.size() == seccomp::kArches.size());
  const std::string text = to_text(report);
  CHECK(text.starts_with("own.policy: good\n  x86_64: 2 rules, "));
  CHECK(text.contains("\n  aarch64: 1 rules and 1 that it has no call for, "));
  const codec::Json json = to_json(report);
  const codec::JsonArray& architectures = *json.get_array("architectures");
  REQUIRE(architectures.size() == 2);
  CHECK(architectures[0].get_int("rules") == 2);
  CHECK(architectures[0].get_array("absent")->empty());
  CHECK(*architectures[1].get_string("name") == "aarch64");
  CHECK(*architectures[1].get_array("absent")->front().as_string() == "open");
  CHECK(*architectures[0].get_string("sha256") == report.proved[0].digest);
  CHECK(architectures[0].get_int("instructions") ==
        static_cast<std::int64_t>(report.proved[0].program.size() / 8));
}

TEST_CASE("an answer for machines") {
  const auto filter = seccomp::prove_text(
      "own.policy", "default: errno(ENOSYS)\nopen: allow\nread: allow if arg0 == 0  # stdin\n",
      seccomp::FilterUser::tool, seccomp::Arch::x86_64);
  REQUIRE(filter);
  const auto answer = [&](const char* question) {
    return codec::to_json(
        to_json(seccomp::explain(filter->table, seccomp::parse_question(question).value())));
  };
  CHECK(answer("read") ==
        R"json({"call":"read","architecture":"x86_64","number":0,"outcomes":[)json"
        R"json({"action":"allow","when":"arg0 == 0x0"},)json"
        R"json({"action":"errno(EPERM)","when":null}],"named":true,)json"
        R"json("place":"own.policy:3","reason":"stdin","floor":""})json");
  CHECK(answer("ptrace(arg0=3)") ==
        R"json({"call":"ptrace(arg0=0x3)","architecture":"x86_64","number":101,"outcomes":[)json"
        R"json({"action":"errno(ENOSYS)","when":null}],"named":false,)json"
        R"json("place":"own.policy:1","reason":"",)json"
        R"json("floor":"no tool may have it, with any arguments"})json");
}

}  // namespace
}  // namespace glovebox::cli
