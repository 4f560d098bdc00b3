#include "roles/recorded_request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "../salted_record.h"

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
  return *audit::parse_record(
      *glovebox::test::salted_record(kind, stamp, "s", tool_use, std::move(members)));
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

TEST_CASE("traffic is asked about as it was seen, and for whom its record says") {
  const auto traffic = [](RecordKind kind, const std::string& members) {
    auto made =
        decision(kind, R"({"pol":")" + kDigest + R"(","prof":"build",)" + members.substr(1));
    made.call.reset();
    return made;
  };
  const struct {
    RecordKind kind;
    const char* members;
    const char* request;
  } rows[] = {
      {RecordKind::net_deny, R"({"l7":"tcp","host":"a.test","port":22})", "connect a.test:22"},
      {RecordKind::net_deny, R"({"l7":"tcp","host":"2001:db8::1","port":443})",
       "connect [2001:db8::1]:443"},
      {RecordKind::net_deny, R"({"l7":"dns","host":"A.test"})", "resolve a.test"},
      {RecordKind::net_open, R"({"l7":"sni","host":"a.test","port":443})", "connect a.test:443"},
      {RecordKind::net_open, R"({"l7":"raw","host":"10.0.0.1","port":5432})",
       "connect 10.0.0.1:5432"},
      {RecordKind::net_deny, R"({"l7":"http","host":"a.test","port":80,"meth":"GET","path":"/x"})",
       "GET http://a.test/x"},
      {RecordKind::net_open,
       R"({"l7":"inspect","host":"a.test","port":8443,"meth":"POST","path":"/x"})",
       "POST https://a.test:8443/x"},
      // What was opened for requests, before the first of them.
      {RecordKind::net_open, R"({"l7":"inspect","host":"a.test","port":443})",
       "connect a.test:443"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.request << " " << row.members) {
      const auto shared = request_of(traffic(row.kind, row.members));
      REQUIRE(shared);
      CHECK(policy::to_string(shared->request) == row.request);
      CHECK(shared->who == policy::Who{"prod", "a1", ""});
      CHECK(shared->profile == "build");
      CHECK(shared->policy == kDigest);
      const auto of_tool =
          request_of(traffic(row.kind, R"({"tool":"grep",)" + std::string(row.members + 1)));
      REQUIRE(of_tool);
      CHECK(of_tool->who == policy::Who{"prod", "a1", "grep"});
      CHECK_FALSE(of_tool->profile);
    }
  }
}

TEST_CASE("traffic whose record says too little is no request") {
  const struct {
    const char* name;
    const char* members;
    const char* says;
  } rows[] = {
      {"no policy", R"({"prof":"b","l7":"tcp","host":"a.test","port":1})", "`pol`"},
      {"neither tool nor profile", R"({"pol":"p","l7":"tcp","host":"a.test","port":1})", "`prof`"},
      {"no mode", R"({"pol":"p","prof":"b","host":"a.test","port":1})", "`l7`"},
      {"no host", R"({"pol":"p","prof":"b","l7":"tcp","why":"lost","n":7})", "names no host"},
      {"no port", R"({"pol":"p","prof":"b","l7":"tcp","host":"a.test"})", "names no port"},
      {"a port that is none", R"({"pol":"p","prof":"b","l7":"tcp","host":"a.test","port":70000})",
       "HOST:PORT"},
      {"a host that is none", R"({"pol":"p","prof":"b","l7":"tcp","host":"a b","port":1})",
       "its host: "},
      {"a name that is none", R"({"pol":"p","prof":"b","l7":"dns","host":"_x.test"})", "the name"},
      {"a long path",
       R"({"pol":"p","prof":"b","l7":"http","host":"a.test","port":80,"meth":"GET",)"
       R"("path":{"sha256":"x","size":9}})",
       "`path`"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto made = request_of(decision(RecordKind::net_deny, row.members));
      REQUIRE_FALSE(made);
      INFO(made.error().message());
      CHECK(made.error().message().starts_with("record 7: "));
      CHECK(made.error().message().contains(row.says));
    }
  }
  auto no_session = decision(RecordKind::net_deny,
                             R"({"pol":"p","prof":"b","l7":"tcp","host":"a.test","port":1})");
  no_session.session.reset();
  CHECK(request_of(no_session).error().message().contains("session.open"));
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
