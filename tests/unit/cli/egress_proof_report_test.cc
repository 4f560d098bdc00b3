#include "cli/egress_proof_report.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <set>
#include <string>
#include <vector>

#include "cli/egress_proof_witness.h"
#include "codec/client_hello.h"
#include "policy/load.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using Way = ProofAttempt::Way;

const ProofScene kScene{41001, 41002, 41003, 41004, 41005, "socket", "eth7", "witness-word"};

// What one run sees and says.
struct Run {
  std::vector<GuestEnd> ends;
  std::vector<std::string> witnessed = {std::format("name {}", kProofName)};
  std::vector<Json> records = {Json::object({{"k", "session.open"}})};

  ProofReport judge() const { return judge_proof(kScene, ends, witnessed, records); }
  GuestEnd& end_of(std::string_view name) {
    return *std::ranges::find(ends, name, &GuestEnd::name);
  }
};

Json record_of(const ProofAttempt& attempt) {
  const ProofAttempt::Promise& promise = *attempt.promise;
  Json record = Json::object(
      {{"k", promise.kind}, {"host", promise.host}, {"port", promise.port}, {"l7", promise.mode}});
  if (promise.kind == "net.deny") record.as_object()->set("why", std::format("{}.", promise.why));
  if (promise.rule == ProofAttempt::Promise::Rule::any)
    record.as_object()->set("rule", "egress-proof:14");
  return record;
}

// As on a host where every wall stands.
Run good_run() {
  Run run;
  for (const ProofAttempt& attempt : proof_attempts(kScene)) {
    run.ends.push_back({attempt.name, std::string(attempt.good.front()), ""});
    if (attempt.way == Way::allowed)
      run.witnessed.push_back(std::format("raw x{}x", proof_mark(attempt.name)));
    if (attempt.promise) run.records.push_back(record_of(attempt));
  }
  return run;
}

const ProofRow& row_of(const ProofReport& report, std::string_view name) {
  const auto row = std::ranges::find(report.rows, name, &ProofRow::name);
  REQUIRE(row != report.rows.end());
  return *row;
}

std::vector<std::string> bad_rows(const ProofReport& report) {
  std::vector<std::string> names;
  for (const ProofRow& row : report.rows)
    if (!row.problem.empty()) names.push_back(row.name);
  return names;
}

}  // namespace

TEST_CASE("each attempt can be told from the others and has an end that is good") {
  const auto attempts = proof_attempts(kScene);
  CHECK(attempts.size() >= 70);
  std::set<std::string> names;
  for (const ProofAttempt& attempt : attempts) {
    INFO(attempt.name);
    CHECK(names.insert(attempt.name).second);
    CHECK_FALSE(attempt.what.empty());
    CHECK_FALSE(attempt.good.empty());
    constexpr std::size_t kMostOfSessionId = 32;
    CHECK(proof_mark(attempt.name).size() <= kMostOfSessionId);
    const bool answered = std::ranges::find(attempt.good, came::kAnswered) != attempt.good.end();
    CHECK(answered == (attempt.way == Way::allowed));
    for (const std::string_view word :
         {came::kThrough, came::kFailed, came::kBytes, came::kOtherAddress})
      CHECK(std::ranges::find(attempt.good, word) == attempt.good.end());
    if (const auto* call = std::get_if<TryCall>(&attempt.act)) CHECK(call->call != nullptr);
    if (const auto* connection = std::get_if<TryConnection>(&attempt.act))
      CHECK(connection->bytes.contains(proof_mark(attempt.name)));
    if (const auto* datagram = std::get_if<TryDatagram>(&attempt.act))
      CHECK(datagram->bytes.contains(proof_mark(attempt.name)));
  }
  CHECK(std::ranges::count(attempts, Way::allowed, &ProofAttempt::way) == 3);
}

TEST_CASE("the hellos of the proof are such that a TLS server reads") {
  for (const auto& [name, sni] :
       std::vector<std::pair<std::string, std::string>>{{"allowed-tls", std::string(kProofName)},
                                                        {"sni-outside", std::string(kProofOutside)},
                                                        {"sni-none", ""}}) {
    INFO(name);
    const auto attempts = proof_attempts(kScene);
    const auto attempt = std::ranges::find(attempts, name, &ProofAttempt::name);
    REQUIRE(attempt != attempts.end());
    codec::ClientHelloReader reader;
    REQUIRE(reader.push(std::get<TryConnection>(attempt->act).bytes) ==
            codec::ClientHelloReader::State::done);
    CHECK(reader.hello().sni.has_value() == !sni.empty());
    if (reader.hello().sni) CHECK(reader.hello().sni->str() == sni);
  }
}

