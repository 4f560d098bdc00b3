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
#include "seccomp/words.h"

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

// What a child says and how it ends that runs under the program, or without one. The body must not
// return or throw.
Ended in_child(std::string_view program, const std::function<void(int out)>& body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!program.empty() && (!os::set_no_new_privileges() || !os::load_filter(program)))
      ::_exit(100);
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

Ended under_filter(std::string_view name, const std::function<void(int out)>& body) {
  const auto filter = compile_builtin(name);
  REQUIRE(filter);
  return in_child(filter->program, body);
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

// Calls of the proof that the table allows and that change nothing, whatever the kernel answers.
std::vector<Call> harmless_allowed(const Table& table) {
  constexpr std::uint64_t kNoFile = ~std::uint64_t{0};
  std::vector<Call> harmless;
  const auto add = [&](const Call& call) {
    if (evaluate(table, call).kind == Action::Kind::allow) harmless.push_back(call);
  };
  // Of a descriptor that is none: EBADF.
  for (const char* name :
       {"read",    "write",      "close",   "fstat",    "lseek",       "pread64",     "readv",
        "writev",  "dup",        "fcntl",   "fsync",    "fdatasync",   "flock",       "fchdir",
        "fchmod",  "getdents64", "fstatfs", "shutdown", "getsockname", "getpeername", "recvmsg",
        "sendmsg", "listen",     "bind",    "connect"}) {
    Call call{.number = syscall_number(name).value()};
    call.arguments.fill(kNoFile);
    add(call);
  }
  for (const Rule& rule : table.rules) {
    if (!rule.condition) continue;
    for (Call call : proof_calls(rule)) {
      auto& a = call.arguments;
      if (rule.name == "ioctl")
        a[0] = kNoFile;
      else if (rule.name == "socketpair")
        a[3] = 0;  // two sockets, and nowhere to put them
      else if (rule.name == "prlimit64")
        a[2] = a[3] = 0;  // nothing to set, nothing to tell
      else if (rule.name == "seccomp")
        a[2] = 0;  // no program
      else if (rule.name != "socket" && rule.name != "personality")
        continue;
      add(call);
    }
  }
  return harmless;
}

std::string answer_of(const Call& call) {
  errno = 0;
  const long result = raw(call);
  // Sockets are closed again, so that both children have the same numbers free.
  if (result > 2 && call.number == SYS_socket) {
    ::close(static_cast<int>(result));
    return "socket";
  }
  return result == -1 ? "errno " + std::to_string(errno) : std::to_string(result);
}

// The same calls with and without the filter: it may not change an answer that it lets through.
TEST_CASE("the kernel answers what the table allows as it does without a filter") {
  for (const std::string_view name : builtin_names()) {
    DYNAMIC_SECTION(name) {
      const auto table = parse(name, builtin_text(name).value(), builtin_set);
      REQUIRE(table);
      const std::vector<Call> calls = harmless_allowed(*table);
      REQUIRE(calls.size() > 20);
      std::vector<std::string> bare;
      const Ended without = in_child({}, [&](int out) {
        for (const Call& call : calls) say(out, answer_of(call) + "\n");
      });
      REQUIRE(without.status == 0);
      for (std::size_t begin = 0; begin < without.said.size();) {
        const std::size_t end = without.said.find('\n', begin);
        bare.push_back(without.said.substr(begin, end - begin));
        begin = end + 1;
      }
      REQUIRE(bare.size() == calls.size());
      const Ended filtered = under_filter(name, [&](int out) {
        std::string differences;
        for (std::size_t i = 0; i < calls.size() && differences.size() < kMostReported; ++i) {
          const std::string answer = answer_of(calls[i]);
          if (answer == bare[i]) continue;
          differences +=
              std::to_string(calls[i].number) + "(" + std::to_string(calls[i].arguments[0]) + ", " +
              std::to_string(calls[i].arguments[1]) + ", " + std::to_string(calls[i].arguments[2]) +
              "): " + answer + ", not " + bare[i] + "\n";
        }
        say(out, differences);
      });
      CHECK(filtered.said.empty());
      CHECK(filtered.status == 0);
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
