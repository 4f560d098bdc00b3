#include "egress/rules.h"

#include <catch2/catch_test_macros.hpp>

#include "policy/load.h"

namespace glovebox::egress {
namespace {

// A policy of one profile `p` with these rules; lines of `rules` begin at 5.
policy::Policy policy_of(const std::string& rules, const std::string& head = "") {
  const std::string text =
      "glovebox = 1\n" + head + "\n[[bind]]\ntools = { \"*\" = \"p\" }\n[profile.p]\n" + rules;
  auto loaded = policy::load("p.toml", text);
  INFO(policy::to_text(loaded));
  REQUIRE(loaded.policy);
  return *std::move(loaded.policy);
}

policy::ConnectRequest to(std::string_view where) {
  return {codec::parse_host_port(where).value()};
}
policy::ResolveRequest name(std::string_view text) {
  return {codec::HostName::parse(text).value()};
}

constexpr std::string_view kRules = R"(why = "x"
deny = { egress = ["secret.example.com", "10.0.0.0/8"] }
[[profile.p.egress]]
host = "*.example.com"
port = 443
whole_host = true
why = "x"
[[profile.p.egress]]
host = "db.example.org"
port = "5432-5433"
mode = "raw"
whole_host = true
why = "x"
[[profile.p.egress]]
host = "192.0.2.0/24"
port = 22
mode = "raw"
whole_host = true
why = "x"
[[profile.p.egress]]
host = "web.example.org"
port = 8080
mode = "http"
allow = ["GET /v1/**"]
)";

TEST_CASE("what is asked for is decided by name, port and denial") {
  const auto policy = policy_of(std::string(kRules));
  const EgressRules rules(policy.profiles.at("p"), std::nullopt);
  struct Row {
    std::string_view where;
    bool allowed;
    std::string_view place, words;
  };
  constexpr Row kRows[] = {
      {"a.example.com:443", true, "p.toml:8", "the rule for `*.example.com`"},
      {"a.b.example.com:443", true, "p.toml:8", "gives it"},
      {"example.com:443", false, "", "no egress rule names this host and port"},
      {"evilexample.com:443", false, "", "no egress rule"},
      {"a.example.com.evil.org:443", false, "", "no egress rule"},
      {"a.example.com:80", false, "", "no egress rule"},
      {"secret.example.com:443", false, "p.toml:7", "deny names `secret.example.com`"},
      {"db.example.org:5432", true, "p.toml:13", "mode raw"},
      {"db.example.org:5433", true, "p.toml:13", ""},
      {"db.example.org:5434", false, "", ""},
      {"192.0.2.9:22", true, "p.toml:19", ""},
      {"192.0.3.9:22", false, "", ""},
      {"10.1.2.3:22", false, "p.toml:7", "deny names `10.0.0.0/8`"},
      {"[::ffff:10.1.2.3]:22", false, "p.toml:7", "deny names"},
      {"[64:ff9b::a01:203]:22", false, "p.toml:7", "deny names"},
      {"[2002:a01:203::1]:22", false, "p.toml:7", "deny names"},
  };
  for (const Row& row : kRows) {
    INFO(row.where);
    const NetVerdict verdict = rules.judge(to(row.where));
    CHECK(verdict.allowed == row.allowed);
    CHECK(verdict.place == row.place);
    CHECK(verdict.words.contains(row.words));
  }
  CHECK(rules.judge(name("x.example.com")).allowed);
  CHECK_FALSE(rules.judge(name("example.com")).allowed);
  CHECK_FALSE(rules.judge(name("secret.example.com")).allowed);
  const auto web = to("web.example.org:8080").to;
  CHECK(rules.judge(policy::HttpRequest{"GET", policy::Tls::no, web, "/v1/a"}).allowed);
  CHECK_FALSE(rules.judge(policy::HttpRequest{"POST", policy::Tls::no, web, "/v1/a"}).allowed);
  CHECK_FALSE(rules.judge(policy::HttpRequest{"GET", policy::Tls::yes, web, "/v1/a"}).allowed);
}

TEST_CASE("no rule, no way out") {
  const auto policy = policy_of("");
  const EgressRules rules(policy.profiles.at("p"), std::nullopt);
  CHECK_FALSE(rules.judge(to("a.example:443")).allowed);
  CHECK_FALSE(rules.judge(to("203.0.113.1:443")).allowed);
  CHECK_FALSE(rules.judge(name("a.example")).allowed);
  CHECK(rules.judge(name("a.example")).words == "the profile has no egress rule");
}

TEST_CASE("the cap bounds the rules also when they are told") {
  const auto policy = policy_of(std::string(kRules));
  policy::Profile cap = policy.profiles.at("p");
  std::erase_if(cap.egress, [](const auto& rule) { return rule.mode == policy::EgressMode::raw; });
  const EgressRules rules(policy.profiles.at("p"), cap);
  CHECK(rules.judge(to("a.example.com:443")).allowed);
  const NetVerdict verdict = rules.judge(to("db.example.org:5432"));
  CHECK_FALSE(verdict.allowed);
  CHECK(verdict.words.starts_with("beyond the cap: "));
}

TEST_CASE("rules travel as bytes, and other bytes are refused") {
  const auto policy = policy_of(std::string(kRules));
  for (const bool capped : {false, true}) {
    const EgressRules rules(policy.profiles.at("p"),
                            capped ? std::optional(policy.profiles.at("p")) : std::nullopt);
    const std::string bytes = rules.encode();
    const auto read = EgressRules::decode(bytes);
    REQUIRE(read);
    CHECK((*read)->encode() == bytes);
    CHECK((*read)->judge(to("a.example.com:443")).place == "p.toml:8");
    CHECK((*read)->profile() == "p");
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(EgressRules::decode(std::string_view(bytes).substr(0, size)));
    CHECK_FALSE(EgressRules::decode(bytes + "x"));
    // Whatever one byte says instead, what is read is what it says, or nothing.
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string other = bytes;
      other[at] = static_cast<char>(other[at] ^ 0x41);
      const auto again = EgressRules::decode(other);
      if (again) CHECK((*again)->encode() == other);
    }
  }
}

