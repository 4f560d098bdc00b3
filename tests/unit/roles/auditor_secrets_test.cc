// What the auditor does with the secrets that the supervisor tells it.
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "memory_store.h"
#include "os/memfd.h"
#include "roles/auditor.h"
#include "roles/known_secrets.h"
#include "roles/role_start.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {

struct RunningAuditor {
  ipc::ChannelPair of_supervisor = ipc::make_channel_pair().value();
  ipc::ChannelPair of_boxer = ipc::make_channel_pair().value();
  MemoryStore store;
  ExitCode code = ExitCode::bug;

  const ipc::Channel& supervisor() const { return of_supervisor.first; }
  const ipc::Channel& boxer() const { return of_boxer.first; }
  void append(std::uint64_t sequence, std::string members) const {
    REQUIRE(boxer().send(ipc::Append::kType,
                         ipc::Append{sequence, "tool.intent", std::move(members)}.encode()));
  }
  std::uint16_t answered() const { return boxer().receive().value().value().type; }
  // With what waits on its connections, until `during` has told it to stop.
  void run(const std::function<void()>& during) {
    std::thread thread([this] {
      SystemRandom random;
      const SystemClock clock;
      const Log log(-1, "auditor");
      audit::Masker masker;
      KnownSecrets secrets(masker, random, log);
      audit::RecordRules rules(random);
      audit::Auditor auditor(store, rules, masker, clock, random, "run1");
      std::map<std::string, ipc::Channel> peers;
      peers.emplace("boxer", std::move(of_boxer.second));
      code = run_auditor(
          {.auditor = auditor, .store = store, .clock = clock, .log = log, .secrets = &secrets},
          std::move(of_supervisor.second), std::move(peers));
    });
    during();
    (void)supervisor().send(ipc::Stop::kType, {});
    thread.join();
  }
};

}  // namespace

TEST_CASE("what was told before a record came is masked in it, though it came last to be read") {
  RunningAuditor role;
  const Secret key = Secret::take("sk-env-0123456789");
  const UniqueFd token = os::sealed_memfd("secret", "work-secret-1\nsk-token-1").value();
  REQUIRE(send_update(role.supervisor(), codec::Json::object(), {{"worker:key", &key}}));
  REQUIRE(send_tokens(role.supervisor(), {{5, token.get()}}));
  role.append(1, R"({"sid":"s","tu":"t","arg":{"command":"echo sk-env-0123456789 sk-token-1"}})");
  role.run([&] { CHECK(role.answered() == ipc::Appended::kType); });
  CHECK(role.code == ExitCode::done);
  REQUIRE(role.store.lines.size() == 3);
  CHECK(role.store.lines[1].contains("echo <masked:key> <masked:sessions_token>"));
  CHECK(role.store.lines[1].contains(
      R"("red":[{"m":"key","p":"/arg/command"},{"m":"sessions_token","p":"/arg/command"}])"));
  const auto known = role.supervisor().receive().value().value();
  REQUIRE(known.type == ipc::SecretKnown::kType);
  CHECK(ipc::SecretKnown::decode(known.body)->number == 5);
  CHECK(ipc::SecretKnown::decode(known.body)->problem.empty());
}

TEST_CASE("an id that holds a secret is refused, since ids are recorded as they are") {
  RunningAuditor role;
  const Secret key = Secret::take("sk-env-0123456789");
  REQUIRE(send_update(role.supervisor(), codec::Json::object(), {{"worker:key", &key}}));
  role.append(1, R"({"sid":"s","tu":"toolu_sk-env-0123456789"})");
  role.append(2, R"({"sid":"736b2d656e762d30313233343536373839","tu":"t"})");
  role.append(3, R"({"sid":"s","tu":"t"})");
  role.run([&] {
    CHECK(role.answered() == ipc::AppendFailed::kType);
    CHECK(role.answered() == ipc::AppendFailed::kType);
    CHECK(role.answered() == ipc::Appended::kType);
  });
  CHECK(role.store.lines.size() == 3);
}

TEST_CASE("a secret that cannot be masked ends the role before it records anything more") {
  RunningAuditor role;
  const Secret key = Secret::take(std::string(audit::kMaxSecretBytes + 1, 'x'));
  REQUIRE(send_update(role.supervisor(), codec::Json::object(), {{"worker:key", &key}}));
  role.append(1, R"({"sid":"s","tu":"t"})");
  role.run([] {});
  CHECK(role.code == ExitCode::bug);
  CHECK(role.store.lines.size() == 2);  // boot and stop
}

TEST_CASE("nobody but the supervisor tells of secrets") {
  RunningAuditor role;
  REQUIRE(role.boxer().send(ipc::Update::kType,
                            ipc::Update{R"({"settings":{},"secrets":[]})"}.encode()));
  role.run([&] { CHECK_FALSE(role.boxer().receive().value()); });
  CHECK(role.code == ExitCode::done);
}