TEST_CASE("the policy of the proof gives one name on three ports and nothing else") {
  const auto loaded = policy::load("egress-proof", proof_policy(kScene));
  INFO(policy::to_text(loaded));
  REQUIRE(loaded.policy);
  const auto decision = loaded.policy->decide("local", "local", "bash");
  REQUIRE(decision.profile != nullptr);
  std::set<std::uint16_t> ports;
  for (const policy::EgressRule& rule : decision.profile->egress) {
    CHECK(rule.private_addresses);
    ports.insert(rule.ports.first);
    CHECK(rule.ports.first == rule.ports.last);
  }
  CHECK(ports == std::set<std::uint16_t>{kScene.raw, kScene.http, kScene.tls});
  CHECK(loaded.policy->decide("local", "local", "read").profile == nullptr);
}

TEST_CASE("a run in which every wall stands proves egress") {
  const ProofReport report = good_run().judge();
  CHECK(bad_rows(report).empty());
  CHECK_FALSE(why_not_proved(report));
  CHECK(proof_text(report, OutputForm::text).contains("nothing got through"));
  const auto json = codec::parse_json(proof_text(report, OutputForm::json));
  REQUIRE(json);
  CHECK(json->get_bool("good") == true);
  CHECK(json->get_array("rows")->size() == report.rows.size());
  const codec::JsonObject members = proof_members(report);
  CHECK(members.find("dec")->as_string()->compare("allow") == 0);
}

TEST_CASE("whatever an attempt comes to but its good ends is found, and named") {
  for (const ProofAttempt& attempt : proof_attempts(kScene)) {
    for (const std::string_view word :
         {came::kAnswered, came::kThrough, came::kFailed, came::kBytes, came::kOtherAddress,
          came::kSilence, std::string_view("EINVAL"), std::string_view("")}) {
      if (std::ranges::find(attempt.good, word) != attempt.good.end()) continue;
      INFO(attempt.name << " came to " << word);
      Run run = good_run();
      run.end_of(attempt.name).came = word;
      const ProofReport report = run.judge();
      CHECK(bad_rows(report) == std::vector{attempt.name});
      const auto why = why_not_proved(report);
      REQUIRE(why);
      CHECK(why->starts_with(std::format("attempt {} (", attempt.name)));
    }
  }
}

TEST_CASE("what was not made, reached somebody or is not on record is not good") {
  std::size_t promised = 0;
  for (const ProofAttempt& attempt : proof_attempts(kScene)) {
    INFO(attempt.name);
    Run missing = good_run();
    std::erase_if(missing.ends, [&](const GuestEnd& end) { return end.name == attempt.name; });
    CHECK(bad_rows(missing.judge()) == std::vector{attempt.name});
    CHECK(row_of(missing.judge(), attempt.name).problem == "it was not made");

    Run reached = good_run();
    if (attempt.way == Way::hostile) {
      reached.witnessed.push_back("closed " + proof_mark(attempt.name));
      CHECK(bad_rows(reached.judge()) == std::vector{attempt.name});
    } else {
      std::erase_if(reached.witnessed, [&](const std::string& line) {
        return line.contains(proof_mark(attempt.name));
      });
      CHECK(bad_rows(reached.judge()) == std::vector{attempt.name});
    }

    if (!attempt.promise) continue;
    ++promised;
    Run silent = good_run();
    std::erase(silent.records, record_of(attempt));
    const auto bad = bad_rows(silent.judge());
    CHECK(std::ranges::find(bad, attempt.name) != bad.end());
    CHECK(row_of(silent.judge(), attempt.name).problem == "it is not on record");
  }
  CHECK(promised >= 25);
}

TEST_CASE("a host without IPv6 owes no record of it") {
  Run run = good_run();
  run.end_of("literal-ipv6").came = came::kNoFamily;
  std::erase_if(run.records, [](const Json& record) {
    const std::string* host = record.get_string("host");
    return host != nullptr && *host == "2001:db8::1";
  });
  CHECK(bad_rows(run.judge()).empty());
  run.end_of("literal-ipv4").came = came::kNoFamily;
  CHECK(bad_rows(run.judge()).empty() == false);
}