TEST_CASE("ports that are listened on") {
  const auto policy = policy_of(std::string(kRules));
  const EgressRules rules(policy.profiles.at("p"), std::nullopt);
  CHECK(rules.ports(32).value() == std::vector<std::uint16_t>{22, 80, 443, 853, 5432, 5433, 8080});
  CHECK(rules.ports(5).value() == std::vector<std::uint16_t>{22, 443, 5432, 5433, 8080});
  const auto few = rules.ports(4);
  REQUIRE_FALSE(few);
  CHECK(few.error().kind() == ErrorKind::limit);
  CHECK(few.error().message().starts_with("p.toml:"));
}

TEST_CASE("what carries a connection") {
  const auto policy = policy_of(R"(why = "x"
[[profile.p.egress]]
host = "both.example"
port = 8443
mode = "http"
whole_host = true
why = "x"
[[profile.p.egress]]
host = "*.example"
port = "8000-8500"
mode = "sni"
whole_host = true
private = true
why = "x"
[[profile.p.egress]]
host = "any.example"
port = 8443
mode = "raw"
whole_host = true
why = "x"
)");
  const EgressRules rules(policy.profiles.at("p"), std::nullopt);
  const auto ways = [&](std::string_view where) {
    const auto to = codec::parse_host_port(where).value();
    return rules.ways(to.host, to.port);
  };
  const auto both = ways("both.example:8443");
  REQUIRE(both.plain != nullptr);
  REQUIRE(both.tls != nullptr);
  CHECK(both.raw == nullptr);
  CHECK(both.tls->private_addresses);
  CHECK(ways("any.example:8443").raw != nullptr);
  CHECK(ways("both.example:8500").plain == nullptr);
  CHECK(ways("both.example:8501").tls == nullptr);
  CHECK(ways("other.test:8443").tls == nullptr);
}

TEST_CASE("a path with an encoded slash gets the secrets that both readings get") {
  const auto policy = policy_of(R"(why = "x"
[[profile.p.egress]]
host = "a.example"
port = 443
mode = "inspect"
allow = ["GET /*"]
inject = "one"
[[profile.p.egress]]
host = "a.example"
port = 443
mode = "inspect"
allow = ["GET /x/*", "GET /@s/*"]
inject = "one"
[[profile.p.egress]]
host = "a.example"
port = 443
mode = "inspect"
allow = ["GET /x/*", "GET /y/*"]
inject = "two"
[secret.one]
from = "credential:one"
only = ["a.example:443"]
[secret.two]
from = "credential:two"
only = ["a.example:443"]
)");
  const EgressRules rules(policy.profiles.at("p"), std::nullopt);
  const auto secrets = [&](std::string_view path) {
    const auto request = policy::parse_request("GET https://a.example" + std::string(path));
    REQUIRE(request);
    const auto& http = std::get<policy::HttpRequest>(*request);
    CHECK(rules.judge(http).allowed);
    return rules.secrets_for(http);
  };
  using Names = std::vector<std::string>;
  CHECK(secrets("/x") == Names{"one"});
  CHECK(secrets("/y/n") == Names{"two"});
  CHECK(secrets("/x/n") == Names{"one", "two"});
  CHECK(secrets("/@s%2fn") == Names{"one"});
  CHECK(secrets("/x%2fn?a=%2f") == Names{"one"});
  CHECK(secrets("/y%2fn").empty());
}

}  // namespace
}  // namespace glovebox::egress
