#include "roles/auditor.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "codec/merkle.h"
#include "fresh_folder.h"
#include "ipc/policy_messages.h"
#include "memory_store.h"
#include "roles/role_start.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {

// The role in a thread of its own, with both ends of its connections here.
class Running {
 public:
  Running(MemoryStore& store, std::vector<std::string> names = {"boxer"},
          audit::PolicyArchive* policies = nullptr) {
    auto pair = ipc::make_channel_pair().value();
    supervisor = std::move(pair.first);
    std::map<std::string, ipc::Channel> theirs;
    for (const std::string& name : names) {
      auto peer = ipc::make_channel_pair().value();
      peers.push_back(std::move(peer.first));
      theirs.emplace(name, std::move(peer.second));
    }
    thread_ = std::thread([this, &store, policies, other = std::move(pair.second),
                           theirs = std::move(theirs)]() mutable {
      audit::RecordRules rules(random_);
      audit::Auditor auditor(store, rules, masker_, clock_, random_, "run1");
      code_ = run_auditor(
          {.auditor = auditor, .store = store, .clock = clock_, .log = log_, .policies = policies},
          std::move(other), std::move(theirs));
    });
  }
  ~Running() {
    if (thread_.joinable()) end();
  }
  ExitCode end() {
    if (supervisor.open()) (void)supervisor.send(ipc::Stop::kType, {});
    thread_.join();
    return code_;
  }
  ExitCode wait() {
    thread_.join();
    return code_;
  }

  ipc::Channel supervisor;
  std::vector<ipc::Channel> peers;

 private:
  SystemRandom random_;
  SystemClock clock_;
  audit::Masker masker_;
  Log log_{-1, "auditor"};
  ExitCode code_ = ExitCode::bug;
  std::thread thread_;
};

void append(const ipc::Channel& channel, std::uint64_t sequence, std::string kind,
            std::string members) {
  const ipc::Append message{sequence, std::move(kind), std::move(members)};
  REQUIRE(channel.send(ipc::Append::kType, message.encode()));
}

// The index when it was recorded, nothing when it was refused.
std::optional<std::uint64_t> answer(const ipc::Channel& channel, std::uint64_t sequence) {
  const auto envelope = channel.receive().value();
  REQUIRE(envelope);
  if (envelope->type == ipc::AppendFailed::kType) {
    CHECK(ipc::AppendFailed::decode(envelope->body)->sequence == sequence);
    return std::nullopt;
  }
  REQUIRE(envelope->type == ipc::Appended::kType);
  const auto done = ipc::Appended::decode(envelope->body).value();
  CHECK(done.sequence == sequence);
  return done.index;
}

// The answer to a record that was not written, since the log knows the call.
ipc::CallState known(const ipc::Channel& channel, std::uint64_t sequence) {
  const auto envelope = *channel.receive();
  REQUIRE(envelope);
  REQUIRE(envelope->type == ipc::CallFound::kType);
  const auto found = *ipc::CallFound::decode(envelope->body);
  CHECK(found.sequence == sequence);
  return found.state;
}

ipc::CallState find(const ipc::Channel& channel, std::string call) {
  REQUIRE(channel.send(ipc::FindCall::kType, ipc::FindCall{9, "s1", std::move(call)}.encode()));
  const auto envelope = channel.receive().value();
  REQUIRE(envelope);
  REQUIRE(envelope->type == ipc::CallFound::kType);
  return ipc::CallFound::decode(envelope->body)->state;
}

bool closed(const ipc::Channel& channel) {
  const auto envelope = channel.receive();
  return envelope && !*envelope;
}

}  // namespace

TEST_CASE("a request that is no record is refused") {
  const struct {
    const char* name;
    const char* kind;
    const char* members;
  } rows[] = {
      {"unknown kind", "tool.intend", "{}"},
      {"no JSON", "tool.intent", "{"},
      {"no object", "tool.intent", "[]"},
      {"a key twice", "tool.intent", R"({"a":1,"a":2})"},
      {"session as a number", "tool.intent", R"({"sid":1})"},
      {"empty session", "tool.intent", R"({"sid":""})"},
      {"call as an object", "tool.intent", R"({"sid":"s","tu":{}})"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(append_request(audit::Writer::boxer, {1, row.kind, row.members}).error().kind() ==
            ErrorKind::invalid);
    }
  }
  const auto request = append_request(audit::Writer::boxer,
                                      {1, "tool.intent", R"({"sid":"s","tu":"t","tool":"bash"})"})
                           .value();
  CHECK(request.kind == audit::RecordKind::tool_intent);
  CHECK(request.session == "s");
  CHECK(request.tool_use == "t");
  CHECK(codec::to_json(request.members) == R"({"tool":"bash"})");
}

