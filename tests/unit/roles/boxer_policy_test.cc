// What becomes of sessions when their policy is replaced, revoked, or is another one on the day.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "boxer_fixture.h"
#include "codec/json.h"
#include "ipc/policy_messages.h"
#include "policy/load.h"
#include "policy/policy.h"

namespace glovebox::roles {
namespace {

using codec::Json;

constexpr std::string_view kCall = R"({"command":"echo canary"})";

class SetClock final : public Clock {
 public:
  WallTime wall() const override { return {days * 86'400'000'000}; }
  Duration boot() const override { return seconds(5); }
  Duration monotonic() const override { return seconds(5); }
  std::atomic<std::int64_t> days{20'000};
};

class EverythingIsAFolder final : public box::HostView {
 public:
  std::optional<box::PathFacts> look(const std::string&) const override {
    return box::PathFacts{.kind = box::PathFacts::Kind::directory};
  }
};

ipc::PolicyReport order(BoxerFixture& boxer, ipc::PolicyAct act, std::string subject,
                        std::uint64_t ticket = 7) {
  REQUIRE(boxer.supervisor.send(ipc::PolicyOrder::kType,
                                ipc::PolicyOrder{ticket, act, std::move(subject)}.encode()));
  auto report = boxer.hear<ipc::PolicyReport>(boxer.supervisor);
  CHECK(report.ticket == ticket);
  return report;
}

// The next record, acknowledged.
std::pair<std::string, Json> recorded(BoxerFixture& boxer) {
  const auto asked = boxer.hear<ipc::Append>(boxer.auditor);
  REQUIRE(boxer.auditor.send(ipc::Appended::kType, ipc::Appended{asked.sequence, 1, ""}.encode()));
  return {asked.kind, *codec::parse_json(asked.members)};
}

BoxerSettings another(const BoxerFixture& boxer) {
  BoxerSettings settings = boxer.settings();
  settings.policy_text +=
      "\n[profile.other]\nroot = \"host\"\nmount = [{ at = \"@workspace\", mode = \"rw\" }]\n";
  return settings;
}

std::string digest_of(const BoxerSettings& settings) {
  return activate_policy(settings, policy::Day{})->digest;
}

TEST_CASE("a policy that cannot be taken leaves the one that is there") {
  BoxerFixture boxer;
  const struct {
    const char* name;
    std::function<void(BoxerSettings&)> spoil;
    const char* says;
  } rows[] = {
      {"no policy", [](BoxerSettings& s) { s.policy_text = "glovebox = 7"; }, "error GB"},
      {"an empty one", [](BoxerSettings& s) { s.policy_text.clear(); }, "error GB"},
      {"another digest than the recorded one",
       [](BoxerSettings& s) { s.policy_digest = std::string(64, 'a'); }, "this is policy"},
  };
  for (const auto& row : rows) {
    BoxerSettings settings = another(boxer);
    row.spoil(settings);
    const auto report = order(boxer, ipc::PolicyAct::take, codec::to_json(settings.to_json()));
    CHECK(report.problem.contains(row.says));
  }
  CHECK_FALSE(order(boxer, ipc::PolicyAct::take, "{}").problem.empty());
  CHECK_FALSE(order(boxer, ipc::PolicyAct::take, "no JSON").problem.empty());
  boxer.say(ipc::OpenSession{"s", "e", "a", "w", ""});
  const auto [kind, members] = recorded(boxer);
  CHECK(*members.get_string("pol") == digest_of(boxer.settings()));
}

TEST_CASE("a session keeps its policy, the next one gets the other") {
  BoxerFixture boxer;
  boxer.open("old");
  BoxerSettings settings = another(boxer);
  settings.policy_digest = digest_of(settings);
  CHECK(order(boxer, ipc::PolicyAct::take, codec::to_json(settings.to_json())).problem.empty());

  boxer.say(ipc::OpenSession{"new", "e", "a", "w", ""});
  const auto [opened, of_new] = recorded(boxer);
  CHECK(opened == "session.open");
  CHECK(*of_new.get_string("pol") == settings.policy_digest);
  boxer.hear<ipc::SessionOpened>(boxer.worker);
  boxer.say(ipc::Call{"old", "c", "nothing", "{}", 0});
  const auto [denied, of_old] = recorded(boxer);
  CHECK(denied == "tool.deny");
  CHECK(*of_old.get_string("pol") == digest_of(boxer.settings()));
  boxer.hear<ipc::CallDone>(boxer.worker);

  const auto counts = *codec::parse_json(order(boxer, ipc::PolicyAct::count, "").sessions);
  CHECK(counts.get_int(settings.policy_digest) == 1);
  CHECK(counts.get_int(digest_of(boxer.settings())) == 1);
}

TEST_CASE("a revocation ends the sessions of that policy, and none is opened on it") {
  BoxerFixture boxer;
  boxer.open("old");
  const std::string digest = digest_of(boxer.settings());
  CHECK(codec::parse_json(order(boxer, ipc::PolicyAct::revoke, std::string(64, 'b')).sessions)
            ->get_int(digest) == 1);  // of another one: nothing ends
  const auto report = order(boxer, ipc::PolicyAct::revoke, digest);
  CHECK(report.problem.empty());
  CHECK(codec::parse_json(report.sessions)->get_int(digest) == 1);
  // While its end is being recorded.
  const auto close = boxer.hear<ipc::Append>(boxer.auditor);
  CHECK(close.kind == "session.close");
  CHECK(*codec::parse_json(close.members)->get_string("why") == "its policy was revoked");
  boxer.say(ipc::Call{"old", "c", "bash", std::string(kCall), 0});
  CHECK(boxer.hear<ipc::Refused>(boxer.worker).message == "the policy of this session was revoked");
  REQUIRE(boxer.auditor.send(ipc::Appended::kType, ipc::Appended{close.sequence, 1, ""}.encode()));
  CHECK(boxer.hear<ipc::SessionClosed>(boxer.worker).session == "old");

  boxer.say(ipc::OpenSession{"next", "e", "a", "w", ""});
  CHECK(boxer.hear<ipc::Refused>(boxer.worker).message.contains("was revoked"));
  const BoxerSettings settings = another(boxer);
  CHECK(order(boxer, ipc::PolicyAct::take, codec::to_json(settings.to_json())).problem.empty());
  boxer.open("next");
  // Taken again: the supervisor has seen to it that it may be.
  CHECK(order(boxer, ipc::PolicyAct::take, codec::to_json(boxer.settings().to_json()))
            .problem.empty());
  boxer.open("after");
}

TEST_CASE("a boxer that is started on a revoked policy opens nothing") {
  BoxerFixture boxer(
      {.prepare = [](BoxerSettings& settings) { settings.new_sessions = Sessions::refused; }});
  boxer.say(ipc::OpenSession{"s", "e", "a", "w", ""});
  CHECK(boxer.hear<ipc::Refused>(boxer.worker).message.contains("was revoked"));
}

// Everything up to and with day 20,000; nothing later.
ActivePolicy expiring(const BoxerSettings& settings) {
  ActivePolicy active = *activate_policy(settings, policy::Day{});
  const policy::Policy whole = active.calendar.turns().front();
  const policy::Day last{std::chrono::days(20'000)};
  active.calendar = *PolicyCalendar::make(whole, policy::Day{},
                                          [&](const policy::Policy& given, policy::Day day) {
                                            policy::Policy turn = given;
                                            if (day <= last)
                                              turn.last_day = last;
                                            else
                                              turn.binds.clear();
                                            return turn;
                                          });
  return active;
}

TEST_CASE("what a session may do ends with its day, also what was planned before") {
  SetClock clock;
  const EverythingIsAFolder view;
  BoxerFixture boxer({.prepare = [](BoxerSettings& settings) { settings.host.landlock_abi = 6; },
                      .policy = expiring,
                      .clock = &clock,
                      .view = &view});
  boxer.open("s");
  std::vector<std::string> kinds;
  const auto call = [&](const std::string& id) {
    boxer.say(ipc::Call{"s", id, "bash", std::string(kCall), 0});
    kinds.clear();
    while (true) {
      std::vector<os::Poll> polls = {{.fd = boxer.auditor.fd()}, {.fd = boxer.worker.fd()}};
      REQUIRE(os::poll_fds(polls, milliseconds(20'000)));
      if (!polls[0].readable) break;
      kinds.push_back(recorded(boxer).first);
    }
    return boxer.hear<ipc::CallDone>(boxer.worker);
  };
  // There is no keeper to run it, but it was allowed, and planned.
  CHECK(call("a").outcome == "setup_failed");
  CHECK(kinds == std::vector<std::string>{"tool.intent", "tool.result"});
  CHECK(call("b").outcome == "setup_failed");
  clock.days = 20'001;
  const auto late = call("c");
  CHECK(late.outcome == "denied");
  CHECK(late.content.contains("not permitted by policy"));
  CHECK(kinds == std::vector<std::string>{"tool.deny"});
  clock.days = 19'000;  // set back
  CHECK(call("d").outcome == "denied");
}

}  // namespace
}  // namespace glovebox::roles
