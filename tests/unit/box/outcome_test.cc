#include "box/outcome.h"

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <optional>
#include <string>

#include "box/answer.h"

namespace glovebox::box {

TEST_CASE("the first verdict wins") {
  const InitStatus ran{.started = true};
  InitStatus failed;
  failed.failed = "mount /usr: EPERM";
  InitStatus exited = ran;
  exited.ended = InitStatus::Ended{false, 3};
  InitStatus killed = ran;
  killed.ended = InitStatus::Ended{true, SIGKILL};
  InitStatus trapped = ran;
  trapped.ended = InitStatus::Ended{true, SIGSYS};
  const os::ExitFacts clean{};
  const os::ExitFacts by_kill{.signalled = true, .code = SIGKILL};
  const os::ExitFacts by_trap{.signalled = true, .code = SIGSYS};
  struct Row {
    const char* name;
    BoxEnd end;
    Verdict verdict;
  };
  const Row rows[] = {
      {"the keeper decided", {Verdict{Outcome::timed_out, 0, {}}, exited, clean, true},
       {Outcome::timed_out, 0, {}}},
      {"a step failed", {std::nullopt, failed, clean, true},
       {Outcome::setup_failed, 0, "mount /usr: EPERM"}},
      {"the kernel freed memory", {std::nullopt, exited, clean, true},
       {Outcome::memory_limit, 0, {}}},
      {"the shell ended", {std::nullopt, exited, clean, false}, {Outcome::finished, 3, {}}},
      {"the shell was killed", {std::nullopt, killed, clean, false},
       {Outcome::signalled, SIGKILL, {}}},
      {"the shell made a forbidden call", {std::nullopt, trapped, clean, false},
       {Outcome::forbidden_call, SIGSYS, {}}},
      {"a function was killed", {std::nullopt, ran, by_kill, false},
       {Outcome::signalled, SIGKILL, {}}},
      {"a function made a forbidden call", {std::nullopt, ran, by_trap, false},
       {Outcome::forbidden_call, SIGSYS, {}}},
      {"a function ended", {std::nullopt, ran, clean, false}, {Outcome::finished, 0, {}}},
      {"nothing was ever told", {std::nullopt, {}, by_kill, false},
       {Outcome::setup_failed, 0, "start: the box's first process ended early"}},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(judge(row.end) == row.verdict);
  }
}

TEST_CASE("each outcome has its words for the model") {
  PlannedLimits limits;
  limits.wall = milliseconds(2000);
  limits.cpu = milliseconds(90'000);
  limits.memory = 2 * kGiB;
  limits.disk = 512 * kMiB;
  struct Row {
    Outcome outcome;
    const char* text;
  };
  const Row rows[] = {
      {Outcome::timed_out, "read: timed out after 2000ms"},
      {Outcome::memory_limit, "read: stopped by the memory limit (2 GiB)"},
      {Outcome::cpu_limit, "read: stopped by the cpu limit (90 s)"},
      {Outcome::disk_limit, "read: stopped by the disk limit (512 MiB)"},
      {Outcome::cancelled, "read: cancelled"},
      {Outcome::shutting_down, "read: stopped because the worker is shutting down"},
      {Outcome::setup_failed, "read: the sandbox could not be made: landlock: EPERM"},
      {Outcome::forbidden_call, "read: ended without an answer"},
  };
  for (const Row& row : rows) {
    INFO(to_string(row.outcome));
    const auto result = function_stopped("read", {row.outcome, 0, "landlock: EPERM"}, limits);
    CHECK(result == tools::error_result(row.text));
  }
}

}  // namespace glovebox::box
