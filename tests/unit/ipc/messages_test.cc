#include "ipc/messages.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <vector>

#include "ipc/policy_messages.h"
#include "ipc/secret_messages.h"
#include "ipc/wire.h"

using namespace glovebox;
using namespace glovebox::ipc;

namespace {

struct Message {
  std::string name;
  std::uint16_t type;
  std::string bytes;
  std::function<Result<std::string>(std::string_view)> again;  // decoded and encoded
};

template <class M>
Message row(std::string name, const M& message) {
  return {
      std::move(name), M::kType, message.encode(),
      [](std::string_view body) -> Result<std::string> { return TRY(M::decode(body)).encode(); }};
}

// Every message, with no field left as it is by default.
std::vector<Message> messages() {
  return {
      row("Start", Start{"{}"}),
      row("Ready", Ready{}),
      row("Peer", Peer{"boxer"}),
      row("Stop", Stop{}),
      row("Fatal", Fatal{71, "no Landlock"}),
      row("Update", Update{R"({"settings":{}})"}),
      row("SecretRefused", SecretRefused{"environment_key"}),
      row("Observe", Observe{7, 1}),
      row("Observed", Observed{7, "boxer", R"({"a":1})", "no box can be made"}),
      row("OpenFile", OpenFile{"/etc/glovebox/key"}),
      row("FileOpened", FileOpened{13}),
      row("RunCommand", RunCommand{}),
      row("CommandRan", CommandRan{"ended with status 1", "no ticket"}),
      row("OpenSession", OpenSession{"s", "env", "agent", "work", "[\"skills\"]"}),
      row("SessionOpened", SessionOpened{"s", 7, {}}),
      row("SessionOpened with results kept", SessionOpened{"s", 7, {"t", "u"}}),
      row("Call", Call{"s", "t", "bash", R"({"command":"true"})", 1000}),
      row("Execute", Execute{"s", "t", {"/bin/true", "", std::string("a\0b", 3)}, 5}),
      row("Execute without arguments", Execute{"s", "t", {}, 5}),
      row("Cancel", Cancel{"s", "t", 1}),
      row("Settled", Settled{"s", "t"}),
      row("CloseSession", CloseSession{"s", "done"}),
      row("SessionClosed", SessionClosed{"s"}),
      row("CallDone",
          CallDone{"s", "t", "finished", 1, -9, "[]", "rule", "detail", 12, 1, 2, 3, "{}"}),
      row("Refused", Refused{"s", "t", "not from here", 1}),
      row("ShowPlan", ShowPlan{"s", "bash", {"a"}}),
      row("PlanText", PlanText{"plan", "denied"}),
      row("Append", Append{3, "tool.intent", "{}"}),
      row("Appended", Appended{3, 9, std::string(64, 'a')}),
      row("AppendFailed", AppendFailed{3, "full"}),
      row("FindCall", FindCall{4, "s", "t"}),
      row("CallFound", CallFound{4, CallState::resulted}),
      row("KnowSecret", KnowSecret{7, "work_1"}),
      row("SecretOver", SecretOver{"work_1"}),
      row("SecretKnown", SecretKnown{8, "too many"}),
      row("PolicyOrder", PolicyOrder{7, PolicyAct::revoke, "d"}),
      row("PolicyReport", PolicyReport{7, "no such filter", "{}"}),
      row("KeepPolicy", KeepPolicy{5, "d", "{}"}),
      row("PolicyKept", PolicyKept{5, std::string(64, 'a')}),
      row("FetchPolicy", FetchPolicy{6, "d"}),
      row("PolicyFetched", PolicyFetched{6, "{}"}),
      row("ControlRequest", ControlRequest{ControlAct::rollback, "d", 1}),
      row("ControlAnswer", ControlAnswer{"no such policy", "{}"}),
  };
}

}  // namespace

TEST_CASE("a message that is cut short anywhere, or goes on, is refused") {
  for (const Message& message : messages()) {
    DYNAMIC_SECTION(message.name) {
      for (std::size_t size = 0; size < message.bytes.size(); ++size)
        CHECK(message.again(std::string_view(message.bytes).substr(0, size)).error().kind() ==
              ErrorKind::protocol);
      CHECK(message.again(message.bytes + '\0').error().kind() == ErrorKind::protocol);
    }
  }
}

TEST_CASE("every message reads back as it was written") {
  for (const Message& message : messages()) {
    DYNAMIC_SECTION(message.name) {
      CHECK(message.again(message.bytes).value() == message.bytes);
    }
  }
}

TEST_CASE("whatever is taken has one form: a changed byte is refused or is another message") {
  for (const Message& message : messages()) {
    DYNAMIC_SECTION(message.name) {
      for (std::size_t at = 0; at < message.bytes.size(); ++at) {
        for (const char mask : {'\x01', '\x02', '\x80', '\xff'}) {
          std::string changed = message.bytes;
          changed[at] = static_cast<char>(changed[at] ^ mask);
          const auto again = message.again(changed);
          if (again) CHECK(*again == changed);
        }
      }
    }
  }
}

