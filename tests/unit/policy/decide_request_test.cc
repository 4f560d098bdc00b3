#include "policy/decide_request.h"

#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <set>
#include <string>
#include <variant>

#include "compare_support.h"
#include "policy/decider.h"
#include "policy/verdict_text.h"

namespace glovebox::policy {
namespace {

Policy example() {
  Profile p;
  p.origin = line(10);
  p.mounts = {mount("@workspace", MountMode::read_write, Exec::yes),
              mount("@tmp", MountMode::tmpfs), mount("/srv/data", MountMode::read_only),
              mount("/srv/data/keys", MountMode::hide)};
  for (std::uint32_t i = 0; i < 4; ++i) p.mounts[i].origin = line(11 + i);
  p.guard = {{".git/hooks", line(20)}};
  p.deny.paths.push_back({"@workspace/private", line(21)});
  p.deny.tools.push_back({"mcp:github/delete_*", line(22)});
  p.deny.syscalls.push_back({"read", line(23)});
  p.deny.egress.push_back({target("bad.example.com"), line(24)});
  p.egress = {egress("*.example.com", 443, 443, EgressMode::inspect, {http("GET", "/a/*")}),
              egress("10.0.0.0/8", 22, 22, EgressMode::raw)};
  p.egress[0].origin = line(30);
  p.egress[0].inject = "token";
  p.egress[1].origin = line(31);
  p.limits.wall.origin = line(32);
  p.origins["syscalls"] = line(33);
  p.approvals = {{"mcp:github/merge_*", "webhook:desk", seconds(60), line(40)}};
  Policy policy = policy_of_profile(p);
  policy.binds[0].environment = "local";
  policy.secrets.emplace("token", SecretRule{"token",
                                             "credential:x",
                                             {{HostPattern{"a.example.com", false}, 443}},
                                             Exposure::egress,
                                             {},
                                             line(50)});
  return policy;
}

TEST_CASE("requests and what becomes of them") {
  const Policy policy = example();
  const Decider decider(policy, plain_filters());
  struct Row {
    const char* request;
    Answer answer;
    std::uint32_t line;  // that decided; 0: none
    const char* words;   // a part of them
    const char* tool = "bash";
  };
  const Answer deny = Answer::deny, allow = Answer::allow, ask = Answer::ask;
  const Row rows[] = {
      {"read /srv/data/keys/a", deny, 14, "`/srv/data/keys` is hidden"},
      {"write /srv/data/a", deny, 13, "`/srv/data` is read-only"},
      {"exec @tmp/a", deny, 12, "nothing can be run from `@tmp`"},
      {"exec /var/tmp/a", deny, 12, "nothing can be run from `@tmp`"},
      {"read /home/a", deny, 0, "nothing is mounted there"},
      {"read /etc/shadow", deny, 0, "nothing is mounted there"},
      {"write /usr/bin/env", deny, 0, "`/usr` is read-only"},
      {"write @workspace/.git/hooks/x", deny, 20, "`.git/hooks` is guarded"},
      {"write @workspace/sub/.git/hooks", deny, 20, "`.git/hooks` is guarded"},
      {"read @workspace/private/x", deny, 21, "deny names `@workspace/private`"},
      {"connect bad.example.com:443", deny, 24, "deny names `bad.example.com`"},
      {"connect example.com:443", deny, 0, "no egress rule names this host and port"},
      {"connect a.example.com:80", deny, 0, "no egress rule names this host and port"},
      {"connect 10.0.0.1:22", deny, 31, "not for private addresses"},
      {"connect [::ffff:10.0.0.1]:22", deny, 0, "no egress rule"},
      {"GET https://a.example.com/b", deny, 30, "does not allow this method and path"},
      {"GET https://a.example.com/a/", deny, 30, "does not allow this method and path"},
      {"POST https://a.example.com/a/b", deny, 30, "does not allow this method and path"},
      {"GET http://a.example.com:443/a/b", deny, 30, "does not carry this scheme"},
      {"GET https://a.example.com/a/b%2Fc", deny, 30, "with its %2f read as slashes"},
      {"resolve example.com", deny, 0, "no egress rule"},
      {"syscall read", deny, 23, "deny names `read`"},
      {"syscall ptrace", deny, 33, "the filter `builtin:bash` refuses it"},
      {"limit wall 3m", deny, 32, "the limit is 2m"},
      {"secret other for a.example.com:443", deny, 0, "no secret named `other`"},
      {"secret token for b.example.com:443", deny, 50, "not for this endpoint"},
      {"tool mcp:github/delete_repo", deny, 22, "deny names tool `mcp:github/delete_repo`"},
      {"mcp github/delete_repo", deny, 22, "deny names tool"},
      {"mcp github/merge_pull", ask, 40, "needs the approval of `webhook:desk`"},
      {"read @workspace/a", ask, 40, "needs the approval", "mcp:github/merge_pull"},
      {"read /home/a", deny, 0, "nothing is mounted there", "mcp:github/merge_pull"},
      {"read @workspace/.git/hooks/x", allow, 11, "the mount of `@workspace` gives it"},
      {"write @workspace/a", allow, 11, "gives it"},
      {"exec @workspace/a", allow, 11, "gives it"},
      {"read /srv/data", allow, 13, "gives it"},
      {"read /srv/database", deny, 0, "nothing is mounted there"},
      {"exec /usr/bin/env", allow, 0, "every box has `/usr`"},
      {"connect a.b.example.com:443", allow, 30, "the rule for `*.example.com`, port 443"},
      {"GET https://a.example.com/a/b?c=/d/e", allow, 30, "gives it"},
      {"resolve a.example.com", allow, 30, "gives it"},
      {"syscall execve", allow, 33, "the filter `builtin:bash` allows it"},
      {"limit wall 2m", allow, 32, "the limit is 2m"},
      {"secret token for a.example.com:443", allow, 30, "`token` is added on the wire"},
      {"tool read", allow, 2, "the bind gives tool `read`"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.request << " as " << row.tool) {
      const Who who{"local", "local", row.tool};
      const Request request = parse_request(row.request).value();
      const Verdict verdict = decide_request(policy, plain_filters(), who, request);
      INFO(to_text(verdict));
      CHECK(verdict.answer == row.answer);
      CHECK((verdict.rule ? verdict.rule->line : 0) == row.line);
      CHECK(verdict.words.find(row.words) != std::string::npos);
      CHECK(answer_request(policy, plain_filters(), who, request) == row.answer);
      CHECK(decider.answer(who, request) == row.answer);
    }
  }
}

TEST_CASE("without a bind there is nothing to ask further") {
  const Policy policy = example();
  const Verdict verdict = decide_request(policy, plain_filters(), {"env_9", "a", "bash"},
                                         parse_request("read @workspace").value());
  CHECK(verdict.answer == Answer::deny);
  CHECK(verdict.trace.size() == 1);
  CHECK(verdict.words == "no bind applies");
}

TEST_CASE("a filter that is not there refuses every call") {
  const Policy policy = example();
  for (const char* request : {"syscall execve", "exec /usr/bin/env"})
    CHECK(answer_request(policy, {}, {}, parse_request(request).value()) == Answer::deny);
}

TEST_CASE("the cap bounds what a profile gives, and the workspace only where it names it") {
  Policy policy = example();
  policy.cap = Profile{};
  policy.cap->syscalls.clear();
  policy.cap->limits.wall.value = seconds(60);
  policy.cap->limits.wall.origin = line(3);
  const auto answer = [&](const char* text) {
    const Request request = parse_request(text).value();
    const Answer is = answer_request(policy, plain_filters(), {}, request);
    CHECK(Decider(policy, plain_filters()).answer({}, request) == is);
    CHECK(decide_request(policy, plain_filters(), {}, request).answer == is);
    return is;
  };
  CHECK(answer("read /srv/data/a") == Answer::deny);
  CHECK(answer("connect a.example.com:443") == Answer::deny);
  CHECK(answer("limit wall 2m") == Answer::deny);
  CHECK(answer("limit wall 1m") == Answer::allow);
  CHECK(answer("write @workspace/a") == Answer::allow);
  CHECK(answer("syscall execve") == Answer::allow);
  const Verdict verdict =
      decide_request(policy, plain_filters(), {}, parse_request("limit wall 2m").value());
  CHECK(to_string(*verdict.rule) == "p.toml:3");
  CHECK(verdict.words == "beyond the cap: the limit is 1m");
}

TEST_CASE("where only the profile is known, it decides") {
  Policy policy = example();
  const std::string name = policy.profiles.begin()->first;
  const Filters filters = plain_filters();
  const auto ask = [&](const std::string& profile, const char* words) {
    return decide_in_profile(policy, filters, profile, parse_request(words).value());
  };
  const struct {
    const char* request;
    Answer answer;
    std::uint32_t line;
  } rows[] = {
      {"connect bad.example.com:443", Answer::deny, 24},
      {"connect a.example.com:80", Answer::deny, 0},
      {"GET https://a.example.com/b", Answer::deny, 30},
      {"GET https://a.example.com/a/b", Answer::allow, 30},
      {"resolve other.test", Answer::deny, 0},
      {"read /srv/data/keys/a", Answer::deny, 14},
      // These are not for a profile to say.
      {"tool bash", Answer::deny, 0},
      {"secret token for a.example.com:443", Answer::deny, 0},
  };
  for (const auto& row : rows) {
    INFO(row.request);
    const Verdict verdict = ask(name, row.request);
    CHECK(verdict.answer == row.answer);
    CHECK((verdict.rule ? verdict.rule->line : 0) == row.line);
    CHECK(verdict.trace.front().stage == "profile");
  }
  CHECK_FALSE(ask("no such profile", "connect a.example.com:443").allow());

  policy.cap = Profile{};
  CHECK_FALSE(ask(name, "GET https://a.example.com/a/b").allow());
  CHECK(ask(name, "GET https://a.example.com/a/b").words.starts_with(kBeyondCap));
}

TEST_CASE("why egress refused is read back from the words of the refusal") {
  const Policy policy = example();
  const Profile& profile = policy.profiles.begin()->second;
  const char* const requests[] = {"connect bad.example.com:443", "connect a.example.com:80",
                                  "connect 10.0.0.1:22", "GET https://a.example.com/b",
                                  "GET http://a.example.com:443/b"};
  std::set<Reason> reasons;
  for (const char* words : requests) {
    const Request request = parse_request(words).value();
    const Ruling ruling = std::holds_alternative<HttpRequest>(request)
                              ? judge(profile, std::get<HttpRequest>(request))
                              : judge(profile, std::get<ConnectRequest>(request));
    INFO(words);
    REQUIRE_FALSE(ruling.allowed);
    CHECK(egress_reason(ruling_words(ruling, profile)) == ruling.reason);
    reasons.insert(ruling.reason);
  }
  CHECK(reasons.size() == std::size(requests));
  CHECK(egress_reason("the profile has no egress rule") == Reason::no_rule_for_host);
  const auto slash = parse_request("GET https://a.example.com/a/b%2fc").value();
  const Ruling both = judge(profile, std::get<HttpRequest>(slash));
  CHECK(ruling_words(both, profile).ends_with("with its %2f read as slashes"));
  CHECK(egress_reason(ruling_words(both, profile)) == Reason::method_or_path);
  for (const char* other :
       {"", "deny names `a", "the audit log cannot be written", "the rule for `a`, port 1 gives it",
        "TLS asks for the rule for `a` does not allow this method and path",
        "beyond the cap: no egress rule names this host and port"})
    CHECK_FALSE(egress_reason(other));
}

TEST_CASE("a verdict in words") {
  const Verdict verdict = decide_request(example(), plain_filters(), {},
                                         parse_request("connect evil.example:443").value());
  CHECK(to_text(verdict) ==
        "deny: no egress rule names this host and port\n"
        "  bind         tool `bash` gets profile `p`\n"
        "               at p.toml:2\n"
        "  profile      `p`\n"
        "               at p.toml:10\n"
        "  rule         no egress rule names this host and port\n"
        "               at (not in the policy)\n"
        "  enforced by  the egress role: a box has no other way out\n");
}

}  // namespace
}  // namespace glovebox::policy
