// All pairs of small policies against all requests of a small universe: compare() finds something
// exactly if some request is decided differently or some check differs, and in that direction.
#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <vector>

#include "compare_support.h"
#include "policy/decider.h"
#include "policy/file_place.h"
#include "policy/host_match.h"

namespace glovebox::policy {
namespace {

// What a profile permits, request by request, and what of it is no request.
struct Meaning {
  std::vector<bool> allowed;
  std::vector<int> levels;            // more is wider
  std::vector<std::string> contents;  // of files; `tmpfs` is less than any other
  // Whether an address is denied that names may stand for; absent without such names.
  std::optional<bool> address_denied;
};

struct Expected {
  bool wider = false, narrower = false;
};

Expected expected(const Meaning& before, const Meaning& after) {
  Expected found;
  for (std::size_t i = 0; i < before.allowed.size(); ++i) {
    found.wider = found.wider || (after.allowed[i] && !before.allowed[i]);
    found.narrower = found.narrower || (before.allowed[i] && !after.allowed[i]);
  }
  for (std::size_t i = 0; i < before.levels.size(); ++i) {
    found.wider = found.wider || after.levels[i] > before.levels[i];
    found.narrower = found.narrower || after.levels[i] < before.levels[i];
  }
  for (std::size_t i = 0; i < before.contents.size(); ++i) {
    const std::string &was = before.contents[i], &is = after.contents[i];
    if (was == is || was.empty() || is.empty()) continue;
    if (is == "tmpfs")
      found.narrower = true;
    else
      found.wider = true;
  }
  if (before.address_denied && after.address_denied) {
    found.wider = found.wider || *before.address_denied > *after.address_denied;
    found.narrower = found.narrower || *before.address_denied < *after.address_denied;
  }
  return found;
}

struct Case {
  Policy policy;
  Meaning meaning;
};

// The index answers as the rules one by one do.
bool decided_alike(const Decider& decider, const Policy& policy, const Filters& filters,
                   const Request& request, bool allowed) {
  return (decider.answer({}, request) == Answer::allow) == allowed &&
         (answer_request(policy, filters, {}, request) == Answer::allow) == allowed;
}

// Compares all pairs. False as soon as one is wrong, with what is wrong on stderr.
void check_pairs(const std::vector<Case>& cases, const Filters& filters, std::size_t step = 1) {
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < cases.size(); ++i)
    for (std::size_t j = i % step; j < cases.size(); j += step) {
      const Policy& before = cases[i].policy;
      const Policy& after = cases[j].policy;
      const auto found = compare(before.profiles.at("p"), filters, after.profiles.at("p"), filters);
      const Expected wanted = expected(cases[i].meaning, cases[j].meaning);
      ++pairs;
      bool good = has(found, Direction::wider) == wanted.wider &&
                  has(found, Direction::narrower) == wanted.narrower;
      for (const Difference& d : found)
        good = good && holds(d, before, filters, after, filters, {});
      if (good) continue;
      CAPTURE(i, j, wanted.wider, wanted.narrower, text_of(found));
      REQUIRE(good);
    }
  CHECK(pairs >= 1000);
}

TEST_CASE("brute force: files") {
  const MountMode modes[] = {MountMode::read_only, MountMode::read_write, MountMode::tmpfs,
                             MountMode::hide};
  std::vector<std::vector<Mount>> choices[2];
  for (int place = 0; place < 2; ++place) {
    const char* at = place == 0 ? "/a" : "/a/b";
    choices[place].push_back({});
    for (const MountMode mode : modes)
      for (const Exec exec : {Exec::no, Exec::yes})
        if (mode != MountMode::hide || exec == Exec::no)
          choices[place].push_back({mount(at, mode, exec)});
  }
  choices[1].push_back({mount("/a/b", MountMode::read_only)});
  choices[1].back()[0].from = "/src";
  choices[1].push_back({mount("/usr/lib/x", MountMode::read_write)});
  const char* denials[] = {"", "/a", "/a/b/c", "/"};
  const char* paths[] = {"/",        "/a",   "/a/x",         "/a/b",       "/a/b/x",       "/a/b/c",
                         "/a/b/c/d", "/usr", "/usr/bin/env", "/usr/lib/x", "/usr/lib/x/y", "/x"};
  std::vector<Case> cases;
  for (const auto& outer : choices[0])
    for (const auto& inner : choices[1])
      for (const char* denial : denials) {
        Profile profile;
        profile.mounts = outer;
        profile.mounts.insert(profile.mounts.end(), inner.begin(), inner.end());
        if (*denial != '\0') profile.deny.paths.push_back({denial, line(9)});
        Case made{policy_of_profile(profile), {}};
        const Profile& p = made.policy.profiles.at("p");
        const Decider decider(made.policy, plain_filters());
        for (const char* path : paths) {
          for (const FileAct act : {FileAct::read, FileAct::write, FileAct::exec}) {
            const FileRequest request{act, path};
            const bool is = judge(p, plain_filters(), request).allowed;
            if (!decided_alike(decider, made.policy, plain_filters(), request, is))
              FAIL(to_string(Request(request)));
            made.meaning.allowed.push_back(is);
          }
          const bool readable = made.meaning.allowed[made.meaning.allowed.size() - 3];
          made.meaning.contents.push_back(readable ? content_of(p, find_place(p, path), path) : "");
        }
        cases.push_back(std::move(made));
      }
  check_pairs(cases, plain_filters(), 3);
}

TEST_CASE("brute force: guards") {
  const char* names[] = {".git/hooks", ".git*", ".env*", ".env", "hooks"};
  const char* paths[] = {
      "/workspace/.git",          "/workspace/.git/hooks", "/workspace/.git/hooks/x",
      "/workspace/.gitx",         "/workspace/.env",       "/workspace/.env.local",
      "/workspace/a/.git/hooks",  "/workspace/a/.env/x",   "/workspace/hooks",
      "/workspace/a/hooks/b",     "/workspace/x",          "/data/.env",
      "/workspace/.git/hooksany", "/workspace/sub/.env",   "/workspace/sub/.gita",
      "/workspace/.envx"};
  std::vector<Case> cases;
  for (unsigned set = 0; set < 32; ++set)
    for (const bool sub : {false, true}) {
      Profile profile;
      profile.mounts = {mount("@workspace", MountMode::read_write),
                        mount("/data", MountMode::read_write)};
      if (sub) profile.mounts.push_back(mount("@workspace/sub", MountMode::hide));
      for (unsigned i = 0; i < 5; ++i)
        if ((set >> i & 1) != 0) profile.guard.push_back({names[i], line(i + 1)});
      Case made{policy_of_profile(profile), {}};
      for (const char* path : paths)
        for (const FileAct act : {FileAct::read, FileAct::write, FileAct::exec})
          made.meaning.allowed.push_back(
              judge(made.policy.profiles.at("p"), plain_filters(), FileRequest{act, path}).allowed);
      cases.push_back(std::move(made));
    }
  check_pairs(cases, plain_filters());
}

codec::HostPort to(const char* host, std::uint16_t port) {
  return {codec::parse_host(host).value(), port};
}

TEST_CASE("brute force: egress") {
  const std::vector<EgressRule> rules = {
      egress("a.example", 443, 443, EgressMode::inspect, {http("GET", "/**")}),
      egress("a.example", 443, 443, EgressMode::inspect, {http("POST", "/x/*"), http("*", "/x")}),
      egress("*.example", 443, 443, EgressMode::inspect, {http("GET", "/x/**")}),
      egress("a.example", 80, 81, EgressMode::http, {http("GET", "/*/y")}),
      egress("*.example", 80, 443, EgressMode::sni),
      egress("a.example", 443, 443, EgressMode::raw),
      egress("x.a.example", 443, 443, EgressMode::inspect),
      egress("8.8.0.0/16", 443, 443, EgressMode::raw),
      egress("8.8.8.0/24", 1, 65535, EgressMode::sni),
      egress("10.0.0.0/8", 443, 443, EgressMode::raw),
  };
  const char* denials[] = {"", "a.example", "*.example", "8.8.8.0/24"};
  constexpr std::size_t kNames = 6;  // of the hosts
  const char* hosts[] = {"a.example",  "b.example", "x.a.example", "y.a.example", "example",
                         "other.test", "8.8.8.8",   "8.8.1.1",     "1.1.1.1",     "10.0.0.1"};
  const std::uint16_t ports[] = {79, 80, 81, 82, 443, 444};
  const char* paths[] = {"/",    "/x",     "/x/", "/x/y",   "/x/z",
                         "/z/y", "/x/y/z", "//y", "/x%2fy", "/z%2fy"};
  const char* methods[] = {"GET", "POST", "DELETE"};
  std::vector<Case> cases;
  const auto add = [&](std::vector<EgressRule> some, const char* denial) {
    Profile profile;
    profile.egress = std::move(some);
    if (*denial != '\0') profile.deny.egress.push_back({target(denial), line(9)});
    Case made{policy_of_profile(profile), {}};
    const Profile& p = made.policy.profiles.at("p");
    const Filters none;
    const Decider decider(made.policy, none);
    for (const char* host : hosts)
      for (const std::uint16_t port : ports) {
        made.meaning.allowed.push_back(judge(p, ConnectRequest{to(host, port)}).allowed);
        for (const char* method : methods)
          for (const char* path : paths)
            for (const Tls tls : {Tls::no, Tls::yes}) {
              const HttpRequest request{method, tls, to(host, port), path};
              const bool is = judge(p, request).allowed;
              if (!decided_alike(decider, made.policy, {}, request, is))
                FAIL(to_string(Request(request)));
              made.meaning.allowed.push_back(is);
            }
        // How much is hidden of what is reached on both sides.
        const std::size_t requests = std::size(methods) * std::size(paths) * 2;
        int level = 0;
        for (const EgressRule& rule : p.egress)
          if (made.meaning.allowed[made.meaning.allowed.size() - requests - 1] &&
              applies(rule, to(host, port).host, port))
            level = std::max(level, rule.mode == EgressMode::raw   ? 2
                                    : rule.mode == EgressMode::sni ? 1
                                                                   : 0);
        made.meaning.levels.push_back(level);
      }
    // A denied address is denied to every name, too.
    const std::size_t each = made.meaning.allowed.size() / std::size(hosts) / std::size(ports);
    bool names = false;
    for (std::size_t i = 0; i < kNames * std::size(ports); ++i)
      names = names || made.meaning.allowed[i * each];
    if (names) made.meaning.address_denied = std::string_view(denial) == "8.8.8.0/24";
    cases.push_back(std::move(made));
  };
  for (const char* denial : denials) {
    add({}, denial);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      add({rules[i]}, denial);
      for (std::size_t j = i + 1; j < rules.size(); ++j) add({rules[i], rules[j]}, denial);
    }
  }
  check_pairs(cases, {}, 7);
}

