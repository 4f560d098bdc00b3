// The kernel itself is asked: a child loads the filter and makes the calls that the table refuses.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/limits.h"
#include "os/process.h"
#include "seccomp/filter.h"
#include "seccomp/parse.h"
#include "seccomp/prove.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {
namespace {

constexpr std::size_t kMostReported = 2000;
// uretprobe and uprobe: newer kernels answer them without asking any filter, with SIGILL for
// whoever is not in the kernel's own trampoline.
constexpr std::uint32_t kPastFilters[] = {335, 336};

struct Ended {
  int status = 0;
  std::string said;
};

// What a child says and how it ends that runs under the filter. It must not return or throw.
Ended under_filter(std::string_view name, const std::function<void(int out)>& body) {
  const auto filter = compile_builtin(name);
  REQUIRE(filter);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!os::set_no_new_privileges() || !os::load_filter(filter->program)) ::_exit(100);
    body(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  Ended ended;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    ended.said.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  REQUIRE(::waitpid(child, &ended.status, 0) == child);
  return ended;
}

void say(int out, const std::string& text) {
  if (::write(out, text.data(), text.size()) < 0) ::_exit(101);
}

long raw(const Call& call) {
  const auto& a = call.arguments;
  return ::syscall(static_cast<long>(static_cast<std::int32_t>(call.number)), a[0], a[1], a[2],
                   a[3], a[4], a[5]);
}

// What the kernel says to a call that the table refuses. Nobody listens here to what is reported.
std::optional<int> refusal(const Table& table, const Call& call) {
  const Action action = evaluate(table, call);
  if (action.kind == Action::Kind::error) return action.error;
  if (action.kind == Action::Kind::notify) return ENOSYS;
  return std::nullopt;
}

// Only calls that the table refuses are made: none of them may reach the kernel's own code.
TEST_CASE("the kernel refuses what the table refuses, with the same error") {
  for (const std::string_view name : builtin_names()) {
    DYNAMIC_SECTION(name) {
      const auto table = parse(name, builtin_text(name).value(), builtin_set);
      REQUIRE(table);
      std::vector<Call> refused;
      for (const Call& call : proof_calls(*table))
        if (refusal(*table, call) && !std::ranges::contains(kPastFilters, call.number))
          refused.push_back(call);
      REQUIRE(refused.size() > 500);
      const Ended ended = under_filter(name, [&](int out) {
        std::string differences;
        for (const Call& call : refused) {
          const int wanted = *refusal(*table, call);
          errno = 0;
          const long result = raw(call);
          if (result == -1 && errno == wanted) continue;
          differences += std::to_string(call.number) + "(" + std::to_string(call.arguments[0]) +
                         ", " + std::to_string(call.arguments[1]) + "): " + std::to_string(result) +
                         " errno " + std::to_string(errno) + "\n";
          if (differences.size() > kMostReported) break;
        }
        say(out, differences);
      });
      CHECK(ended.said.empty());
      CHECK(ended.status == 0);
    }
  }
}

TEST_CASE("the kernel lets through what the table allows") {
  struct Row {
    const char* name;
    const char* filter;
    long (*call)();
    long wanted;  // the result, or the negated errno of the kernel's own answer
  };
  const Row rows[] = {
      {"getppid", "file", [] { return ::syscall(SYS_getppid) > 0 ? 1L : 0L; }, 1},
      {"read of no file", "file", [] { return ::syscall(SYS_read, -1, nullptr, 0); }, -EBADF},
      {"openat2 of nothing", "file", [] { return ::syscall(SYS_openat2, -1, "", nullptr, 0); },
       -EINVAL},
      {"execve of nothing", "search", [] { return ::syscall(SYS_execve, "", nullptr, nullptr); },
       -ENOENT},
      {"local socket", "bash",
       [] { return ::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0 ? 1L : 0L; }, 1},
      {"terminal settings of no file", "bash", [] { return ::syscall(SYS_ioctl, -1, 0x5401L, 0); },
       -EBADF},
      {"personality query", "bash",
       [] { return ::syscall(SYS_personality, 0xFFFFFFFFL) >= 0 ? 1L : 0L; }, 1},
      {"fork and wait", "bash",
       [] {
         const long child = ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
         if (child == 0) ::_exit(7);
         int status = 0;
         ::waitpid(static_cast<pid_t>(child), &status, 0);
         return static_cast<long>(WEXITSTATUS(status));
       },
       7},
      {"clone3 without a size", "role-keeper", [] { return ::syscall(SYS_clone3, nullptr, 0); },
       -EINVAL},
      {"umount of nothing", "role-keeper", [] { return ::syscall(SYS_umount2, "/", 0x80000000L); },
       -EINVAL},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Ended ended = under_filter(row.filter, [&](int out) {
        errno = 0;
        const long result = row.call();
        say(out, std::to_string(result == -1 ? -errno : result));
      });
      CHECK(ended.said == std::to_string(row.wanted));
    }
  }
}

bool killed(const Ended& ended) {
  return WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == SIGSYS;
}

TEST_CASE("x32 and 32-bit calls kill the process") {
  for (const std::string_view name : builtin_names()) {
    DYNAMIC_SECTION(name) {
      const Ended x32 = under_filter(name, [](int out) {
        ::syscall(static_cast<long>(kX32Bit | SYS_getpid));
        say(out, "survived");
      });
      CHECK(x32.said.empty());
      CHECK(killed(x32));
      const Ended foreign = under_filter(name, [](int out) {
        long result = 20;  // getpid of i386
        asm volatile("int $0x80" : "+a"(result)::"memory");
        say(out, "survived");
      });
      CHECK(foreign.said.empty());
      // A kernel without 32-bit calls answers with SIGSEGV before any filter is asked.
      CHECK((killed(foreign) ||
             (WIFSIGNALED(foreign.status) && WTERMSIG(foreign.status) == SIGSEGV)));
    }
  }
}

}  // namespace
}  // namespace glovebox::seccomp
