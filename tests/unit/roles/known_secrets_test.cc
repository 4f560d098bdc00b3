#include "roles/known_secrets.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "os/memfd.h"
#include "roles/role_start.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {

struct Fixture {
  audit::Masker masker;
  SystemRandom random;
  Log log{-1, "auditor"};
  KnownSecrets known{masker, random, log};

  Result<std::vector<ipc::SecretKnown>> take(std::string name, std::string bytes,
                                             const codec::Json& settings = codec::Json::object()) {
    KnownSecrets::ByName secrets;
    secrets.emplace(std::move(name), Secret::take(std::move(bytes)));
    return known.take(settings, std::move(secrets));
  }
  std::string masked(std::string_view text) const {
    std::vector<std::string_view> found;
    return masker.apply(text, found);
  }
};

}  // namespace

TEST_CASE("what is told is masked under the name it is known by") {
  const struct {
    const char* label;
    std::string name, bytes, text, masked;
  } rows[] = {
      {"the environment key", "worker:environment_key", "sk-env-0123456789", "<sk-env-0123456789>",
       "<<masked:environment_key>>"},
      {"what egress injects", "injected:github", "ghp_0123456789", "ghp_0123456789",
       "<masked:github>"},
      {"the word for a proxy", "egress:proxy_auth", "user:pass-word-1", "user:pass-word-1",
       "<masked:proxy_auth>"},
      {"its password alone", "egress:proxy_auth", "user:pass-word-1", "(pass-word-1)",
       "(<masked:proxy_auth>)"},
      {"a proxy's password", "worker:https_proxy", "http://user:p@ss-word-1@proxy:3128/",
       "p@ss-word-1", "<masked:https_proxy>"},
      {"a proxy without one", "worker:http_proxy", "http://proxy:3128/", "//proxy:3128/",
       "//proxy:3128/"},
      {"a work secret", "token:7", "eyJ0b2tlbiI6\nsk-ant-req-1", "eyJ0b2tlbiI6",
       "<masked:work_secret>"},
      {"the token in it", "token:7", "eyJ0b2tlbiI6\nsk-ant-req-1", "sk-ant-req-1",
       "<masked:sessions_token>"},
      {"a token with a line feed", "token:7", "eyJ0b2tlbiI6\nsk-ant\nreq-1", "sk-ant\nreq-1",
       "<masked:sessions_token>"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.label) {
      Fixture f;
      REQUIRE(f.take(row.name, row.bytes));
      CHECK(f.masked(row.text) == row.masked);
      CHECK(f.known.unmasked().empty());
    }
  }
}

TEST_CASE("what is too short is told by name, what cannot be masked at all is an error") {
  Fixture f;
  REQUIRE(f.take("injected:short", "1234567"));
  REQUIRE(f.take("worker:proxy_auth", "somebody:pw"));
  CHECK(codec::to_json(f.known.unmasked()) == R"(["proxy_auth","short"])");
  CHECK(f.masked("1234567") == "1234567");
  CHECK(f.take("injected:long", std::string(audit::kMaxSecretBytes + 1, 'x')).error().kind() ==
        ErrorKind::limit);
  CHECK(f.take("token:x", "a token that is long").error().kind() == ErrorKind::protocol);
  CHECK(f.known.take(*codec::parse_json(R"({"forget":["1"]})"), {}).error().kind() ==
        ErrorKind::protocol);
}

TEST_CASE("of a name the last values are masked, and one that comes again is not another") {
  Fixture f;
  const auto value = [](std::size_t i) { return "value number " + std::to_string(i); };
  for (std::size_t i = 0; i <= kValuesOfName; ++i)
    for (int times = 0; times < 10; ++times) REQUIRE(f.take("injected:n", value(i)));
  CHECK(f.masked(value(0)) == value(0));
  for (std::size_t i = 1; i <= kValuesOfName; ++i) CHECK(f.masked(value(i)) == "<masked:n>");
  CHECK(f.masker.size() == kValuesOfName);
}

TEST_CASE("an item's are answered, and go when they are to be forgotten, alone") {
  Fixture f;
  REQUIRE(f.take("worker:environment_key", "sk-env-0123456789"));
  const auto answers = f.take("token:7", "the-work-secret\nthe-token-in-it").value();
  REQUIRE(answers.size() == 1);
  CHECK(answers.front().number == 7);
  CHECK(answers.front().problem.empty());
  // Told again, by a supervisor that did not see the answer.
  CHECK(f.take("token:7", "the-work-secret\nthe-token-in-it")->front().problem.empty());
  // A worker's word for another's secret does not take that with it.
  REQUIRE(f.take("token:8", "sk-env-0123456789"));
  const auto forget = *codec::parse_json(R"({"forget":[7,8,9]})");
  CHECK(f.known.take(forget, {})->empty());
  CHECK(f.masked("the-token-in-it") == "the-token-in-it");
  CHECK(f.masked("sk-env-0123456789") == "<masked:environment_key>");
  CHECK(f.masker.size() == 1);
}

TEST_CASE("an item that cannot be masked is answered so, and leaves nothing") {
  Fixture f;
  for (std::size_t i = 0; f.masker.size() < audit::kMaxSecrets - 1; ++i)
    REQUIRE(f.take("token:" + std::to_string(i), "a work secret " + std::to_string(i))
                ->front()
                .problem.empty());
  const auto answer = f.take("token:999999", "the-work-secret\nthe-token-in-it")->front();
  CHECK(answer.number == 999999);
  CHECK(answer.problem.contains("there are 4096 already"));
  CHECK(f.masked("the-work-secret") == "the-work-secret");
  CHECK(f.masker.size() == audit::kMaxSecrets - 1);
}

TEST_CASE("tokens cross a connection as any secret does") {
  auto pair = ipc::make_channel_pair().value();
  const UniqueFd file = os::sealed_memfd("secret", "the-work-secret\nthe-token-in-it").value();
  std::vector<std::pair<std::uint64_t, int>> files;
  for (std::uint64_t i = 0; i < kSecretsAtOnce + 1; ++i) files.emplace_back(i, file.get());
  REQUIRE(send_tokens(pair.first, files));
  REQUIRE(send_forget(pair.first, {0, 1}));
  REQUIRE(send_forget(pair.first, {}));
  pair.first.close();
  Fixture f;
  std::size_t answered = 0;
  while (true) {
    auto event = receive_from_supervisor(pair.second).value();
    if (event.kind == SupervisorEvent::Kind::gone) break;
    REQUIRE(event.kind == SupervisorEvent::Kind::update);
    answered += f.known.take(event.settings, std::move(event.secrets))->size();
  }
  CHECK(answered == files.size());
  CHECK(f.masker.size() == 2 * (files.size() - 2));
  CHECK(f.known.shows("sess_the-token-in-it"));
  CHECK_FALSE(f.known.shows("sess_another"));
}