// Terms of three bits, wide and narrow.
std::vector<seccomp::Term> small_terms(std::uint8_t argument) {
  std::vector<seccomp::Term> terms;
  for (const auto width : {seccomp::Width::low32, seccomp::Width::full64}) {
    for (const std::uint64_t mask : {0u, 1u, 3u, 6u}) terms.push_back({argument, width, mask, {}});
    terms.push_back({argument, width, std::nullopt, {{0, 1}}});
    terms.push_back({argument, width, std::nullopt, {{2, 5}}});
    terms.push_back({argument, width, std::nullopt, {{3, 3}, {6, 7}}});
  }
  return terms;
}

TEST_CASE("brute force: system calls") {
  std::vector<seccomp::Predicate> predicates;
  const auto zero = small_terms(0), one = small_terms(1);
  for (const auto& term : zero) predicates.push_back({{term}});
  for (std::size_t i = 0; i < zero.size(); i += 2) {
    predicates.push_back({{zero[i], one[(i + 3) % one.size()]}});
    predicates.push_back({{zero[i]}, {zero[(i + 5) % zero.size()]}});
    predicates.push_back({{zero[i], one[i]}, {one[(i + 1) % one.size()]}});
  }
  using enum seccomp::Action::Kind;
  const seccomp::Action yes{allow, 0}, no{error, 1};
  Filters filters;
  std::vector<Case> cases;
  const std::uint64_t values[] = {0,
                                  1,
                                  2,
                                  3,
                                  4,
                                  5,
                                  6,
                                  7,
                                  8,
                                  16,
                                  std::uint64_t{1} << 32,
                                  (std::uint64_t{1} << 32) + 1,
                                  (std::uint64_t{1} << 32) + 3,
                                  (std::uint64_t{1} << 32) + 6,
                                  ~std::uint64_t{0}};
  const auto add = [&](const std::optional<seccomp::Rule>& rule, bool denied) {
    seccomp::Table table;
    table.fallback = no;
    if (rule) table.rules.push_back(*rule);
    Profile profile;
    profile.syscalls = std::format("/f/{}", filters.size());
    filters.emplace(profile.syscalls, table);
    if (denied) profile.deny.syscalls.push_back({"socket", line(3)});
    Case made{policy_of_profile(profile), {}};
    for (const std::uint64_t a : values)
      for (const std::uint64_t b : values)
        made.meaning.allowed.push_back(
            judge(made.policy.profiles.at("p"), filters, SyscallRequest{"socket", 41, {a, b}})
                .allowed);
    cases.push_back(std::move(made));
  };
  add(std::nullopt, false);
  seccomp::Rule rule{"socket", 41, yes, std::nullopt, "", ""};
  add(rule, false);
  add(rule, true);
  for (const auto& predicate : predicates) {
    add(seccomp::Rule{"socket", 41, yes, seccomp::Condition{predicate, {}, no}, "", ""}, false);
    add(seccomp::Rule{"socket", 41, no, seccomp::Condition{predicate, {}, yes}, "", ""}, false);
  }
  check_pairs(cases, filters);
}

