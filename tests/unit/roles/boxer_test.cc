// A hostile caller, against the real boxer with a log and a caller played by the test. No box runs:
// what is refused never gets that far.
#include "roles/boxer.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "box/session_store.h"
#include "boxer_fixture.h"
#include "ipc/messages.h"

namespace glovebox::roles {
namespace {

using Fixture = BoxerFixture;

TEST_CASE("a caller that breaks the protocol is cut off") {
  struct Row {
    const char* name;
    std::uint16_t type;
    std::string body;
  };
  const std::string megabyte(1 << 20, 'x');
  const Row rows[] = {
      {"a session name of 1 MiB", ipc::OpenSession::kType,
       ipc::OpenSession{megabyte, "", "", "", ""}.encode()},
      {"a tool name of 1 MiB", ipc::Call::kType, ipc::Call{"s", "t", megabyte, "{}", 0}.encode()},
      {"a call id of 1 MiB", ipc::Settled::kType, ipc::Settled{"s", megabyte}.encode()},
      {"a program, which only a command may run", ipc::Execute::kType,
       ipc::Execute{"s", "t", {"/bin/true"}, 0}.encode()},
      {"a plan, which only a command may see", ipc::ShowPlan::kType,
       ipc::ShowPlan{"s", "bash", {}}.encode()},
      {"an acknowledgement of the auditor's", ipc::Appended::kType,
       ipc::Appended{1, 1, ""}.encode()},
      {"a result of its own", ipc::CallDone::kType, ipc::CallDone{}.encode()},
      {"a record", ipc::Append::kType, ipc::Append{1, "tool.result", "{}"}.encode()},
      {"a start", ipc::Start::kType, ipc::Start{"{}"}.encode()},
      {"half a message", ipc::Call::kType, "\x01"},
      {"a message with more behind it", ipc::Settled::kType,
       ipc::Settled{"s", "t"}.encode() + "more"},
      {"an unknown type", 0xffff, ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Fixture boxer;
    REQUIRE(boxer.worker.send(row.type, row.body));
    const auto answer = boxer.worker.receive();
    CHECK((!answer || !*answer));  // the end of the connection
  }
}

TEST_CASE("descriptors that nobody asked for cut a caller off") {
  Fixture boxer;
  REQUIRE(boxer.worker.send(ipc::OpenSession::kType, ipc::OpenSession{"s", "", "", "", ""}.encode(),
                            {0}));
  const auto answer = boxer.worker.receive();
  CHECK((!answer || !*answer));
}

TEST_CASE("requests that are refused, and the caller may go on") {
  Fixture boxer;
  boxer.open("s");
  SECTION("the session is open already") {
    boxer.say(ipc::OpenSession{"s", "e", "a", "w", ""});
    CHECK(boxer.hear<ipc::Refused>(boxer.worker).session == "s");
  }
  SECTION("a session without a name") {
    boxer.say(ipc::OpenSession{"", "e", "a", "w", ""});
    CHECK(!boxer.hear<ipc::Refused>(boxer.worker).message.empty());
  }
  SECTION("a call in a session that is not open") {
    boxer.say(ipc::Call{"t", "c", "bash", "{}", 0});
    CHECK(boxer.hear<ipc::Refused>(boxer.worker).tool_use == "c");
  }
  SECTION("a call without an id") {
    boxer.say(ipc::Call{"s", "", "bash", "{}", 0});
    CHECK(!boxer.hear<ipc::Refused>(boxer.worker).message.empty());
  }
  SECTION("an input that two readers could understand differently") {
    for (const char* input : {"", "[]", "{\"a\":1,\"a\":2}", "{} x"}) {
      boxer.say(ipc::Call{"s", "c", "bash", input, 0});
      CHECK(boxer.hear<ipc::Refused>(boxer.worker).tool_use == "c");
    }
  }
  SECTION("the close of a session that is not open") {
    boxer.say(ipc::CloseSession{"t", ""});
    CHECK(boxer.hear<ipc::Refused>(boxer.worker).session == "t");
  }
  SECTION("a call that the log knows, also from another session") {
    boxer.say(ipc::Call{"s", "known", "bash", "{}", 0});
    const auto asked = boxer.hear<ipc::Append>(boxer.auditor);
    REQUIRE(boxer.auditor.send(ipc::CallFound::kType,
                               ipc::CallFound{asked.sequence, ipc::CallState::resulted}.encode()));
    CHECK(boxer.hear<ipc::Refused>(boxer.worker).settled_before == 1);
  }
  boxer.open("next");
}

TEST_CASE("a tool that the policy does not bind is denied, and the denial is recorded first") {
  Fixture boxer;
  boxer.open("s");
  boxer.say(ipc::Call{"s", "c", "../../bin/sh", "{\"sandbox\":false}", 0});
  boxer.log_takes("tool.deny");
  const auto done = boxer.hear<ipc::CallDone>(boxer.worker);
  CHECK(done.outcome == "denied");
  CHECK(done.rule.starts_with("builtin:default:"));
  CHECK(done.is_error == 1);
}

TEST_CASE("results that nobody settled are named when their session is opened again") {
  Fixture boxer;
  const box::SessionStore store = boxer.store_of("s");
  box::StoredResult result;
  result.content = "[]";
  REQUIRE(store.pending().put("posted", result));
  REQUIRE(store.pending().put("not-posted", result));
  CHECK(boxer.open("s").kept == std::vector<std::string>{"not-posted", "posted"});
  boxer.say(ipc::Settled{"s", "posted"});
  CHECK(boxer.open("next").kept.empty());  // after it, in order
  CHECK(*store.pending().list() == std::vector<std::string>{"not-posted"});
}

TEST_CASE("without the auditor every call is refused in words") {
  Fixture boxer;
  boxer.open("s");
  boxer.say(ipc::Call{"s", "c", "bash", "{\"command\":\"true\"}", 0});
  (void)boxer.hear<ipc::Append>(boxer.auditor);
  boxer.auditor.close();
  const auto done = boxer.hear<ipc::CallDone>(boxer.worker);
  CHECK(done.outcome == "audit_failed");
  CHECK(done.content.find("refused, the audit log cannot be written") != std::string::npos);
  boxer.say(ipc::Call{"s", "d", "bash", "{\"command\":\"true\"}", 0});
  CHECK(boxer.hear<ipc::CallDone>(boxer.worker).outcome == "audit_failed");
}

TEST_CASE("a session whose end cannot be recorded keeps nobody waiting") {
  Fixture boxer;
  boxer.open("s");
  SECTION("the log is lost before the close") {
    boxer.auditor.close();
    boxer.say(ipc::Call{"s", "c", "bash", "{\"command\":\"true\"}", 0});
    CHECK(boxer.hear<ipc::CallDone>(boxer.worker).outcome == "audit_failed");
    boxer.say(ipc::CloseSession{"s", "done"});
  }
  SECTION("the log is lost while the close is recorded") {
    boxer.say(ipc::CloseSession{"s", "done"});
    REQUIRE(boxer.hear<ipc::Append>(boxer.auditor).kind == "session.close");
    boxer.auditor.close();
  }
  CHECK(boxer.hear<ipc::Refused>(boxer.worker).session == "s");
  // And the boxer can end.
  REQUIRE(boxer.supervisor.send(ipc::Stop::kType, ""));
  const auto end = boxer.supervisor.receive();
  CHECK((end && !*end));
}

TEST_CASE("an auditor that answers what was not asked is not believed") {
  Fixture boxer;
  boxer.open("s");
  boxer.say(ipc::Call{"s", "c", "bash", "{\"command\":\"true\"}", 0});
  const auto asked = boxer.hear<ipc::Append>(boxer.auditor);
  SECTION("another number") {
    REQUIRE(boxer.auditor.send(ipc::Appended::kType,
                               ipc::Appended{asked.sequence + 7, 1, ""}.encode()));
  }
  SECTION("that it knows nothing of what it was to record") {
    REQUIRE(boxer.auditor.send(ipc::CallFound::kType,
                               ipc::CallFound{asked.sequence, ipc::CallState::unknown}.encode()));
  }
  CHECK(boxer.hear<ipc::CallDone>(boxer.worker).outcome == "audit_failed");
}

}  // namespace
}  // namespace glovebox::roles
