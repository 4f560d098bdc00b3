#include "audit/find_record.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const std::string kStrange = "id with\nspaces \x1b[31m";

// boot; a call with events before and after its end; a denied call; a call with a strange id.
std::vector<std::string> sample() {
  RecordMaker maker;
  std::vector<std::string> records;
  records.push_back(maker.make(RecordKind::boot));               // 0
  records.push_back(maker.make(RecordKind::session_open, "s"));  // 1
  codec::JsonObject members;
  members.set("arg", "tu_2 is named here, in another call");
  records.push_back(maker.make(RecordKind::tool_intent, "s", "tu_1", std::move(members)));  // 2
  records.push_back(maker.make(RecordKind::net_deny, "s", "tu_1"));                         // 3
  records.push_back(maker.make(RecordKind::tool_result, "s", "tu_1"));                      // 4
  records.push_back(maker.make(RecordKind::tool_deny, "s", "tu_2"));                        // 5
  records.push_back(maker.make(RecordKind::fs_deny, "s", "tu_3"));                          // 6
  records.push_back(maker.make(RecordKind::tool_intent, "s", "tu_3"));                      // 7
  records.push_back(maker.make(RecordKind::tool_intent, "s", kStrange));                    // 8
  return records;
}

Result<FoundRecord> find(std::string_view id, std::optional<RecordKind> kind = std::nullopt) {
  RecordsInMemory records(sample());
  return find_call_record(records, id, kind);
}

}  // namespace

TEST_CASE("a call that no record speaks of is not found") {
  struct Row {
    const char* name;
    std::string id;
    std::optional<RecordKind> kind;
    std::string_view says;
  };
  const Row rows[] = {
      {"unknown", "tu_9", {}, "no record speaks of the call tu_9"},
      {"empty", "", {}, "no record speaks of the call sha256:"},
      {"part of an id", "tu_", {}, "no record speaks of the call tu_"},
      {"a session's", "s", {}, "no record speaks of the call s"},
      {"hostile", "\x1b[2J", {}, "no record speaks of the call sha256:"},
      {"denied, so without a result", "tu_2", RecordKind::tool_result,
       "the call tu_2 has no tool.result\nhint: record 5 speaks of it"},
      {"unknown, with a kind", "tu_9", RecordKind::tool_result, "the call tu_9 has no tool.result"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto found = find(row.id, row.kind);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind() == ErrorKind::not_found);
    CHECK(found.error().message().contains(row.says));
  }
}

TEST_CASE("a line that holds the id and is no record is an error") {
  std::vector<std::string> lines = sample();
  lines[2] = R"({"tu":"tu_1"})";
  RecordsInMemory records(lines);
  const auto found = find_call_record(records, "tu_1", std::nullopt);
  REQUIRE_FALSE(found);
  CHECK(found.error().message().starts_with("record 2: "));
}

TEST_CASE("the intent comes first, then whatever speaks of the call") {
  CHECK(find("tu_1")->index == 2);
  CHECK(find("tu_2")->index == 5);
  CHECK(find("tu_3")->index == 7);
  CHECK(find("tu_1", RecordKind::tool_result)->index == 4);
  CHECK(find("tu_1", RecordKind::net_deny)->index == 3);
  CHECK(find("tu_3", RecordKind::fs_deny)->index == 6);
  CHECK(find(kStrange)->index == 8);
  CHECK(find("tu_2")->bytes == sample()[5]);
}
