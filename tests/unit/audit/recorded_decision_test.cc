#include "audit/recorded_decision.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "../log_folder.h"
#include "folder.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

codec::JsonObject member(std::string key, std::string value) {
  codec::JsonObject members;
  members.set(std::move(key), std::move(value));
  return members;
}

// Two sessions, the first of them opened twice, with a call of the same id in each.
MemoryLog two_sessions() {
  MemoryLog log;
  log.add(RecordKind::boot);                                                // 0
  log.add(RecordKind::session_open, "one", "", member("env", "first"));     // 1
  log.add(RecordKind::session_open, "two", "", member("env", "other"));     // 2
  log.add(RecordKind::tool_intent, "one", "t", member("tool", "bash"));     // 3
  log.add(RecordKind::tool_deny, "two", "t", member("tool", "grep"));       // 4
  log.add(RecordKind::sys_deny, "one", "t", member("call", "ptrace"));      // 5
  log.add(RecordKind::tool_result, "one", "t");                             // 6
  log.add(RecordKind::session_close, "one");                                // 7
  log.add(RecordKind::session_open, "one", "", member("env", "second"));    // 8
  log.add(RecordKind::fs_deny, "one", "", member("name", "/workspace/x"));  // 9
  log.add(RecordKind::tool_intent, "one", "u", member("tool", "read"));     // 10
  log.add(RecordKind::net_deny, "one", "", member("host", "a.test"));       // 11
  log.add(RecordKind::net_open, "two", "t", member("host", "b.test"));      // 12
  return log;
}

Result<RecordedDecision> find(const std::vector<std::string>& records, std::uint64_t index) {
  RecordsInMemory log(records), again(records);
  return find_decision(log, again, index);
}

std::string env(const RecordedDecision& decision) {
  return decision.session ? *decision.session->json.get_string("env") : "";
}

}  // namespace

TEST_CASE("a record that is not there, or decides nothing, is no decision") {
  const struct {
    const char* name;
    std::vector<std::string> records;
    std::uint64_t index;
    ErrorKind kind;
    const char* says;
  } rows[] = {
      {"an empty log", {}, 0, ErrorKind::not_found, "the log is empty"},
      {"behind the end", two_sessions().lines, 13, ErrorKind::not_found, "the last one is 12"},
      {"no record", {"{}"}, 0, ErrorKind::invalid, "record 0: "},
      {"no record before it", {"{}", two_sessions().lines[3]}, 1, ErrorKind::invalid, "record 0: "},
      {"a start", two_sessions().lines, 0, ErrorKind::invalid, "record 0 is a boot"},
      {"a session", two_sessions().lines, 8, ErrorKind::invalid, "hint: decisions are"},
      {"a result", two_sessions().lines, 6, ErrorKind::invalid, "its call is record 3"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto found = find(row.records, row.index);
      REQUIRE_FALSE(found);
      CHECK(found.error().kind() == row.kind);
      INFO(found.error().message());
      CHECK(found.error().message().contains(row.says));
    }
  }
}

TEST_CASE("a decision comes with the session and the call that it belongs to") {
  const std::vector<std::string> text = two_sessions().lines;
  const auto intent = find(text, 3);
  REQUIRE(intent);
  CHECK(intent->record.kind == RecordKind::tool_intent);
  CHECK(env(*intent) == "first");
  REQUIRE(intent->call);
  CHECK(*intent->call->json.get_string("tool") == "bash");

  const auto denied = find(text, 4);
  REQUIRE(denied);
  CHECK(env(*denied) == "other");
  CHECK(*denied->call->json.get_string("tool") == "grep");

  const auto refused = find(text, 5);
  REQUIRE(refused);
  CHECK(refused->record.kind == RecordKind::sys_deny);
  CHECK(*refused->call->json.get_string("tool") == "bash");

  const auto taken = find(text, 9);
  REQUIRE(taken);
  CHECK(env(*taken) == "second");
  CHECK_FALSE(taken->call);

  CHECK(env(*find(text, 10)) == "second");

  const auto shared = find(text, 11);
  REQUIRE(shared);
  CHECK(shared->record.kind == RecordKind::net_deny);
  CHECK(env(*shared) == "second");
  CHECK_FALSE(shared->call);
  const auto opened = find(text, 12);
  REQUIRE(opened);
  CHECK(env(*opened) == "other");
  CHECK(*opened->call->json.get_string("tool") == "grep");
}

TEST_CASE("what belongs to no session stands alone") {
  MemoryLog log;
  log.add(RecordKind::tool_intent, "one", "t", member("tool", "bash"));
  const auto found = find(log.lines, 0);
  REQUIRE(found);
  CHECK_FALSE(found->session);
  CHECK(found->call);
}

TEST_CASE("a decision of a folder") {
  Folder folder;
  CHECK(find_decision((folder / "none").string(), 0).error().kind() == ErrorKind::not_found);
  CHECK(find_decision(folder.path().string(), 0).error().message().contains("holds no log"));
  glovebox::test::add_to_log(folder.path().string(), two_sessions().lines);
  const auto found = find_decision(folder.path().string(), 5);
  REQUIRE(found);
  CHECK(found->index == 5);
  CHECK(env(*found) == "first");
}
