#include "roles/recorded_request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "roles/call_record.h"

namespace glovebox::roles {
namespace {

using audit::Record;
using audit::RecordKind;
using codec::Json;
using codec::JsonObject;

const std::string kDigest(64, 'a');
constexpr WallTime kWhen{1'795'534'951'000'000};  // 2026-11-24

Record record(RecordKind kind, std::string_view tool_use, JsonObject members) {
  const audit::RecordStamp stamp{
      .wall = kWhen, .since_boot = microseconds(1), .boot_id = "b", .previous = {}};
  return *audit::parse_record(*audit::build_record(kind, stamp, "s", tool_use, std::move(members)));
}

JsonObject json(std::string_view text) {
  return *codec::parse_json(text)->as_object();
}

audit::RecordedDecision decision(RecordKind kind, std::string_view members) {
  return {
      7, record(kind, "t", json(members)),
      record(RecordKind::session_open, "", json(R"({"env":"prod","agent":"a1"})")),
      record(RecordKind::tool_intent, "t", json(R"({"tool":"bash","pol":")" + kDigest + R"("})"))};
}

TEST_CASE("what a record does not say is not guessed") {
  const auto without = [](std::optional<Record> audit::RecordedDecision::* part) {
    auto made = decision(RecordKind::sys_deny, R"({"call":"ptrace"})");
    (made.*part).reset();
    return made;
  };
  auto no_call = without(&audit::RecordedDecision::call);
  no_call.record.tool_use.clear();
  auto no_policy = decision(RecordKind::sys_deny, R"({"call":"ptrace"})");
  no_policy.call = record(RecordKind::tool_intent, "t", json(R"({"tool":"bash"})"));
  auto long_tool = decision(RecordKind::sys_deny, R"({"call":"ptrace"})");
  long_tool.call =
      record(RecordKind::tool_intent, "t", json(R"({"tool":{"sha256":"x","size":9},"pol":"p"})"));
  const struct {
    const char* name;
    audit::RecordedDecision decision;
    const char* says;
  } rows[] = {
      {"no session", without(&audit::RecordedDecision::session), "session.open"},
      {"no call in the log", without(&audit::RecordedDecision::call), "is not in this log"},
      {"no call", no_call, "belongs to no call"},
      {"no policy", no_policy, "`pol`"},
      {"a tool that was too long", long_tool, "`tool`"},
      {"several calls", decision(RecordKind::sys_deny, R"({"why":"several"})"),
       "several system calls"},
      {"a call of no name", decision(RecordKind::sys_deny, R"({"call":"number 4242"})"), "no name"},
      {"an argument that is none",
       decision(RecordKind::sys_deny, R"({"call":"ptrace","arg":{"pid":1}})"), "argument"},
      {"an argument of another call",
       decision(RecordKind::sys_deny, R"({"call":"ptrace","arg":{"domain":"1"}})"), "argument"},
      {"several files", decision(RecordKind::fs_deny, R"({"more":3})"), "several files"},
      {"no path", decision(RecordKind::fs_deny, R"({"name":"x/../y"})"), "the path must be"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto made = request_of(row.decision);
      REQUIRE_FALSE(made);
      CHECK(made.error().kind() == ErrorKind::invalid);
      INFO(made.error().message());
      CHECK(made.error().message().starts_with("record 7: "));
      CHECK(made.error().message().contains(row.says));
    }
  }
}

TEST_CASE("each kind of decision is a request of the one grammar") {
  const struct {
    RecordKind kind;
    const char* members;
    const char* request;
  } rows[] = {
      {RecordKind::tool_intent, R"({"tool":"bash"})", "tool bash"},
      {RecordKind::tool_deny, R"({"tool":"bash","why":"x"})", "tool bash"},
      {RecordKind::sys_deny, R"({"call":"ptrace","arg":{"request":"16","pid":"-1"}})",
       "syscall ptrace(arg0=0x10,arg1=0xffffffff)"},
      {RecordKind::sys_deny, R"({"call":"userfaultfd"})", "syscall userfaultfd"},
      {RecordKind::fs_deny, R"({"name":"/workspace/.git/hooks"})", "write @workspace/.git/hooks"},
      {RecordKind::fs_deny, R"({"name":"/workspace/a b"})", "write @workspace/a b"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.request) {
      const auto made = request_of(decision(row.kind, row.members));
      REQUIRE(made);
      CHECK(policy::to_string(made->request) == row.request);
      CHECK(policy::parse_request(row.request).value() == made->request);
      CHECK(made->who == policy::Who{"prod", "a1", "bash"});
      CHECK(made->policy == kDigest);
      CHECK(made->day == policy::Day(std::chrono::year(2026) / 11 / 24));
    }
  }
}

TEST_CASE("what the boxer writes of a refused call and of a guarded name is read back") {
  box::Refusal refusal;
  refusal.number = 101;
  refusal.arguments = {16, 1, 0x7fff'1234'5678, 0};
  refusal.error = 1;
  const ActivePolicy active{.calendar = *PolicyCalendar::make(policy::Policy(), policy::Day()),
                            .filters = {},
                            .filter_texts = {},
                            .reports = {},
                            .digest = {},
                            .protected_paths = {}};
  auto made = decision(RecordKind::sys_deny, "{}");
  made.record = record(RecordKind::sys_deny, "t", refusal_members(refusal, active, ""));
  CHECK(policy::to_string(request_of(made).value().request) == "syscall ptrace(arg0=0x10,arg1=1)");

  box::GuardReport report;
  box::SweptName name;
  name.path = ".vscode";
  report.names.push_back(name);
  made.record = record(RecordKind::fs_deny, "t", taken_members(report).front());
  CHECK(policy::to_string(request_of(made).value().request) == "write @workspace/.vscode");
}

}  // namespace
}  // namespace glovebox::roles
