// Not a check but a measurement: `unit_box "[.cost]"` prints how long fresh boxes take.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdint>
#include <format>
#include <functional>
#include <print>
#include <string>
#include <vector>

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

}  // namespace

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