TEST_CASE("brute force: callers") {
  const char* patterns[] = {"a", "ab", "a*", "*"};
  const char* tools[] = {"a", "ab", "abc", "ax", "b", "other"};
  std::vector<Policy> policies;
  for (unsigned set = 0; set < 16; ++set)
    for (const char* denied : {"", "a*", "ab"})
      for (const char* asked : {"", "a", "*"})
        for (const char* environment : {"", "e1"}) {
          Policy policy;
          policy.file = "p.toml";
          Bind bind;
          if (*environment != '\0') bind.environment = environment;
          for (unsigned i = 0; i < 4; ++i)
            if ((set >> i & 1) != 0) bind.tools.push_back({patterns[i], "p", line(i + 1)});
          policy.binds.push_back(bind);
          Profile profile;
          profile.name = "p";
          if (*denied != '\0') profile.deny.tools.push_back({denied, line(7)});
          if (*asked != '\0')
            profile.approvals.push_back({asked, "webhook:desk", seconds(60), line(8)});
          policy.profiles.emplace("p", std::move(profile));
          policies.push_back(std::move(policy));
        }
  const auto answers = [&](const Policy& policy) {
    std::vector<Answer> all;
    for (const char* environment : {"e1", "e2"})
      for (const char* tool : tools)
        all.push_back(
            answer_request(policy, plain_filters(), {environment, "x", tool}, ToolRequest{tool}));
    return all;
  };
  for (std::size_t i = 0; i < policies.size(); ++i)
    for (std::size_t j = i % 5; j < policies.size(); j += 5) {
      const auto was = answers(policies[i]), is = answers(policies[j]);
      bool wider = false, narrower = false;
      for (std::size_t k = 0; k < was.size(); ++k) {
        wider = wider || is[k] > was[k];
        narrower = narrower || is[k] < was[k];
      }
      const auto found = diff(policies[i], plain_filters(), policies[j], plain_filters());
      bool good = has(found, Direction::wider) == wider &&
                  has(found, Direction::narrower) == narrower && widens(found) == wider;
      for (const CallerDifferences& of : found)
        for (const Difference& d : of.differences)
          good = good && !of.callers.empty() &&
                 holds(d, policies[i], plain_filters(), policies[j], plain_filters(),
                       of.callers.front());
      if (good) continue;
      std::string text;
      for (const CallerDifferences& of : found) text += text_of(of.differences);
      CAPTURE(i, j, wider, narrower, text);
      REQUIRE(good);
    }
}

}  // namespace
}  // namespace glovebox::policy
