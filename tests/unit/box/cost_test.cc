// Not a check but a measurement: `unit_box "[.cost]"` prints how long fresh boxes take.
#include <linux/seccomp.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdint>
#include <format>
#include <functional>
#include <print>
#include <string>
#include <vector>

#include "seccomp/bpf.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

void measure(const char* name, const std::function<void()>& call) {
  constexpr std::size_t kTimes = 300;
  std::vector<std::int64_t> took;
  for (std::size_t i = 0; i < kTimes; ++i) {
    const auto before = std::chrono::steady_clock::now();
    call();
    took.push_back(std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::steady_clock::now() - before)
                       .count());
  }
  std::ranges::sort(took);
  std::println("{:<24} p50 {} µs, p99 {} µs", name, took[kTimes / 2], took[kTimes * 99 / 100]);
}

// The plan with a filter that refuses without a word what it would report.
BoxPlan without_listener(BoxPlan plan) {
  auto program = *seccomp::from_bytes(plan.filter);
  for (seccomp::Instruction& instruction : program) {
    const auto action = seccomp::to_action(instruction.k);
    if (action && action->kind == seccomp::Action::Kind::notify)
      instruction.k = SECCOMP_RET_ERRNO | action->error;
  }
  plan.filter = seccomp::to_bytes(program);
  return plan;
}

}  // namespace

TEST_CASE("the cost of a listener", "[.cost]") {
  TestSession session;
  const BoxPlan with = session.program({"/bin/true"});
  const BoxPlan without = without_listener(with);
  std::string output;
  for (int round = 0; round < 3; ++round) {
    measure("with a listener", [&] { session.run_program(with, output); });
    measure("without", [&] { session.run_program(without, output); });
  }
}

TEST_CASE("the cost of a fresh box", "[.cost]") {
  TestSession session;
  const BoxPlan program = session.program({"/bin/true"});
  const BoxPlan shell = session.plan("bash");
  const BoxPlan read = session.plan("read");
  session.bash("echo text > a");
  std::string output;
  measure("/bin/true", [&] { session.run_program(program, output); });
  measure("bash: true", [&] { session.bash_with(shell, "true"); });
  measure("read", [&] { session.run(read, R"({"file_path":"a"})"); });
  for (const Layer layer : kAllLayers) {
    if (layer == Layer::mount_namespace || layer == Layer::pid_namespace ||
        layer == Layer::user_namespace)
      continue;
    BoxPlan without = program;
    without.layers = without.layers.without(layer);
    measure(std::format("without {}", to_string(layer)).c_str(),
            [&] { session.run_program(without, output); });
  }
}

}  // namespace glovebox::box::test