TEST_CASE("records are acknowledged in order, refusals do not end the connection") {
  MemoryStore store;
  Running role(store);
  const ipc::Channel& boxer = role.peers[0];
  const std::string call = R"({"sid":"s1","tu":"t1"})";
  append(boxer, 1, "session.open", R"({"sid":"s1"})");
  CHECK(answer(boxer, 1) == 1);  // 0 is boot
  CHECK(find(boxer, "t1") == ipc::CallState::unknown);
  append(boxer, 2, "tool.result", call);
  CHECK_FALSE(answer(boxer, 2));
  append(boxer, 3, "tool.intent", call);
  CHECK(answer(boxer, 3) == 2);
  CHECK(find(boxer, "t1") == ipc::CallState::intended);
  append(boxer, 4, "tool.intent", call);
  CHECK(known(boxer, 4) == ipc::CallState::intended);
  append(boxer, 4, "tool.deny", call);
  CHECK(known(boxer, 4) == ipc::CallState::intended);
  append(boxer, 5, "tool.result", call);
  CHECK(answer(boxer, 5) == 3);
  CHECK(find(boxer, "t1") == ipc::CallState::resulted);
  append(boxer, 4, "tool.intent", R"({"sid":"s2","tu":"t1"})");
  CHECK(known(boxer, 4) == ipc::CallState::resulted);
  append(boxer, 6, "boot", "{}");
  CHECK_FALSE(answer(boxer, 6));
  append(boxer, 7, "no such kind", "{}");
  CHECK_FALSE(answer(boxer, 7));
  CHECK(role.end() == ExitCode::done);
  CHECK(store.lines.size() == 5);
  CHECK(audit::parse_record(store.lines.back())->kind == audit::RecordKind::stop);
  CHECK(store.seals == std::vector<std::size_t>{1, 5});
}

TEST_CASE("what waits together is made durable together") {
  MemoryStore store;
  auto pair = ipc::make_channel_pair().value();
  // Written before the role runs, so that all of it waits when it looks.
  constexpr int kMany = 40;
  for (int i = 0; i < kMany; ++i)
    append(pair.first, static_cast<std::uint64_t>(i), "fs.deny", R"({"sid":"s1"})");
  Running role(store, {});
  REQUIRE(send_peer(role.supervisor, "boxer", pair.second.fd()));
  pair.second.close();
  for (int i = 0; i < kMany; ++i)
    CHECK(answer(pair.first, static_cast<std::uint64_t>(i)) == static_cast<std::uint64_t>(i) + 1);
  CHECK(role.end() == ExitCode::done);
  CHECK(store.flushes == 3);  // boot, all of them, stop
}

TEST_CASE("a peer that breaks the protocol loses its connection, others do not") {
  MemoryStore store;
  Running role(store, {"boxer", "supervisor"});
  auto& boxer = role.peers[0];
  SECTION("a message of another connection") {
    REQUIRE(boxer.send(ipc::CallDone::kType, ipc::CallDone{}.encode()));
  }
  SECTION("an acknowledgement") {
    REQUIRE(boxer.send(ipc::Appended::kType, ipc::Appended{}.encode()));
  }
  SECTION("bytes that are no message") {
    REQUIRE(boxer.send(ipc::Append::kType, "x"));
  }
  SECTION("a descriptor") {
    REQUIRE(boxer.send(ipc::Append::kType, ipc::Append{1, "fs.deny", "{}"}.encode(), {boxer.fd()}));
  }
  CHECK(closed(boxer));
  append(role.peers[1], 1, "config", "{}");
  CHECK(answer(role.peers[1], 1) == 1);
  append(role.peers[1], 2, "tool.intent", R"({"sid":"s","tu":"t"})");
  CHECK_FALSE(answer(role.peers[1], 2));
  CHECK(role.end() == ExitCode::done);
}

// What only the supervisor may have kept and recorded; here nothing is kept.
TEST_CASE("policies are the supervisor's, and are not loaded where they are not kept") {
  MemoryStore store;
  Running role(store, {"boxer", "supervisor"});
  const std::string digest(64, 'a');
  SECTION("a boxer keeps none") {
    REQUIRE(role.peers[0].send(ipc::KeepPolicy::kType, ipc::KeepPolicy{1, digest, "{}"}.encode()));
    CHECK(closed(role.peers[0]));
  }
  SECTION("a boxer fetches none") {
    REQUIRE(role.peers[0].send(ipc::FetchPolicy::kType, ipc::FetchPolicy{1, digest}.encode()));
    CHECK(closed(role.peers[0]));
  }
  SECTION("a boxer records none") {
    for (const char* kind : {"policy.load", "policy.reject", "operator"}) {
      append(role.peers[0], 1, kind, "{}");
      CHECK_FALSE(answer(role.peers[0], 1));
    }
  }
  SECTION("a supervisor asks for no call") {
    REQUIRE(role.peers[1].send(ipc::FindCall::kType, ipc::FindCall{1, "s", "t"}.encode()));
    CHECK(closed(role.peers[1]));
  }
  SECTION("there is no archive") {
    append(role.peers[1], 1, "policy.load", "{}");
    CHECK_FALSE(answer(role.peers[1], 1));
    REQUIRE(role.peers[1].send(ipc::KeepPolicy::kType, ipc::KeepPolicy{2, digest, "{}"}.encode()));
    CHECK_FALSE(answer(role.peers[1], 2));
    append(role.peers[1], 3, "policy.reject", "{}");
    CHECK(answer(role.peers[1], 3) == 1);
  }
}

