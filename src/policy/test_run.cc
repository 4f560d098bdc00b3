#include "policy/test_run.h"

#include <algorithm>
#include <format>
#include <set>
#include <tuple>
#include <utility>

#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/verdict_text.h"

namespace glovebox::policy {

namespace {

using Place = std::tuple<std::string, std::uint32_t, std::uint32_t>;

Place place_of(const Origin& origin) {
  return {origin.file, origin.line, origin.column};
}

// Every line by which a request can be decided.
std::vector<Rule> rules_of(const Policy& policy) {
  std::vector<Rule> rules;
  for (const Bind& bind : policy.binds)
    for (const ToolRule& rule : bind.tools)
      rules.push_back({std::format("bind {} = {}", rule.pattern, rule.profile), rule.origin});
  for (const auto& [name, profile] : policy.profiles) {
    for (const Mount& mount : profile.mounts)
      rules.push_back({std::format("mount {}", mount.at), mount.origin});
    for (const Guard& guard : profile.guard)
      rules.push_back({std::format("guard {}", guard.name), guard.origin});
    for (const EgressRule& rule : profile.egress)
      rules.push_back({std::format("egress {}", target_text(rule.target)), rule.origin});
    for (const auto& item : profile.deny.tools)
      rules.push_back({std::format("deny tool {}", item.value), item.origin});
    for (const auto& item : profile.deny.paths)
      rules.push_back({std::format("deny path {}", item.value), item.origin});
    for (const auto& item : profile.deny.syscalls)
      rules.push_back({std::format("deny syscall {}", item.value), item.origin});
    for (const auto& item : profile.deny.egress)
      rules.push_back({std::format("deny egress {}", target_text(item.value)), item.origin});
    for (const Approval& approval : profile.approvals)
      rules.push_back({std::format("approve {}", approval.tool), approval.origin});
  }
  // A profile that others extend gives its lines to each of them.
  std::ranges::sort(rules, {}, [](const Rule& rule) { return place_of(rule.origin); });
  const auto same = std::ranges::unique(
      rules, {}, [](const Rule& rule) { return std::pair(place_of(rule.origin), rule.words); });
  rules.erase(same.begin(), same.end());
  return rules;
}

}  // namespace

bool TestRun::passed() const {
  return !results.empty() && std::ranges::all_of(results, &TestResult::passed);
}

TestRun run_tests(const Policy& policy, const Filters& filters) {
  TestRun run;
  std::set<Place> touched;
  for (const Test& test : policy.tests) {
    TestResult result;
    result.test = &test;
    const auto request = parse_request(test.request);
    if (!request) {
      const std::string message = request.error().message();
      result.problem = message.substr(0, message.find('\n'));  // without the hint
    } else {
      result.verdict = decide_request(policy, filters, test.as, *request);
      result.passed = result.verdict.allow() == test.allow;
      for (const TraceStep& step : result.verdict.trace)
        if (step.origin) touched.insert(place_of(*step.origin));
    }
    run.results.push_back(std::move(result));
  }
  for (Rule& rule : rules_of(policy)) {
    ++run.rules;
    if (!touched.contains(place_of(rule.origin))) run.untouched.push_back(std::move(rule));
  }
  return run;
}

std::string to_text(const TestRun& run, Coverage coverage) {
  std::string text;
  for (const TestResult& result : run.results) {
    text += std::format("{} {}: {} {}\n", result.passed ? "ok    " : "not ok",
                        to_string(result.test->origin), result.test->request,
                        to_string(result.test->as));
    if (result.passed) continue;
    if (!result.problem.empty()) {
      text += std::format("       {}\n", result.problem);
      continue;
    }
    text += std::format("       expected {}, is {}: {}\n", result.test->allow ? "allow" : "deny",
                        to_string(result.verdict.answer), result.verdict.words);
    if (result.verdict.rule && result.verdict.rule->line > 0)
      text += std::format("       at {}\n", to_string(*result.verdict.rule));
  }
  const auto passed = std::ranges::count_if(run.results, &TestResult::passed);
  text += std::format("{} of {} tests passed\n", passed, run.results.size());
  if (coverage == Coverage::left_out) return text;
  text += std::format("{} of {} rules touched\n", run.rules - run.untouched.size(), run.rules);
  for (const Rule& rule : run.untouched)
    text += std::format("  no test touches {}: {}\n", to_string(rule.origin), rule.words);
  return text;
}

}  // namespace glovebox::policy
