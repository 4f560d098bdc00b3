#include "egress/suggested_rules.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "../salted_record.h"

#include "codec/toml_text.h"
#include "codec/utf8.h"
#include "egress/net_record.h"
#include "egress/suggestion_text.h"
#include "policy/decide_request.h"
#include "policy/document.h"
#include "policy/load.h"

namespace glovebox::egress {
namespace {

using Kind = Suggestion::Kind;

constexpr const char* kNoRule = "no egress rule names this host and port";
constexpr const char* kNotAllowed =
    "the rule for `api.test`, port 443, mode inspect does not allow this method and path";

DeniedAttempt attempt(std::string mode, std::string host, std::uint16_t port = 0,
                      std::string why = kNoRule) {
  DeniedAttempt made;
  made.record = 7;
  made.profile = "build";
  made.mode = std::move(mode);
  made.host = std::move(host);
  made.port = port;
  made.why = std::move(why);
  return made;
}

DeniedAttempt request(std::string method, std::string path, std::string mode = "inspect",
                      std::uint16_t port = 443) {
  DeniedAttempt made = attempt(std::move(mode), "api.test", port, kNotAllowed);
  made.method = std::move(method);
  made.path = std::move(path);
  made.rule = "policy.toml:12";
  return made;
}

std::vector<Suggestion> suggest(const std::vector<DeniedAttempt>& attempts) {
  SuggestedRules rules;
  for (const DeniedAttempt& one : attempts) rules.add(one);
  return rules.take();
}

std::string text_of(const std::vector<DeniedAttempt>& attempts) {
  return suggestions_text(suggest(attempts), 0);
}

// The printed text, pasted into a policy that has a profile `build` without any rule.
policy::Loaded pasted(const std::string& text) {
  return policy::load(
      "p.toml", "glovebox = 1\n[[bind]]\ntools = { bash = \"build\" }\n[profile.build]\n" + text);
}

bool allows(const policy::Policy& policy, std::string_view words) {
  const policy::Who who;
  const auto wanted = policy::parse_request(words);
  REQUIRE(wanted);
  return policy::decide_request(policy, {}, who, *wanted).allow();
}

TEST_CASE("what no rule would have helped, or none may give, gets no rule") {
  auto no_profile = attempt("tcp", "a.test", 443);
  no_profile.profile.clear();
  auto by_deny = attempt("tcp", "bad.test", 443, "deny names `bad.test`");
  by_deny.rule = "policy.toml:9";
  auto by_cap = attempt("tcp", "a.test", 443, "beyond the cap: " + std::string(kNoRule));
  by_cap.rule = "";
  const struct {
    const char* name;
    DeniedAttempt attempt;
    const char* says;
  } rows[] = {
      {"deny names it", by_deny, "deny names `bad.test` at policy.toml:9"},
      {"the cap has no room for it", by_cap, "no profile can be given it"},
      {"a limit", attempt("tcp", "a.test", 443, "more than 512 connections at once"),
       "connections at once"},
      {"the log", attempt("tcp", "a.test", 443, "the audit log cannot be written"), "audit log"},
      {"another name in TLS",
       attempt("sni", "a.test", 443,
               "TLS asks for b.test, which is not the name that was resolved"),
       "TLS asks for"},
      {"no TLS", attempt("sni", "a.test", 443, "mode sni: this is not TLS"), "not TLS"},
      {"an address that a name must not stand for",
       attempt("sni", "a.test", 443, "a.test: 10.0.0.1 is not a public address (private = true)"),
       "is not a public address"},
      {"a secret", attempt("inspect", "a.test", 443, "secret token is not there"), "secret token"},
      {"a malformed request", attempt("http", "a.test", 80, "a header field is malformed"),
       "malformed"},
      {"a query that is none", attempt("dns", "", 0, "a query that breaks the form: x"), "form"},
      {"a name that is none", attempt("dns", "_x.test"), "no host that a rule can name"},
      {"a name with a star", attempt("tcp", "*.test", 443), "no host that a rule can name"},
      {"a name that was cut", attempt("dns", std::string(kMostAsked, 'a')),
       "no host that a rule can name"},
      {"no name", attempt("tcp", "", 443), "no host that a rule can name"},
      {"no port", attempt("tcp", "a.test"), "names no port"},
      {"no reason", attempt("tcp", "a.test", 443, ""), "does not say why"},
      {"no profile", no_profile, "names no profile"},
      {"a mode that is none", attempt("quic", "a.test", 443), "mode quic"},
      {"a metadata service", attempt("tcp", "169.254.169.254", 80), "metadata service"},
      {"the same inside IPv6", attempt("tcp", "::ffff:169.254.169.254", 80), "metadata service"},
      {"the same by name", attempt("dns", "metadata.google.internal"), "metadata service"},
      {"a request that was not read", request("", ""), "which request it was"},
      {"a path with an escape", request("GET", "/a%20b"), "no pattern says exactly: GET /a%20b"},
      {"a path with an encoded slash", request("GET", "/@scope%2fname"), "as one name and as two"},
      {"a path with a star", request("GET", "/a/*"), "no pattern says exactly"},
      {"a path with two stars", request("GET", "/a/**"), "no pattern says exactly"},
      {"a star alone", request("*", "/a"), "no pattern says exactly"},
      {"a slash at the end", request("GET", "/a/"), "no pattern says exactly"},
      {"a method with a hyphen", request("M-SEARCH", "/a"), "no pattern says exactly"},
      {"a quote in a path", request("GET", "/a\"b"), "no pattern says exactly"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto made = suggest({row.attempt});
      REQUIRE(made.size() == 1);
      INFO(made[0].note);
      CHECK(made[0].kind == Kind::none);
      CHECK(made[0].note.contains(row.says));
      CHECK(made[0].allow.empty());
      CHECK(made[0].seen == Seen{1, 7, 7});
      const auto loaded = pasted(suggestions_text(made, 0));
      INFO(policy::to_text(loaded));
      REQUIRE(loaded.policy);
      CHECK(loaded.policy->profiles.at("build").egress.empty());
    }
  }
}

TEST_CASE("a rule gives what was refused, and not its neighbours") {
  const struct {
    const char* name;
    DeniedAttempt attempt;
    const char* keys;
    const char* wanted;
    std::vector<const char*> neighbours;
  } rows[] = {
      {"a name, port 443",
       attempt("tcp", "API.test", 443),
       "host = \"api.test\"\nport = 443\nmode = \"sni\"\nwhole_host = true\n"
       "why = \"seen in record 7; say why\"\n",
       "connect api.test:443",
       {"connect api.test:80", "connect x.api.test:443", "connect test:443",
        "connect xapi.test:443", "GET http://api.test:443/"}},
      {"a name, another port",
       attempt("tcp", "db.test", 5432),
       "host = \"db.test\"\nport = 5432\nmode = \"raw\"\nwhole_host = true\n"
       "why = \"seen in record 7; say why\"\n",
       "connect db.test:5432",
       {"connect db.test:5433", "connect a.db.test:5432"}},
      {"a public address",
       attempt("tcp", "203.0.114.9", 443),
       "host = \"203.0.114.9\"\nport = 443\nmode = \"raw\"\nwhole_host = true\n"
       "why = \"seen in record 7; say why\"\n",
       "connect 203.0.114.9:443",
       {"connect 203.0.114.8:443", "connect 203.0.114.9:444"}},
      {"a private address",
       attempt("tcp", "10.0.0.7", 22),
       "host = \"10.0.0.7\"\nport = 22\nmode = \"raw\"\nprivate = true\nwhole_host = true\n"
       "why = \"seen in record 7; say why\"\n",
       "connect 10.0.0.7:22",
       {"connect 10.0.0.6:22", "connect 10.0.0.7:23"}},
      {"a reserved address",
       attempt("tcp", "240.0.0.7", 22),
       "host = \"240.0.0.7\"\nport = 22\nmode = \"raw\"\nprivate = true\nwhole_host = true\n"
       "why = \"seen in record 7; say why\"\n",
       "connect 240.0.0.7:22",
       {"connect 10.0.0.6:22", "connect 240.0.0.7:23"}},
      {"an address of a rule that is for public ones",
       attempt("tcp", "10.0.0.7", 22,
               "the rule for `0.0.0.0/0`, port 22, mode raw is not for private addresses (private "
               "= true)"),
       "host = \"10.0.0.7\"\nport = 22\nmode = \"raw\"\nprivate = true\nwhole_host = true\n"
       "why = \"seen in record 7; say why\"\n",
       "connect 10.0.0.7:22",
       {"connect 10.0.0.8:22"}},
      {"an IPv6 address",
       attempt("tcp", "2600:1f18::1", 8443),
       "host = \"2600:1f18::1\"\nport = 8443\nmode = \"raw\"\nwhole_host = true\n"
       "why = \"seen in record 7; say why\"\n",
       "connect [2600:1f18::1]:8443",
       {"connect [2600:1f18::2]:8443"}},
      {"a request inside TLS",
       request("POST", "/v1/items"),
       "host = \"api.test\"\nport = 443\nmode = \"inspect\"\nallow = [\n"
       "  \"POST /v1/items\",  # once, first in record 7\n]\n",
       "POST https://api.test/v1/items",
       {"GET https://api.test/v1/items", "POST https://api.test/v1/items/1",
        "POST https://api.test/v1", "POST https://api.test/v1/items/",
        "POST http://api.test:443/v1/items", "POST https://api.test:8443/v1/items"}},
      {"a request without TLS",
       request("GET", "/", "http", 80),
       "host = \"api.test\"\nport = 80\nmode = \"http\"\nallow = [\n"
       "  \"GET /\",  # once, first in record 7\n]\n",
       "GET http://api.test/",
       {"GET http://api.test/a", "HEAD http://api.test/", "GET https://api.test/"}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto made = suggest({row.attempt});
      REQUIRE(made.size() == 1);
      INFO(made[0].note);
      REQUIRE(made[0].kind == Kind::rule);
      CHECK(rule_keys(made[0]) == row.keys);
      const auto loaded = pasted(suggestions_text(made, 0));
      INFO(policy::to_text(loaded));
      REQUIRE(loaded.policy);
      CHECK(allows(*loaded.policy, row.wanted));
      for (const char* neighbour : row.neighbours) {
        INFO(neighbour);
        CHECK_FALSE(allows(*loaded.policy, neighbour));
      }
    }
  }
}

TEST_CASE("what was not seen is asked for, in comments") {
  const auto named = suggest({attempt("dns", "Api.test")});
  REQUIRE(named.size() == 1);
  CHECK(named[0].kind == Kind::unfinished);
  CHECK(named[0].host == "api.test");
  CHECK(named[0].note.contains("no port was seen"));
  const auto plain = suggest({attempt("tcp", "api.test", 80)});
  REQUIRE(plain.size() == 1);
  CHECK(plain[0].kind == Kind::unfinished);
  CHECK(plain[0].mode == "http");
  CHECK(plain[0].note.contains("allow"));
  for (const auto* made : {&named, &plain}) {
    const auto loaded = pasted(suggestions_text(*made, 0));
    REQUIRE(loaded.policy);
    CHECK(loaded.policy->profiles.at("build").egress.empty());
  }
  // Where a port was seen the name comes with it.
  const auto both = suggest({attempt("dns", "api.test"), attempt("tcp", "api.test", 443)});
  REQUIRE(both.size() == 1);
  CHECK(both[0].kind == Kind::rule);
}

TEST_CASE("single requests are not swallowed by a rule for the whole host") {
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{443, 80, 8443}) {
    INFO(port);
    const auto made = suggest({attempt("tcp", "api.test", port),
                               request("GET", "/v1", port == 80 ? "http" : "inspect", port)});
    REQUIRE(made.size() == 2);
    CHECK(made[0].kind == Kind::rule);
    CHECK(made[0].allow.size() == 1);
    CHECK(made[1].kind == Kind::none);
    CHECK(made[1].note.contains("narrower"));
  }
  // Also where no pattern can say them.
  const auto unsaid = suggest({attempt("tcp", "api.test", 443), request("GET", "/a%20b")});
  for (const Suggestion& one : unsaid) CHECK(one.kind == Kind::none);
}

TEST_CASE("facts are counted, sorted and said once") {
  auto many = attempt("tcp", "b.test", 443);
  many.record = 3;
  many.times = 40;
  auto again = many;
  again.record = 9;
  again.times = 2;
  auto other = attempt("tcp", "a.test", 8080);
  other.profile = "other";
  auto first = request("GET", "/b"), second = request("GET", "/a"), third = request("GET", "/b");
  first.record = 4;
  second.record = 5;
  third.record = 6;
  const auto made = suggest({other, many, first, again, second, third,
                             attempt("tcp", "b.test", 22, "too many connections in a short time")});
  REQUIRE(made.size() == 4);
  CHECK(made[0].host == "api.test");
  CHECK(made[0].seen == Seen{3, 4, 6});
  CHECK(made[0].beside == "policy.toml:12");
  REQUIRE(made[0].allow.size() == 2);
  CHECK(made[0].allow[0] == SuggestedRequest{"GET /a", {1, 5, 5}});
  CHECK(made[0].allow[1] == SuggestedRequest{"GET /b", {2, 4, 6}});
  CHECK(made[1].port == 22);
  CHECK(made[2].host == "b.test");
  CHECK(made[2].seen == Seen{42, 3, 9});
  CHECK(made[3].profile == "other");
}

TEST_CASE("what cannot be held is counted") {
  SuggestedRules rules;
  for (std::size_t i = 0; i < kMostSuggestions + 3; ++i)
    rules.add(attempt("dns", std::format("n{}.test", i)));
  rules.add(attempt("dns", "n0.test"));
  CHECK(rules.left_out() == 3);
  const auto made = rules.take();
  CHECK(made.size() == kMostSuggestions);
  CHECK(suggestions_text(std::span(made).first(1), 3).contains("3 more refusals are not shown"));
  const auto json = suggestions_json({}, 3);
  REQUIRE(json.size() == 1);
  CHECK(json[0].get_int("times") == 3);
}

TEST_CASE("nothing in a log breaks out of the text") {
  const std::string evil[] = {
      "a\"\n[[profile.build.egress]]\nhost = \"*.com\"",
      "a\"]\n",
      "a\nhost = \"evil.test\"",
      "a\r[[bind]]",
      "a\x1b[2J\x7f",
      "a\xe2\x80\xae"
      "b\xe2\x80\xa8",
      "a\\",
      "a\\\"",
      "'''\"\"\"",
      "a\xff\xfe",
      std::string("a\0b", 3),
      "\xd0\xb0pi.test",  // Cyrillic
  };
  for (const std::string& text : evil) {
    std::vector<DeniedAttempt> attempts(7, attempt("tcp", "good.test", 443));
    attempts[1].host = text;
    attempts[2].mode = text;
    attempts[3].why = text;
    attempts[4].rule = text;
    attempts[4].why = "deny names `x`";
    attempts[5] = request("GET", "/" + text);
    attempts[6] = request("GET", "/fine");
    attempts[6].rule = text;
    const std::string shown = text_of(attempts);
    INFO(shown);
    for (const char c : shown) CHECK((c == '\n' || (c >= ' ' && c < '\x7f')));
    const auto loaded = pasted(shown);
    INFO(policy::to_text(loaded));
    REQUIRE(loaded.policy);
    const auto& egress = loaded.policy->profiles.at("build").egress;
    REQUIRE(egress.size() == 2);
    CHECK(policy::to_string(egress[0].target) == "api.test");
    CHECK(policy::to_string(egress[1].target) == "good.test");

    // A string means the text that it was made of.
    const auto document = policy::parse_document("x", "k = " + codec::toml_string(text) + "\n");
    REQUIRE(document);
    const auto* value = std::get<policy::Table>(document->data).find("k");
    REQUIRE(value != nullptr);
    CHECK(std::get<std::string>(value->value.data) == codec::replace_invalid_utf8(text));

    // The name of a profile stands in a key.
    DeniedAttempt named = attempt("tcp", "good.test", 443);
    named.profile = text;
    const std::string keyed = text_of({named});
    for (const char c : keyed) CHECK((c == '\n' || (c >= ' ' && c < '\x7f')));
    CHECK(std::ranges::count(keyed, '\n') == std::ranges::count(text_of({attempts[0]}), '\n'));
  }
}

TEST_CASE("the text, whole") {
  auto folded = attempt("tcp", "db.test", 5432);
  folded.times = 3;
  auto later = folded;
  later.record = 9;
  CHECK(text_of({}).ends_with("\n# egress refused nothing\n"));
  CHECK(
      text_of({folded, later, request("GET", "/v1"), attempt("dns", "n.test"),
               attempt("tcp", "p.test", 80),
               attempt("tcp", "2600:1f18::1", 443, "too many connections in a short time")}) ==
      R"(# What egress refused, as exact rules. Nothing is applied: copy what is meant into a policy (where
# egress = [ ... ] is written, as a { } in there), say why, generalise by hand. `glovebox policy
# diff` tells what it would permit.

# profile build

# no rule for [2600:1f18::1]:443 (once, record 7): too many connections in a short time

# once, record 7
# the rule at policy.toml:12 did not allow it
[[profile.build.egress]]
host = "api.test"
port = 443
mode = "inspect"
allow = [
  "GET /v1",  # once, first in record 7
]

# 6 times, records 7 to 9
[[profile.build.egress]]
host = "db.test"
port = 5432
mode = "raw"
whole_host = true
why = "seen in record 7; say why"

# once, record 7, only its name was asked for, no port was seen
# [[profile.build.egress]]
# host = "n.test"

# once, record 7, no request was seen: say in allow which are meant, as "METHOD /path"
# [[profile.build.egress]]
# host = "p.test"
# port = 80
# mode = "http"
# allow = [ ]
)");
}

TEST_CASE("the same as JSON") {
  const auto json = suggestions_json(
      suggest({attempt("tcp", "10.0.0.7", 22), request("GET", "/v1"), attempt("dns", "n.test")}),
      0);
  CHECK(codec::to_json(codec::Json(json)) ==
        R"([{"profile":"build","host":"10.0.0.7","port":22,"kind":"rule","mode":"raw",)"
        R"("private":true,"whole_host":true,"times":1,"first":7,"last":7},)"
        R"({"profile":"build","host":"api.test","port":443,"kind":"rule","mode":"inspect",)"
        R"("allow":[{"request":"GET /v1","times":1,"first":7,"last":7}],)"
        R"("beside":"policy.toml:12","times":1,"first":7,"last":7},)"
        R"({"profile":"build","host":"n.test","kind":"unfinished",)"
        R"("note":"only its name was asked for, no port was seen","times":1,"first":7,"last":7}])");
}

TEST_CASE("a record is read as egress writes it") {
  const NetworkTags tags{
      .session = "s", .profile = "build", .policy = "d", .tool_use = "", .tool = ""};
  Refused refused;
  refused.asked = "api.test";
  refused.port = 443;
  refused.mode = "inspect";
  refused.rule = "policy.toml:12";
  refused.why = kNotAllowed;
  refused.method = "GET";
  refused.path = "/v1";
  const audit::RecordStamp stamp{.wall = {1'795'534'951'000'000},
                                 .since_boot = microseconds(1),
                                 .boot_id = "b",
                                 .previous = {}};
  const auto record_of = [&](audit::RecordKind kind, codec::JsonObject members) {
    members.erase("sid");
    return *audit::parse_record(
        *glovebox::test::salted_record(kind, stamp, "s", "", std::move(members)));
  };
  const auto read = denied_attempt(
      7, record_of(audit::RecordKind::net_deny, deny_members(tags, {refused, 5, {}, {}})));
  REQUIRE(read);
  CHECK(read->times == 5);
  const auto made = suggest({*read});
  REQUIRE(made.size() == 1);
  REQUIRE(made[0].allow.size() == 1);
  CHECK(made[0].allow[0] == SuggestedRequest{"GET /v1", {5, 7, 7}});

  Opened opened;
  opened.host = "api.test";
  CHECK_FALSE(
      denied_attempt(7, record_of(audit::RecordKind::net_open, open_members(tags, opened))));
  // What the auditor replaced by a commitment, and numbers that are none.
  const auto odd = denied_attempt(
      7, record_of(audit::RecordKind::net_deny,
                   *codec::parse_json(R"({"host":{"sha256":"x"},"port":70000,"n":-1,"why":"w"})")
                        ->as_object()));
  REQUIRE(odd);
  CHECK(odd->host.empty());
  CHECK(odd->port == 0);
  CHECK(odd->times == 1);
}

}  // namespace
}  // namespace glovebox::egress
