// What a decision and a diff cost: a policy with 200 egress rules, asked about requests that the
// first rule answers, the last one, and none. And what it costs to check and to compare two texts:
// GLOVEBOX_BENCH_POLICIES=BEFORE:AFTER. Prints one line of JSON.
#include <stdlib.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <format>
#include <print>
#include <string>
#include <vector>

#include "../unit/policy/compare_support.h"
#include "base/clock.h"
#include "os/file.h"
#include "policy/check.h"
#include "policy/decider.h"
#include "policy/load.h"
#include "seccomp/filter.h"

namespace glovebox::policy {

namespace {

constexpr int kRules = 200;  // egress rules, two paths each
constexpr int kMounts = 40;
constexpr int kDecisions = 2000;  // of one request, in one run
constexpr int kRuns = 50;

double microseconds_of(Duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double quantile(std::vector<double> times, double share) {
  std::ranges::sort(times);
  return times.at(std::min(times.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(times.size()))));
}

Profile large() {
  Profile profile;
  profile.syscalls = "builtin:bash";
  profile.mounts = {mount("@workspace", MountMode::read_write), mount("@tmp", MountMode::tmpfs)};
  for (int i = 0; i < kMounts; ++i)
    profile.mounts.push_back(mount(std::format("/data/{}", i), MountMode::read_only));
  for (int i = 0; i < kRules; ++i)
    profile.egress.push_back(egress(std::format("host{}.example", i), 443, 443, EgressMode::inspect,
                                    {http("GET", "/v1/*/items/**"), http("POST", "/v1/upload")}));
  for (const char* name : {".git/hooks", ".vscode", ".env*"}) profile.guard.push_back({name, {}});
  profile.deny.egress.push_back({target("*.internal.example"), {}});
  return profile;
}

const Filters& filters() {
  static const Filters all = {
      {"builtin:bash",
       *seccomp::parse("bash.policy", *seccomp::builtin_text("bash"), seccomp::builtin_set)}};
  return all;
}

std::string text_of(const std::string& path) {
  auto text = os::read_file(path, kMiB);
  REQUIRE(text);
  return *std::move(text);
}

Policy policy_in(const std::string& path, const std::string& text) {
  Loaded loaded = load(path, text);
  if (!loaded.policy) FAIL(to_text(loaded));
  return *std::move(loaded.policy);
}

struct TextTimes {
  double check_ms = 0, diff_ms = 0;
};

// As `policy check` does: the file is read before, the filters that it names are parsed.
TextTimes text_times(const Clock& clock) {
  const char* const named = ::getenv("GLOVEBOX_BENCH_POLICIES");
  REQUIRE(named != nullptr);
  const std::string files = named;
  const std::string before = files.substr(0, files.find(':'));
  const std::string after = files.substr(files.find(':') + 1);
  const std::string text = text_of(before);
  std::vector<double> checks, diffs;
  for (int run = 0; run < kRuns; ++run) {
    const Duration begin = clock.monotonic();
    const Policy policy = policy_in(before, text);
    const Filters filters = {
        {"builtin:bash",
         *seccomp::parse("bash.policy", *seccomp::builtin_text("bash"), seccomp::builtin_set)}};
    const auto found = check_policy(policy, filters, compare);
    checks.push_back(microseconds_of(clock.monotonic() - begin) / 1000);
    REQUIRE(std::ranges::none_of(
        found, [](const Diagnostic& diagnostic) { return diagnostic.code == Code::syntax; }));
  }
  const Policy old = policy_in(before, text), now = policy_in(after, text_of(after));
  for (int run = 0; run < kRuns; ++run) {
    const Duration begin = clock.monotonic();
    const auto found = diff(old, filters(), now, filters());
    diffs.push_back(microseconds_of(clock.monotonic() - begin) / 1000);
    REQUIRE(widens(found));
  }
  return {quantile(checks, 0.5), quantile(diffs, 0.5)};
}

double decision_us(const Decider& decider, const Clock& clock, const char* text) {
  const Request request = parse_request(text).value();
  const Who who;
  std::vector<double> times;
  for (int run = 0; run < kRuns; ++run) {
    int allowed = 0;
    const Duration begin = clock.monotonic();
    for (int i = 0; i < kDecisions; ++i)
      allowed += decider.answer(who, request) == Answer::allow ? 1 : 0;
    times.push_back(microseconds_of(clock.monotonic() - begin) / kDecisions);
    REQUIRE((allowed == 0 || allowed == kDecisions));
  }
  return quantile(times, 0.5);
}

}  // namespace

TEST_CASE("policy decision") {
  const SystemClock clock;
  const Policy policy = policy_of_profile(large());
  const Decider decider(policy, filters());
  Profile more = large();
  more.egress.back().allow.push_back(http("DELETE", "/v1/*"));
  more.limits.pids.value += 1;
  const Policy wider = policy_of_profile(more);
  std::vector<double> diffs;
  for (int run = 0; run < kRuns; ++run) {
    const Duration begin = clock.monotonic();
    const auto found = diff(policy, filters(), wider, filters());
    diffs.push_back(microseconds_of(clock.monotonic() - begin) / 1000);
    REQUIRE(found.size() == 1);
    REQUIRE(found.front().differences.size() == 2);
  }
  const TextTimes texts = text_times(clock);
  std::println(R"({{"first_rule_us":{:.3f},"last_rule_us":{:.3f},"no_rule_us":{:.3f},)"
               R"("file_us":{:.3f},"syscall_us":{:.3f},"diff_p50_ms":{:.2f},"diff_p99_ms":{:.2f},)"
               R"("check_p50_ms":{:.2f},"text_diff_p50_ms":{:.2f}}})",
               decision_us(decider, clock, "GET https://host0.example/v1/a/items/b"),
               decision_us(decider, clock, "POST https://host199.example/v1/upload"),
               decision_us(decider, clock, "connect other.test:443"),
               decision_us(decider, clock, "write @workspace/src/main.c"),
               decision_us(decider, clock, "syscall clone(arg0=0x10000)"), quantile(diffs, 0.5),
               quantile(diffs, 0.99), texts.check_ms, texts.diff_ms);
}

}  // namespace glovebox::policy