TEST_CASE("flags and choices have no other values, names and texts a length") {
  std::string cancel = Cancel{"s", "t", 1}.encode();
  cancel.back() = 2;
  CHECK_FALSE(Cancel::decode(cancel));
  std::string found = CallFound{1, CallState::resulted}.encode();
  found.back() = 3;
  CHECK_FALSE(CallFound::decode(found));
  const std::string name(kMaxName, 'n');
  CHECK(Peer::decode(Peer{name}.encode()));
  CHECK_FALSE(Peer::decode(Peer{name + "n"}.encode()));
  CHECK_FALSE(Call::decode(Call{name + "n", "t", "bash", "{}", 0}.encode()));
  CHECK_FALSE(Call::decode(Call{"s", std::string(1 << 20, 't'), "bash", "{}", 0}.encode()));
  CHECK_FALSE(Append::decode(Append{1, name + "n", "{}"}.encode()));
  CHECK_FALSE(Fatal::decode(Fatal{1, std::string(kMaxText + 1, 'x')}.encode()));
  CHECK(Fatal::decode(Fatal{1, std::string(kMaxText, 'x')}.encode()));
  CHECK_FALSE(
      KeepPolicy::decode(KeepPolicy{1, "d", std::string(kMaxPolicyDocument + 1, 'x')}.encode()));
  const std::string subject(kMaxControlSubject, '/');
  CHECK(ControlRequest::decode(ControlRequest{ControlAct::load, subject, 0}.encode()));
  CHECK_FALSE(ControlRequest::decode(ControlRequest{ControlAct::load, subject + "/", 0}.encode()));
}

TEST_CASE("a list that promises more than it holds is refused without room for it") {
  Writer list;
  list.number(static_cast<std::uint32_t>(kMaxList));
  Writer message;
  message.text("s").text("t").text(list.take()).number(std::uint64_t{0});
  CHECK_FALSE(Execute::decode(message.take()));
}

TEST_CASE("who takes what") {
  using enum Connection;
  const struct {
    Connection connection;
    std::vector<std::uint16_t> types;
  } rows[] = {
      {role_of_supervisor,
       {Start::kType, Peer::kType, Stop::kType, Update::kType, Observe::kType, Observed::kType,
        PolicyOrder::kType}},
      {supervisor_of_role, {Ready::kType, Fatal::kType, Observed::kType, SecretKnown::kType}},
      {supervisor_of_egress,
       {Ready::kType, Fatal::kType, Observed::kType, SecretRefused::kType, SecretKnown::kType}},
      {supervisor_of_worker,
       {Ready::kType, Fatal::kType, Observed::kType, SecretRefused::kType, Observe::kType,
        KnowSecret::kType, SecretOver::kType, SecretKnown::kType}},
      {supervisor_of_boxer,
       {Ready::kType, Fatal::kType, Observed::kType, PolicyReport::kType, SecretKnown::kType}},
      {boxer_of_worker,
       {OpenSession::kType, Call::kType, Cancel::kType, Settled::kType, CloseSession::kType}},
      {boxer_of_command,
       {OpenSession::kType, Call::kType, Cancel::kType, Settled::kType, CloseSession::kType,
        Execute::kType, ShowPlan::kType}},
      {worker_of_boxer,
       {SessionOpened::kType, SessionClosed::kType, CallDone::kType, Refused::kType,
        PlanText::kType}},
      {auditor_of_boxer, {Append::kType, FindCall::kType}},
      {boxer_of_auditor, {Appended::kType, AppendFailed::kType, CallFound::kType}},
      {auditor_of_supervisor, {Append::kType, KeepPolicy::kType, FetchPolicy::kType}},
      {supervisor_of_auditor,
       {Appended::kType, AppendFailed::kType, PolicyKept::kType, PolicyFetched::kType}},
      {supervisor_of_operator, {ControlRequest::kType}},
      {operator_of_supervisor, {ControlAnswer::kType}},
  };
  for (const auto& row : rows) {
    CAPTURE(static_cast<int>(row.connection));
    std::vector<int> wrong;
    for (int type = 0; type <= 0xffff; ++type) {
      const auto number = static_cast<std::uint16_t>(type);
      if (accepts(row.connection, number) != std::ranges::contains(row.types, number))
        wrong.push_back(type);
    }
    CHECK(wrong.empty());
  }
}

TEST_CASE("no two messages have one type") {
  std::vector<std::uint16_t> types;
  for (const Message& message : messages())
    if (!message.name.contains(' ')) types.push_back(message.type);
  std::ranges::sort(types);
  CHECK(std::ranges::adjacent_find(types) == types.end());
}
