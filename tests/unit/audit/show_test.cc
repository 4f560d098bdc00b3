#include "audit/show.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "../salted_record.h"

#include "codec/merkle.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;
using codec::Json;
using codec::JsonObject;

namespace {

std::string intent(JsonObject members) {
  const RecordStamp stamp{
      .wall = {1'795'534'951'000'000}, .since_boot = microseconds(42), .boot_id = "b1"};
  return glovebox::test::salted_record(RecordKind::tool_intent, stamp, "s1", "t1",
                                       std::move(members))
      .value();
}

std::string shown(std::string_view key, Json value) {
  JsonObject members;
  members.set(std::string(key), std::move(value));
  const std::string line = show_record(3, intent(members)).value();
  const std::string begin = "#3 2026-11-24T15:42:31.000000Z tool.intent session=s1 tool_use=t1 ";
  REQUIRE(line.starts_with(begin));
  return line.substr(begin.size(), line.find(" since_boot_us=") - begin.size());
}

std::vector<std::string> lines_of(const MemoryLog& log, const ShowFilter& filter) {
  RecordsInMemory source = log.source();
  std::vector<std::string> out;
  REQUIRE(show_log(source, filter, ShowForm::stored, [&](std::string_view line) -> Result<void> {
    out.emplace_back(line);
    return {};
  }));
  return out;
}

}  // namespace

TEST_CASE("what is not a record is not shown") {
  CHECK_FALSE(show_record(0, ""));
  CHECK_FALSE(show_record(0, "{}"));
  RecordsInMemory source({"{}"});
  const auto done =
      show_log(source, {}, ShowForm::text, [](std::string_view) { return Result<void>(); });
  REQUIRE_FALSE(done);
  CHECK(done.error().kind() == ErrorKind::invalid);
  CHECK(done.error().message().starts_with("record 0: "));
}

TEST_CASE("a record is one line with long names, ids first and hashes last") {
  const std::string line = intent({});
  CHECK(show_record(3, line).value() ==
        "#3 2026-11-24T15:42:31.000000Z tool.intent session=s1 tool_use=t1 since_boot_us=42 "
        "run=b1 previous=000000000000 leaf=" +
            codec::leaf_hash(line).hex().substr(0, 12));
}

TEST_CASE("no value can steer a terminal, forge a pair or leave the line") {
  const struct {
    const char* name;
    Json value;
    std::string text;
  } rows[] = {
      {"escape", "\x1b[2J", "<x1b>[2J"},
      {"line feed", "a\nb", "a<x0a>b"},
      {"bidirectional control", "\xe2\x80\xae", "<u202e>"},
      {"a letter outside ASCII", "\xc3\xbc", "<u00fc>"},
      {"a space", "a b", "\"a b\""},
      {"an equals sign", "a=b", "\"a=b\""},
      {"quotes", "say \"x\"", "\"say \\\"x\\\"\""},
      {"empty", "", "\"\""},
      {"a number", 7, "7"},
      {"an object", Json::object({{"c", "\xc3\xbc"}}), "{\"c\":\"<u00fc>\"}"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(shown("rule", row.value) == "rule=" + row.text);
    }
  }
  CHECK(shown("evil\nkey", 1) == "evil<x0a>key=1");
}

TEST_CASE("short keys have long names, others stay") {
  CHECK(long_key("tu") == "tool_use");
  CHECK(long_key("prot") == "protection");
  CHECK(long_key("unknown") == "unknown");
  CHECK(shown("prof", "p") == "profile=p");
}

TEST_CASE("a filter shows what fits all of its members") {
  const MemoryLog log = sample_log(40);
  CHECK(lines_of(log, {}) == log.lines);
  CHECK(lines_of(log, {.session = "sess_0"}).size() == 16);
  CHECK(lines_of(log, {.tool_use = "toolu_3"}).size() == 2);
  CHECK(lines_of(log, {.kind = RecordKind::boot}).size() == 1);
  CHECK(lines_of(log, {.session = "sess_0", .kind = RecordKind::tool_result}).size() == 8);
  CHECK(lines_of(log, {.session = "sess_0", .tool_use = "toolu_9"}).empty());
  CHECK(lines_of(log, {.session = "no such"}).empty());
  CHECK(lines_of(log, {.index = 7}) == std::vector{log.lines[7]});
  CHECK(lines_of(log, {.index = 40}).empty());
  CHECK(lines_of(log, {.since = parse_record(log.lines[38])->wall}).size() == 2);
  CHECK(lines_of(log, {.only_denials = true}).empty());
}

TEST_CASE("what was refused is found") {
  MemoryLog log;
  log.add(RecordKind::boot);
  for (const RecordKind kind : {RecordKind::tool_deny, RecordKind::net_deny, RecordKind::fs_deny,
                                RecordKind::sys_deny, RecordKind::net_open})
    log.add(kind, "s", "t");
  CHECK(lines_of(log, {.only_denials = true}) ==
        std::vector(log.lines.begin() + 1, log.lines.end() - 1));
}

TEST_CASE("an error of the output ends it") {
  const MemoryLog log = sample_log(3);
  RecordsInMemory source = log.source();
  int seen = 0;
  CHECK(show_log(source, {}, ShowForm::text, [&](std::string_view) -> Result<void> {
    ++seen;
    return {};
  }));
  CHECK(seen == 3);
  RecordsInMemory again = log.source();
  CHECK(show_log(again, {}, ShowForm::text,
                 [](std::string_view) -> Result<void> {
                   return Error(ErrorKind::closed, "nobody reads");
                 })
            .error()
            .kind() == ErrorKind::closed);
}
