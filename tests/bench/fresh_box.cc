// What one fresh box costs beside its peer: /bin/true in a box of ours and under bwrap, in turn.
//
// Ours is measured as the boxer sees it, from handing the plan to the keeper until the report with
// everything reaped; bwrap from its start until it is reaped. It gets all namespaces, a read-only
// root, no capability and the very filter that our box loads. Prints one line of JSON.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <print>
#include <string>
#include <vector>

#include "../unit/box/support.h"
#include "base/clock.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/process.h"

namespace glovebox::box::test {

namespace {

constexpr int kWarmUp = 20;
constexpr int kRuns = 400;

double microseconds_of(Duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double quantile(std::vector<double> times, double share) {
  std::ranges::sort(times);
  return times.at(std::min(times.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(times.size()))));
}

void run_bwrap(int program, const BoxPlan& plan) {
  const UniqueFd filter = *os::sealed_memfd("filter", plan.filter);
  os::SpawnRequest request;
  request.executable = program;
  request.arguments = {"bwrap",
                       "--unshare-all",
                       "--ro-bind",
                       "/usr",
                       "/usr",
                       "--symlink",
                       "usr/bin",
                       "/bin",
                       "--symlink",
                       "usr/lib",
                       "/lib",
                       "--symlink",
                       "usr/lib64",
                       "/lib64",
                       "--proc",
                       "/proc",
                       "--dev",
                       "/dev",
                       "--tmpfs",
                       "/tmp",
                       "--die-with-parent",
                       "--new-session",
                       "--cap-drop",
                       "ALL",
                       "--seccomp",
                       "9",
                       "/bin/true"};
  request.fds = {{filter.get(), 9}};
  auto process = os::spawn(request);
  REQUIRE(process);
  const auto ended = process->reap(os::Process::Wait::yes);
  REQUIRE(ended);
  REQUIRE((*ended)->code == 0);
}

}  // namespace

TEST_CASE("fresh box") {
  const SystemClock clock;
  TestSession session;
  const BoxPlan plan = session.program({"/bin/true"});
  const auto bwrap = os::open_path("/usr/bin/bwrap", 0);
  REQUIRE(bwrap);
  std::vector<double> ours;
  std::vector<double> theirs;
  std::string output;
  for (int run = -kWarmUp; run < kRuns; ++run) {
    const Duration begin = clock.monotonic();
    const RunReport report = session.run_program(plan, output);
    const Duration middle = clock.monotonic();
    run_bwrap(bwrap->get(), plan);
    const Duration end = clock.monotonic();
    REQUIRE(report.verdict == Verdict{Outcome::finished, 0, {}});
    if (run < 0) continue;
    ours.push_back(microseconds_of(middle - begin));
    theirs.push_back(microseconds_of(end - middle));
  }
  std::println(R"({{"ours_p50_us":{:.0f},"ours_p99_us":{:.0f},"bwrap_p50_us":{:.0f},)"
               R"("bwrap_p99_us":{:.0f},"ratio_p50":{:.2f}}})",
               quantile(ours, 0.5), quantile(ours, 0.99), quantile(theirs, 0.5),
               quantile(theirs, 0.99), quantile(ours, 0.5) / quantile(theirs, 0.5));
}

}  // namespace glovebox::box::test