TEST_CASE("a policy is kept before its load is recorded, and fetched as it was") {
  MemoryStore store;
  const FreshFolder folder;
  audit::PolicyRegister policies;
  std::filesystem::permissions(folder.folder("log"), std::filesystem::perms(0700));
  auto archive = audit::PolicyArchive::open(folder.at("log"), policies);
  REQUIRE(archive);
  Running role(store, {"supervisor"}, &*archive);
  const ipc::Channel& supervisor = role.peers[0];
  const std::string digest = codec::sha256("policy").hex();
  const std::string document = codec::sha256("{}").hex();
  const std::string load = R"({"pol":")" + digest + R"(","doc":")" + document + R"("})";
  append(supervisor, 1, "policy.load", load);
  CHECK_FALSE(answer(supervisor, 1));
  REQUIRE(supervisor.send(ipc::FetchPolicy::kType, ipc::FetchPolicy{2, digest}.encode()));
  CHECK_FALSE(answer(supervisor, 2));
  REQUIRE(supervisor.send(ipc::KeepPolicy::kType, ipc::KeepPolicy{3, "x", "{}"}.encode()));
  CHECK_FALSE(answer(supervisor, 3));

  REQUIRE(supervisor.send(ipc::KeepPolicy::kType, ipc::KeepPolicy{4, digest, "{}"}.encode()));
  const auto kept = supervisor.receive().value();
  REQUIRE(kept);
  REQUIRE(kept->type == ipc::PolicyKept::kType);
  CHECK(ipc::PolicyKept::decode(kept->body)->document == document);
  CHECK(folder.has("log/policies/" + digest));
  append(supervisor, 5, "policy.load", load);
  CHECK(answer(supervisor, 5) == 1);
  REQUIRE(supervisor.send(ipc::FetchPolicy::kType, ipc::FetchPolicy{6, digest}.encode()));
  const auto fetched = supervisor.receive().value();
  REQUIRE(fetched);
  REQUIRE(fetched->type == ipc::PolicyFetched::kType);
  CHECK(ipc::PolicyFetched::decode(fetched->body)->document == "{}");

  append(supervisor, 7, "operator", R"({"act":"policy.revoke","pol":")" + digest + R"("})");
  CHECK(answer(supervisor, 7) == 2);
  append(supervisor, 8, "policy.load", load);
  CHECK_FALSE(answer(supervisor, 8));
}

TEST_CASE("a boxer that was started again takes the place of the one before") {
  MemoryStore store;
  Running role(store);
  append(role.peers[0], 1, "tool.intent", R"({"sid":"s1","tu":"t1"})");
  CHECK(answer(role.peers[0], 1) == 1);
  auto pair = ipc::make_channel_pair().value();
  REQUIRE(send_peer(role.supervisor, "boxer", pair.second.fd()));
  pair.second.close();
  CHECK(closed(role.peers[0]));
  CHECK(find(pair.first, "t1") == ipc::CallState::intended);
  append(pair.first, 1, "tool.orphan", R"({"sid":"s1","tu":"t1"})");
  CHECK(answer(pair.first, 1) == 2);
  CHECK(find(pair.first, "t1") == ipc::CallState::resulted);
  CHECK(role.end() == ExitCode::done);
}

TEST_CASE("a peer of an unknown name is not served") {
  MemoryStore store;
  Running role(store, {"worker"});
  CHECK(closed(role.peers[0]));
  CHECK(role.end() == ExitCode::done);
}

TEST_CASE("a log that cannot be written refuses the record and ends the role") {
  MemoryStore store;
  SECTION("at the start") {
    store.good_flushes = 0;
    Running role(store);
    CHECK(role.wait() == ExitCode::log_failed);
    CHECK(closed(role.peers[0]));
  }
  SECTION("later") {
    store.good_flushes = 1;
    Running role(store);
    append(role.peers[0], 1, "tool.intent", R"({"sid":"s1","tu":"t1"})");
    CHECK_FALSE(answer(role.peers[0], 1));
    CHECK(role.wait() == ExitCode::log_failed);
    const auto told = role.supervisor.receive().value();
    REQUIRE(told);
    REQUIRE(told->type == ipc::Fatal::kType);
    CHECK(ipc::Fatal::decode(told->body)->exit_code == 74);
  }
}

TEST_CASE("when the supervisor is gone the log is closed") {
  MemoryStore store;
  Running role(store);
  role.supervisor.close();
  CHECK(role.wait() == ExitCode::done);
  CHECK(*audit::parse_record(store.lines.back())->json.get_string("why") == "supervisor_gone");
}

TEST_CASE("a supervisor that breaks the protocol ends the role") {
  MemoryStore store;
  Running role(store);
  REQUIRE(role.supervisor.send(ipc::Ready::kType, {}));
  CHECK(role.wait() == ExitCode::bug);
}
