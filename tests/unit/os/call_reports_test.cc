#include "os/call_reports.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"
#include "os/limits.h"
#include "os/process_view.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

namespace {

// getppid is reported; everything else is allowed.
std::string reporting() {
  constexpr sock_filter kProgram[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return {reinterpret_cast<const char*>(kProgram), sizeof kProgram};
}

constexpr int kNoError = 0;
// The errno of a getppid with arguments that it does not have.
int asked() {
  return ::syscall(SYS_getppid, 1L, -1L, 0x1'0000'0002L) == -1 ? errno : kNoError;
}

bool arrives(int listener) {
  std::vector<Poll> polls = {{.fd = listener}};
  return poll_fds(polls, milliseconds(10'000)).value_or(false);
}

}  // namespace

TEST_CASE("a program that is none has no listener") {
  CHECK(in_child([] {
          if (!set_no_new_privileges()) return 1;
          for (const std::string& bad :
               {std::string(), std::string(7, 'x'), std::string(8, '\xff')})
            if (load_filter_with_listener(bad)) return 2;
          return 0;
        }) == 0);
}

TEST_CASE("a call is reported with its arguments and refused with the error that is given") {
  CHECK(in_child([] {
          if (!set_no_new_privileges()) return 1;
          const auto listener = load_filter_with_listener(reporting());
          if (!listener) return 2;
          const auto early = next_reported_call(listener->get());
          if (!early || *early) return 3;
          auto caller = fork_into(0, [] { return asked(); });
          if (!caller || !arrives(listener->get())) return 4;
          const auto call = next_reported_call(listener->get());
          if (!call || !*call) return 5;
          if ((*call)->number != SYS_getppid || (*call)->pid != caller->pid()) return 6;
          if ((*call)->arguments[0] != 1 || (*call)->arguments[1] != ~0ULL ||
              (*call)->arguments[2] != 0x1'0000'0002ULL)
            return 7;
          if (!is_waiting(listener->get(), (*call)->id)) return 8;
          if (refuse_reported_call(listener->get(), (*call)->id, 0)) return 9;
          if (!refuse_reported_call(listener->get(), (*call)->id, EXDEV)) return 10;
          if (is_waiting(listener->get(), (*call)->id)) return 11;
          const auto exit = caller->reap(Process::Wait::yes);
          return exit && *exit && (*exit)->code == EXDEV ? 0 : 12;
        }) == 0);
}

TEST_CASE("a caller that dies between its report and the answer is an answer to nobody") {
  CHECK(in_child([] {
          if (!set_no_new_privileges()) return 1;
          const auto listener = load_filter_with_listener(reporting());
          if (!listener) return 2;
          for (const bool taken : {true, false}) {
            auto caller = fork_into(0, [] { return asked(); });
            if (!caller || !arrives(listener->get())) return 3;
            std::uint64_t id = 0;
            if (taken) {
              const auto call = next_reported_call(listener->get());
              if (!call || !*call) return 4;
              id = (*call)->id;
            }
            if (!caller->signal(SIGKILL) || !caller->reap(Process::Wait::yes)) return 5;
            if (is_waiting(listener->get(), id)) return 6;
            if (taken) {
              const auto sent = refuse_reported_call(listener->get(), id, EPERM);
              if (sent || sent.error().kind() != ErrorKind::not_found) return 7;
            }
            // What was reported and is gone is not waited for.
            const auto none = next_reported_call(listener->get());
            if (!none || *none) return 8;
          }
          return 0;
        }) == 0);
}

TEST_CASE("without its listener a call is refused by the kernel, also one that waits") {
  CHECK(in_child([] {
          if (!set_no_new_privileges()) return 1;
          auto listener = load_filter_with_listener(reporting());
          if (!listener) return 2;
          auto caller = fork_into(0, [&] {
            listener->reset();
            return asked();
          });
          if (!caller || !arrives(listener->get())) return 3;
          const auto call = next_reported_call(listener->get());
          if (!call || !*call) return 4;
          listener->reset();
          const auto exit = caller->reap(Process::Wait::yes);
          if (!exit || !*exit || (*exit)->code != ENOSYS) return 5;
          return asked() == ENOSYS ? 0 : 6;
        }) == 0);
}

TEST_CASE("a filter that reports, loaded without a listener, refuses") {
  CHECK(in_child([] {
          if (!set_no_new_privileges() || !load_filter(reporting())) return 1;
          return asked() == ENOSYS ? 0 : 2;
        }) == 0);
}

TEST_CASE("a process has one listener") {
  CHECK(in_child([] {
          if (!set_no_new_privileges()) return 1;
          auto under = fork_into(0, [&] {
            auto own = load_filter_with_listener(reporting());
            if (!own) return 1;
            const auto second = load_filter_with_listener(reporting());
            if (second || second.error().error_number() != EBUSY) return 2;
            return 0;
          });
          if (!under) return 3;
          const auto exit = under->reap(Process::Wait::yes);
          return exit && *exit ? (*exit)->code : 4;
        }) == 0);
}

TEST_CASE("the newest of two filters that report is heard, and an errno below it wins") {
  CHECK(in_child([] {
          if (!set_no_new_privileges() || !load_filter(reporting())) return 1;
          const auto listener = load_filter_with_listener(reporting());
          if (!listener) return 2;
          auto caller = fork_into(0, [] { return asked(); });
          if (!caller || !arrives(listener->get())) return 3;
          const auto call = next_reported_call(listener->get());
          if (!call || !*call || !refuse_reported_call(listener->get(), (*call)->id, EXDEV))
            return 4;
          const auto exit = caller->reap(Process::Wait::yes);
          return exit && *exit && (*exit)->code == EXDEV ? 0 : 5;
        }) == 0);
}

TEST_CASE("the trial of this host") {
  const auto tried = try_call_reports();
  INFO((tried ? "" : tried.error().message()));
  CHECK(tried.has_value());
}

TEST_CASE("the names of a thread") {
  struct Row {
    const char* name;
    std::string status;
    std::optional<std::uint32_t> pid;
    std::string process;
  };
  const Row rows[] = {
      {"empty", "", std::nullopt, ""},
      {"no namespaces", "Name:\tbash\nPid:\t7\n", std::nullopt, ""},
      {"one", "Name:\tbash\nNSpid:\t7\n", 7, "bash"},
      {"nested", "Name:\tbash\nPid:\t900\nNSpid:\t900\t30\t2\nNSpgid:\t1\n", 2, "bash"},
      {"a name that looks like a field", "Name:\tx\\nNSpid:\t5\nNSpid:\t9\t8\n", 8,
       "x\\nNSpid:\t5"},
      {"not a number", "Name:\ta\nNSpid:\t9\tx\n", std::nullopt, ""},
      {"nothing", "Name:\ta\nNSpid:\n", std::nullopt, ""},
      {"cut", "Name:\ta\nNSpid:\t12", 12, "a"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto names = read_thread_names(row.status);
      REQUIRE(names.has_value() == row.pid.has_value());
      if (!names) continue;
      CHECK(names->innermost == *row.pid);
      CHECK(names->name == row.process);
    }
  }
  const auto own = names_of_thread(::getpid());
  REQUIRE(own);
  CHECK(!own->name.empty());
  CHECK(own->innermost > 0);
}
