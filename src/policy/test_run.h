// The tests that a policy carries in itself, run; and the rules that none of them touches.
#pragma once

#include <string>
#include <vector>

#include "policy/decide_request.h"

namespace glovebox::policy {

// A call that waits for an approval is not allowed: `allow` wants one that runs by itself.
struct TestResult {
  const Test* test = nullptr;  // into the policy
  bool passed = false;
  std::string problem;  // the request that cannot be read; empty otherwise
  Verdict verdict;
};

struct Rule {
  std::string words;  // `mount @workspace`, `egress example.com`
  Origin origin;
};

struct TestRun {
  std::vector<TestResult> results;
  std::vector<Rule> untouched;  // rules of binds and profiles that decided no test, by place
  std::size_t rules = 0;        // that there are
  bool passed() const;          // there is a test, and none failed
};
TestRun run_tests(const Policy& policy, const Filters& filters);

enum class Coverage { left_out, shown };
std::string to_text(const TestRun& run, Coverage coverage);

}  // namespace glovebox::policy
