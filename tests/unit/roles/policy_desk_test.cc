// The order in which a policy takes the place of another, with an auditor and a boxer played by the
// test.
#include "roles/policy_desk.h"

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/policy_register.h"
#include "codec/digest.h"
#include "ipc/messages.h"
#include "os/process.h"
#include "policy/builtin.h"
#include "roles/stored_policy.h"

namespace glovebox::roles {
namespace {

using codec::Json;
using What = PolicyRequest::What;

PolicySource source_named(const std::string& name, const std::string& more = "") {
  PolicySource source;
  source.file = name;
  source.text = std::string(*policy::builtin("default")) + more;
  return source;
}

class Fixture final : public PolicyHands {
 public:
  Fixture() { connect(); }

  void connect() {
    auto pair = *ipc::make_channel_pair();
    auditor = std::move(pair.first);
    log.connect(std::move(pair.second));
  }

  Result<PolicySource> read_policy(const std::string& file) override {
    ++reads;
    if (broken) return Error(ErrorKind::invalid, file + ":1:1: error GB0001");
    return source_named(file, text);
  }
  Result<std::string> digest_of(const PolicySource& source) override {
    if (source.text.contains("bad filter")) return Error(ErrorKind::invalid, "a bad filter");
    return codec::sha256(source.text).hex();
  }
  std::string settings_with(const PolicySource& source, const std::string& digest) override {
    return source.file + " " + digest;
  }
  Result<std::optional<ipc::PolicyReport>> order(const ipc::PolicyOrder& order) override {
    if (!boxer) return Error(ErrorKind::closed, "there is no boxer");
    orders.push_back(order);
    return std::optional<ipc::PolicyReport>();
  }
  void answer(std::uint64_t to, const ipc::ControlAnswer& answer) override {
    answers.emplace_back(to, answer);
  }

  // What the desk asked the auditor for.
  template <class Message>
  Message asked() {
    auto envelope = auditor.receive();
    REQUIRE(envelope);
    REQUIRE(*envelope);
    REQUIRE((*envelope)->type == Message::kType);
    return *Message::decode((*envelope)->body);
  }
  template <class Message>
  void say(const Message& message) {
    REQUIRE(auditor.send(Message::kType, message.encode()));
    auto answer = log.receive();
    REQUIRE(answer);
    REQUIRE(*answer);
    desk.log_answered(std::move(**answer));
  }
  Json recorded(std::string_view kind, std::uint64_t index = 1) {
    const auto append = asked<ipc::Append>();
    REQUIRE(append.kind == kind);
    say(ipc::Appended{append.sequence, index, std::string(64, 'a')});
    return *codec::parse_json(append.members);
  }
  void refuse_record(std::string_view kind, const std::string& why) {
    const auto append = asked<ipc::Append>();
    REQUIRE(append.kind == kind);
    say(ipc::AppendFailed{append.sequence, why});
  }
  void keeps() {
    const auto keep = asked<ipc::KeepPolicy>();
    say(ipc::PolicyKept{keep.sequence, codec::sha256(keep.document).hex()});
  }
  void boxer_says(const std::string& problem = "", const std::string& sessions = "{}") {
    REQUIRE(!orders.empty());
    desk.boxer_reported({orders.back().ticket, problem, sessions});
  }
  void load_first() {
    desk.ask({.what = What::load, .source = source_named("policy.toml")});
    keeps();
    recorded("policy.load");
    boxer_says();
    REQUIRE(desk.active());
  }
  PolicyRequest request(What what, std::string subject = "") {
    return {.what = what,
            .subject = std::move(subject),
            .by = {.way = Asker::Way::control, .uid = 7, .pid = 70},
            .client = ++client};
  }
  ipc::ControlAnswer last_answer() {
    REQUIRE(!answers.empty());
    REQUIRE(answers.back().first == client);
    return answers.back().second;
  }
  bool auditor_was_asked() {
    auditor_quiet = *os_nothing_to_read();
    return !auditor_quiet;
  }

  ipc::Channel auditor;
  PolicyLog log;
  std::string text = "# other\n";
  bool broken = false, boxer = true, auditor_quiet = true;
  int reads = 0;
  std::uint64_t client = 0;
  std::vector<ipc::PolicyOrder> orders;
  std::vector<std::pair<std::uint64_t, ipc::ControlAnswer>> answers;
  SystemClock clock;
  const Log quiet{-1, "test", LogLevel::error};
  PolicyDesk desk{*this, log, clock, quiet};

