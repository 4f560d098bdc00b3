// What it costs to make a filter of its text and to prove it, for each shipped one: every process
// of ours does so once at its start. Prints one line of JSON.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <format>
#include <print>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "seccomp/bpf.h"
#include "seccomp/filter.h"
#include "seccomp/lower.h"
#include "seccomp/parse.h"
#include "seccomp/prove.h"

namespace {

using namespace glovebox;

constexpr int kRuns = 21;

double microseconds_of(Duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

Duration median(std::vector<Duration> times) {
  std::ranges::sort(times);
  return times.at(times.size() / 2);
}

// The parts are the least of all runs: what the work takes when nothing else runs.
struct Cost {
  double p50_us = 0, least_us = 0, parse_us = 0, lower_us = 0, prove_us = 0;
  std::size_t instructions = 0, calls = 0;
};

Result<Cost> measure(std::string_view name) {
  const SystemClock clock;
  std::vector<Duration> whole, parsing, lowering, proving;
  Cost cost;
  const std::string_view text = seccomp::builtin_text(name).value();
  for (int run = 0; run < kRuns; ++run) {
    const Duration begin = clock.monotonic();
    const auto filter = TRY(seccomp::compile_builtin(name));
    const Duration compiled = clock.monotonic();
    const auto table = seccomp::parse(name, text, seccomp::builtin_set);
    const Duration parsed = clock.monotonic();
    if (!table) return Error(ErrorKind::internal, "the text is wrong");
    const auto program = TRY(seccomp::lower(*table));
    const Duration lowered = clock.monotonic();
    TRY(seccomp::prove(*table, program));
    const Duration proved = clock.monotonic();
    whole.push_back(compiled - begin);
    parsing.push_back(parsed - compiled);
    lowering.push_back(lowered - parsed);
    proving.push_back(proved - lowered);
    cost.instructions = filter.program.size() / seccomp::kInstructionBytes;
    if (run == 0) cost.calls = seccomp::proof_calls(*table).size();
  }
  cost.p50_us = microseconds_of(median(whole));
  cost.least_us = microseconds_of(std::ranges::min(whole));
  cost.parse_us = microseconds_of(std::ranges::min(parsing));
  cost.lower_us = microseconds_of(std::ranges::min(lowering));
  cost.prove_us = microseconds_of(std::ranges::min(proving));
  return cost;
}

}  // namespace

int main() {
  std::string rows;
  double most = 0;
  for (const std::string_view name : seccomp::builtin_names()) {
    const auto cost = measure(name);
    if (!cost) {
      std::println(stderr, "{}: {}", name, cost.error().message());
      return 1;
    }
    most = std::max(most, cost->p50_us);
    rows += std::format(
        R"({}{{"name":"{}","p50_us":{:.0f},"least_us":{:.0f},"parse_us":{:.0f},"lower_us":{:.0f},)"
        R"("prove_us":{:.0f},"instructions":{},"calls":{}}})",
        rows.empty() ? "" : ",", name, cost->p50_us, cost->least_us, cost->parse_us, cost->lower_us,
        cost->prove_us, cost->instructions, cost->calls);
  }
  std::println(R"({{"most_p50_us":{:.0f},"filters":[{}]}})", most, rows);
  return 0;
}
