#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <string_view>

#include "support.h"

namespace glovebox::policy {
namespace {

// The first value begins behind `limits = { NAME = `.
std::string with_limits(std::string_view body) {
  return with_profile(std::format("limits = {{ {} }}", body));
}

TEST_CASE("each limit refuses what is no limit") {
  struct Row {
    const char* name;
    std::string_view kind;
  };
  const Row limits[] = {{"wall", "time"},  {"cpu", "time"},    {"cores", "count"},
                        {"pids", "count"}, {"files", "count"}, {"memory", "bytes"},
                        {"disk", "bytes"}, {"tmp", "bytes"},   {"output", "bytes"}};
  for (const Row& limit : limits) {
    DYNAMIC_SECTION(limit.name) {
      const std::string column = std::to_string(12 + std::string_view(limit.name).size() + 3);
      const auto broken = [&](const std::string& value, const char* code, const char* message) {
        const std::string place = std::format("{} 5:{}", code, column);
        check_broken({limit.name, with_limits(std::format("{} = {}", limit.name, value)),
                      place.c_str(), message});
      };
      broken("true", "GB0011", limit.name);
      if (limit.kind == "count") {
        broken("\"5\"", "GB0011", "must be an integer");
        broken("0", "GB0012", "must be 1 to 1000000");
        broken("-1", "GB0012", "must be 1 to 1000000");
        broken("1000001", "GB0012", "must be 1 to 1000000");
      } else {
        broken("5", "GB0011", "must be a string");
        broken("\"5\"", "GB0012", "and not zero");
        broken("\"5x\"", "GB0012", "and not zero");
        broken("\"\"", "GB0012", "and not zero");
        broken("\"99999999999999999999s\"", "GB0012", limit.name);
        broken(limit.kind == "time" ? "\"0s\"" : "\"0B\"", "GB0012", "and not zero");
        broken(limit.kind == "time" ? "\"5MiB\"" : "\"5m\"", "GB0012", "and not zero");
        broken(limit.kind == "time" ? "\"25h\"" : "\"65537GiB\"", "GB0012",
               "beyond what any limit");
      }
      broken("{ enforce = \"wall\" }", "GB0013", "needs `value`");
    }
  }
}

TEST_CASE("each wrong thing about limits is named with its place") {
  const Broken rows[] = {
      {"unknown limit", with_limits("wal = \"1s\""), "GB0010 5:12", "unknown key `wal` in limits",
       "did you mean `wall`?", 3},
      {"unknown key of a limit", with_limits("pids = { value = 1, enforced = \"wall\" }"),
       "GB0010 5:32", "unknown key `enforced` in a limit", "did you mean `enforce`?"},
      {"unknown enforcement", with_limits("pids = { value = 1, enforce = \"hard\" }"),
       "GB0012 5:42", "enforce must be one of \"wall\", \"best\""},
      {"enforcement of a wrong type", with_limits("pids = { value = 1, enforce = true }"),
       "GB0011 5:42", "enforce must be a string"},
  };
  for (const Broken& row : rows) {
    DYNAMIC_SECTION(row.name) {
      check_broken(row);
    }
  }
}

TEST_CASE("limits are read in their units") {
  const Limits limits =
      profile_of(
          "limits = { wall = \"1500ms\", cpu = \"2h\", cores = 1, pids = 1000000, files = 7,"
          " memory = { value = \"2GiB\", enforce = \"wall\" }, disk = \"3MiB\", tmp = \"4KiB\","
          " output = { value = \"5B\", enforce = \"best\" } }")
          .limits;
  CHECK(limits.wall.value == milliseconds(1500));
  CHECK(limits.cpu.value == milliseconds(7'200'000));
  CHECK(limits.cores.value == 1);
  CHECK(limits.pids.value == 1'000'000);
  CHECK(limits.files.value == 7);
  CHECK(limits.memory.value == ByteLimit(2 * kGiB));
  CHECK(limits.memory.enforce == Enforce::wall);
  CHECK(limits.disk.value == ByteLimit(3 * kMiB));
  CHECK(limits.disk.enforce == Enforce::best);
  CHECK(limits.tmp.value == ByteLimit(4 * kKiB));
  CHECK(limits.output.value == ByteLimit(5));
  CHECK(limits.output.enforce == Enforce::best);
  CHECK(limits.wall.origin.line == 5);
}

TEST_CASE("the largest limits are allowed") {
  const Limits limits = profile_of("limits = { wall = \"24h\", memory = \"65536GiB\" }").limits;
  CHECK(limits.wall.value == kMaxTime);
  CHECK(limits.memory.value == ByteLimit(kMaxBytes));
}

}  // namespace
}  // namespace glovebox::policy