TEST_CASE("questions that leave the host are found, and strangers are nobody's fault") {
  struct Row {
    std::string line, bad;
  };
  for (const Row& row :
       {Row{"name evil.example", ""}, Row{"abstract ", ""}, Row{"closed x", ""},
        Row{std::format("name {}", kProofName), ""},
        Row{std::format("name {}.corp.example", kProofName), ""},
        Row{std::format("name udp.{}", kProofOutside), "dns-udp-outside"},
        Row{std::format("name tcp.{}.corp.example", kProofOutside), "dns-tcp-outside"},
        Row{"name 3221225987", "dns-number"}}) {
    INFO(row.line);
    Run run = good_run();
    run.witnessed.push_back(row.line);
    CHECK(bad_rows(run.judge()) ==
          (row.bad.empty() ? std::vector<std::string>{} : std::vector{row.bad}));
  }
}

TEST_CASE("nothing is opened beside the allowed ways") {
  Run opened = good_run();
  opened.records.push_back(Json::object({{"k", "net.open"},
                                         {"host", "192.0.2.1"},
                                         {"port", kScene.raw},
                                         {"l7", "raw"},
                                         {"rule", "egress-proof:14"},
                                         {"why", "io: unreachable"}}));
  CHECK(bad_rows(opened.judge()) == std::vector<std::string>{"openings"});
}

TEST_CASE("a refusal by a rule is not one by default") {
  Run run = good_run();
  for (Json& record : run.records) {
    const std::string* host = record.get_string("host");
    if (host != nullptr && *host == "192.0.2.1") record.as_object()->set("rule", "egress-proof:9");
  }
  CHECK(bad_rows(run.judge()) == std::vector<std::string>{"literal-ipv4"});
}

TEST_CASE("where the allowed way does not work, that is told first") {
  Run run = good_run();
  run.end_of("vsock").came = came::kThrough;
  CHECK(why_not_proved(run.judge())->starts_with("attempt vsock (a socket to the hypervisor): "));
  run.end_of("allowed-http").came = came::kClosed;
  const auto why = why_not_proved(run.judge());
  CHECK(
      why->starts_with("attempt allowed-http (the allowed way, in mode http): the allowed way "
                       "does not work; wanted: answered, on record; came: closed"));
  CHECK(why->ends_with("1 more are not as they should be"));
  const codec::JsonObject members = proof_members(run.judge());
  CHECK(*members.find("dec")->as_string() == "deny");
  CHECK(*members.find("why")->as_string() == *why);
  CHECK(proof_text(run.judge(), OutputForm::text).contains("egress does not start"));
}

TEST_CASE("a report of nothing proves nothing") {
  CHECK(why_not_proved(ProofReport{}));
  const ProofReport empty = judge_proof(kScene, {}, {}, {});
  CHECK(bad_rows(empty).size() >= proof_attempts(kScene).size());
}

TEST_CASE("a scene is the same after it was told") {
  const auto back = ProofScene::from_json(kScene.to_json());
  REQUIRE(back);
  CHECK(back->to_json() == kScene.to_json());
  for (const char* text : {"{}", "[]", "7"})
    CHECK_FALSE(ProofScene::from_json(*codec::parse_json(text)));
  for (const char* key :
       {"raw", "http", "tls", "closed", "datagrams", "socket", "device", "word"}) {
    INFO(key);
    Json broken = kScene.to_json();
    broken.as_object()->set(key, 65'536);
    CHECK_FALSE(ProofScene::from_json(broken));
    broken.as_object()->set(key, "");
    CHECK_FALSE(ProofScene::from_json(broken));
    broken.as_object()->erase(key);
    CHECK_FALSE(ProofScene::from_json(broken));
  }
}

TEST_CASE("an end is the same after it was told") {
  const auto back = GuestEnd::from_json(GuestEnd{"a", "closed", "why\n"}.to_json());
  REQUIRE(back);
  CHECK(back->name == "a");
  CHECK(back->came == "closed");
  CHECK(back->detail == "why\n");
  for (const char* text : {"{}", R"({"name":"a","came":1,"detail":""})"})
    CHECK_FALSE(GuestEnd::from_json(*codec::parse_json(text)));
}

}  // namespace glovebox::cli
