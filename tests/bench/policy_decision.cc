// What a decision and a diff cost: a policy of some 1,000 lines, asked about requests that the
// first rule answers, the last one, and none. Prints one line of JSON.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <format>
#include <print>
#include <string>
#include <vector>

#include "../unit/policy/compare_support.h"
#include "base/clock.h"
#include "policy/decider.h"
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
  std::println(
      R"({{"first_rule_us":{:.3f},"last_rule_us":{:.3f},"no_rule_us":{:.3f},)"
      R"("file_us":{:.3f},"syscall_us":{:.3f},"diff_p50_ms":{:.2f},"diff_p99_ms":{:.2f}}})",
      decision_us(decider, clock, "GET https://host0.example/v1/a/items/b"),
      decision_us(decider, clock, "POST https://host199.example/v1/upload"),
      decision_us(decider, clock, "connect other.test:443"),
      decision_us(decider, clock, "write @workspace/src/main.c"),
      decision_us(decider, clock, "syscall clone(arg0=0x10000)"), quantile(diffs, 0.5),
      quantile(diffs, 0.99));
}

}  // namespace glovebox::policy