 private:
  std::optional<bool> os_nothing_to_read() {
    std::vector<os::Poll> polls = {{.fd = auditor.fd()}};
    const auto ready = os::poll_fds(polls, milliseconds(0));
    if (!ready) return std::nullopt;
    return !polls[0].readable;
  }
};

std::string first_digest() {
  return codec::sha256(source_named("").text).hex();
}
std::string other_digest() {
  return codec::sha256(source_named("", "# other\n").text).hex();
}

TEST_CASE("whatever fails on the way of a load, it is rejected and the last good policy holds") {
  Fixture f;
  f.load_first();
  const auto rejected = [&](const std::string& why) {
    const Json record = f.recorded("policy.reject");
    CHECK(record.get_string("why")->contains(why));
    CHECK(*record.get_string("holds") == first_digest());
    CHECK(*record.get_string("act") == "load");
    CHECK(record.get("asker")->get_int("pid") == 70);
    CHECK(f.last_answer().problem.contains(why));
    CHECK(f.desk.active()->digest == first_digest());
    CHECK(f.desk.last_refusal()->why.contains(why));
    CHECK((f.desk.last_refusal()->cause == PolicyDesk::Cause::log) == why.contains("disk"));
    CHECK(f.desk.idle());
  };
  SECTION("it cannot be read") {
    f.broken = true;
    f.desk.ask(f.request(What::load, "/p"));
    rejected("GB0001");
  }
  SECTION("a filter of it is bad") {
    f.text = "bad filter";
    f.desk.ask(f.request(What::load, "/p"));
    rejected("a bad filter");
  }
  SECTION("it is too large to be kept") {
    f.text = std::string(ipc::kMaxPolicyDocument, '#');
    f.desk.ask(f.request(What::load, "/p"));
    rejected("at most 16 MiB, this one 16");
  }
  SECTION("it cannot be kept") {
    f.desk.ask(f.request(What::load, "/p"));
    f.say(ipc::AppendFailed{f.asked<ipc::KeepPolicy>().sequence, "the disk is full"});
    rejected("the disk is full");
  }
  SECTION("it was revoked") {
    f.desk.ask(f.request(What::load, "/p"));
    f.keeps();
    f.refuse_record("policy.load", "was revoked by record 3");
    rejected("was revoked by record 3");
    CHECK(f.orders.size() == 1);  // of the first one
  }
  SECTION("the boxer does not take it") {
    f.desk.ask(f.request(What::load, "/p"));
    f.keeps();
    f.recorded("policy.load");
    f.boxer_says("the proof failed");
    rejected("the proof failed");
  }
  SECTION("the boxer dies before it says so") {
    f.desk.ask(f.request(What::load, "/p"));
    f.keeps();
    f.recorded("policy.load");
    f.desk.boxer_lost();
    rejected("before it confirmed");
  }
  SECTION("there is no boxer") {
    f.desk.ask(f.request(What::load, "/p"));
    f.keeps();
    f.boxer = false;
    f.recorded("policy.load");
    rejected("before it confirmed");
  }
}

TEST_CASE(
    "a boxer is told of a policy after its record is durable, and it is active when it says so") {
  Fixture f;
  f.load_first();
  f.desk.ask(f.request(What::load, "/p"));
  CHECK(f.orders.size() == 1);
  const auto keep = f.asked<ipc::KeepPolicy>();
  CHECK(keep.digest == other_digest());
  CHECK(source_of(keep.document)->text == source_named("", "# other\n").text);
  CHECK_FALSE(f.auditor_was_asked());  // kept first
  f.say(ipc::PolicyKept{keep.sequence, std::string(64, 'd')});
  CHECK(f.orders.size() == 1);
  const Json record = f.recorded("policy.load", 12);
  CHECK(*record.get_string("pol") == other_digest());
  CHECK(*record.get_string("doc") == std::string(64, 'd'));
  CHECK(*record.get_string("polfile") == "/p");
  CHECK(*record.get_string("was") == first_digest());
  CHECK(*record.get_string("what") == "cosmetic");
  CHECK(record.get("asker")->get_int("uid") == 7);
  CHECK(record.get("again") == nullptr);
  REQUIRE(f.orders.size() == 2);
  CHECK(f.orders.back().act == ipc::PolicyAct::take);
  CHECK(f.orders.back().subject == "/p " + other_digest());
  CHECK(f.desk.active()->digest == first_digest());
  CHECK(f.answers.empty());
  f.boxer_says();
  CHECK(f.desk.active()->digest == other_digest());
  const auto answer = f.last_answer();
  CHECK(answer.problem.empty());
  const auto facts = *codec::parse_json(answer.facts);
  CHECK(facts.get_int("record") == 12);
  CHECK(facts.get_bool("changed") == true);
}

TEST_CASE("a load of what is active already changes nothing") {
  Fixture f;
  f.load_first();
  f.text.clear();
  f.desk.ask(f.request(What::load));  // of the same file
  CHECK(codec::parse_json(f.last_answer().facts)->get_bool("changed") == false);
  CHECK_FALSE(f.auditor_was_asked());
}

TEST_CASE("without an auditor nothing is loaded, and the refusal is recorded when there is one") {
  Fixture f;
  f.load_first();
  SECTION("gone before") {
    f.log.disconnect();
    f.desk.log_lost();
    f.desk.ask(f.request(What::load, "/p"));
  }
  SECTION("gone while the policy is kept") {
    f.desk.ask(f.request(What::load, "/p"));
    f.log.disconnect();
    f.desk.log_lost();
  }
  SECTION("gone with the record on its way") {
    f.desk.ask(f.request(What::load, "/p"));
    f.keeps();
    f.log.disconnect();
    f.desk.log_lost();
  }
  CHECK(f.last_answer().problem == "the audit log cannot be written");
  CHECK(f.desk.last_refusal()->cause == PolicyDesk::Cause::log);
  CHECK(f.desk.active()->digest == first_digest());
  CHECK(f.orders.size() == 1);
  f.connect();
  f.desk.log_back();
  const auto append = f.asked<ipc::Append>();
  CHECK(append.kind == "policy.reject");
}

TEST_CASE("an answer to what was not asked is passed over") {
  Fixture f;
  f.load_first();
  f.desk.ask(f.request(What::load, "/p"));
  const auto keep = f.asked<ipc::KeepPolicy>();
  f.say(ipc::Appended{keep.sequence + 5, 1, std::string(64, 'a')});
  f.desk.boxer_reported({keep.sequence, "", "{}"});
  f.desk.boxer_reported({99, "", "{}"});
  CHECK(f.desk.active()->digest == first_digest());
  CHECK(f.answers.empty());
}

TEST_CASE("a rollback is refused when it is none") {
  Fixture f;
  f.load_first();
  SECTION("no digest") {
    f.desk.ask(f.request(What::rollback, "deadbeef"));
    CHECK(f.last_answer().problem.contains("64 hexadecimal digits"));
  }
  SECTION("of the one in use") {
    f.desk.ask(f.request(What::rollback, first_digest()));
    CHECK(f.last_answer().problem.contains("the one in use"));
  }
  SECTION("of one that is not kept") {
    f.desk.ask(f.request(What::rollback, std::string(64, 'e')));
    f.say(ipc::AppendFailed{f.asked<ipc::FetchPolicy>().sequence, "was never loaded"});
    CHECK(*f.recorded("policy.reject").get_string("act") == "rollback");
    CHECK(f.last_answer().problem.contains("was never loaded"));
  }
  SECTION("what is kept is no document") {
    f.desk.ask(f.request(What::rollback, std::string(64, 'e')));
    f.say(ipc::PolicyFetched{f.asked<ipc::FetchPolicy>().sequence, "[]"});
    f.recorded("policy.reject");
    CHECK(f.last_answer().problem.contains("not the document of a policy"));
  }
  SECTION("it comes to another digest") {
    f.desk.ask(f.request(What::rollback, std::string(64, 'e')));
    f.say(ipc::PolicyFetched{f.asked<ipc::FetchPolicy>().sequence,
                             document_of(source_named("/p", "# other\n"))});
    f.recorded("policy.reject");
    CHECK(f.last_answer().problem.contains("makes another policy of it"));
  }
  CHECK(f.desk.active()->digest == first_digest());
}

TEST_CASE("after a rollback a hang-up loads the file only when it has changed since") {
  Fixture f;
  f.load_first();
  f.desk.ask(f.request(What::load, "policy.toml"));
  f.keeps();
  f.recorded("policy.load");
  f.boxer_says();
  f.desk.ask(f.request(What::rollback, first_digest()));
  f.say(ipc::PolicyFetched{f.asked<ipc::FetchPolicy>().sequence,
                           document_of(source_named("policy.toml"))});
  f.keeps();
  CHECK(*f.recorded("policy.load").get_string("act") == "rollback");
  f.boxer_says();
  REQUIRE(f.desk.active()->digest == first_digest());

  f.desk.ask({.what = What::load, .by = {.way = Asker::Way::hang_up}});
  CHECK(f.desk.idle());
  CHECK_FALSE(f.auditor_was_asked());
  f.text = "# a third\n";
  f.desk.ask({.what = What::load, .by = {.way = Asker::Way::hang_up}});
  f.keeps();
  CHECK(*f.recorded("policy.load").get("asker")->get_string("way") == "hang-up");
  f.boxer_says();
  CHECK(f.desk.active()->source.text.ends_with("# a third\n"));
}

TEST_CASE("a revocation is durable before a session ends, and the policy is not loaded again") {
  Fixture f;
  f.load_first();
  f.desk.ask(f.request(What::revoke, "first"));
  CHECK(f.last_answer().problem.contains("64 hexadecimal digits"));
  f.desk.ask(f.request(What::revoke, std::string(64, 'e')));
  f.refuse_record("operator", "no such policy was ever loaded");
  CHECK(f.last_answer().problem == "no such policy was ever loaded");

  f.desk.ask(f.request(What::revoke, first_digest()));
  CHECK(f.orders.size() == 1);
  const Json record = f.recorded("operator", 9);
  CHECK(*record.get_string("act") == audit::kRevokeAct);
  CHECK(*record.get_string("pol") == first_digest());
  REQUIRE(f.orders.size() == 2);
  CHECK(f.orders.back().act == ipc::PolicyAct::revoke);
  CHECK(f.orders.back().subject == first_digest());
  CHECK(f.desk.active()->revoked);
  f.boxer_says("", std::format(R"({{"{}":3}})", first_digest()));
  const auto facts = *codec::parse_json(f.last_answer().facts);
  CHECK(facts.get_int("sessions") == 3);
  CHECK(facts.get_int("record") == 9);

  // The same file is no change, but it is wanted now: the auditor decides, by what is said.
  f.text.clear();
  PolicyRequest again = f.request(What::load, "policy.toml");
  again.also_revoked = true;
  f.desk.ask(std::move(again));
  f.keeps();
  CHECK(f.recorded("policy.load").get_bool("again") == true);
  f.boxer_says();
  CHECK_FALSE(f.desk.active()->revoked);
}

TEST_CASE("a boxer that died has no sessions to end") {
  Fixture f;
  f.load_first();
  f.desk.ask(f.request(What::revoke, first_digest()));
  f.boxer = false;
  f.recorded("operator");
  CHECK(f.last_answer().problem.empty());
  CHECK(codec::parse_json(f.last_answer().facts)->get_int("sessions") == 0);
  CHECK(f.desk.active()->revoked);
}

TEST_CASE("a status says what is active, who runs on it and what was refused last") {
  Fixture f;
  f.load_first();
  f.broken = true;
  f.desk.ask(f.request(What::load, "/p"));
  f.recorded("policy.reject");
  f.desk.ask(f.request(What::status));
  f.boxer_says("", R"({"d":2})");
  const auto facts = *codec::parse_json(f.last_answer().facts);
  CHECK(*facts.get_string("digest") == first_digest());
  CHECK(*facts.get_string("file") == "policy.toml");
  CHECK(facts.get_bool("revoked") == false);
  CHECK(facts.get_object("sessions")->find("d")->as_int() == 2);
  CHECK(facts.get("refused")->get_string("why")->contains("GB0001"));
  SECTION("also without a boxer") {
    f.boxer = false;
    f.desk.ask(f.request(What::status));
    CHECK(codec::parse_json(f.last_answer().facts)->get("sessions")->is_null());
  }
  SECTION("and of very many only some") {
    std::string many = "{";
    for (std::size_t i = 0; i < kMaxShownDigests + 2; ++i)
      many += std::format("{}\"{}\":1", i == 0 ? "" : ",", codec::sha256(std::to_string(i)).hex());
    f.desk.ask(f.request(What::status));
    f.boxer_says("", many + "}");
    CHECK(codec::parse_json(f.last_answer().facts)->get_int("other_sessions") == 2);
    CHECK(f.last_answer().encode().size() < ipc::kInlineBody);
  }
}

TEST_CASE("requests are carried out one after another, and one too many is refused") {
  Fixture f;
  f.load_first();
  f.desk.ask(f.request(What::load, "/p"));
  for (std::size_t i = 0; i < kMaxPolicyRequests; ++i) f.desk.ask(f.request(What::status));
  CHECK(f.answers.empty());
  f.desk.ask(f.request(What::status));
  CHECK(f.last_answer().problem == "too many requests wait already");
  f.keeps();
  f.recorded("policy.load");
  f.boxer_says();
  CHECK(f.answers.size() == 2);
  for (std::size_t i = 0; i < kMaxPolicyRequests; ++i) f.boxer_says();
  CHECK(f.answers.size() == kMaxPolicyRequests + 2);
  CHECK(f.desk.idle());
}

}  // namespace
}  // namespace glovebox::roles
