#include "os/known_state.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "os/process.h"

using namespace glovebox;
using namespace glovebox::os;

namespace {

// What a child answers after `spoil` and take_known_state().
int answer_after(const std::function<void()>& spoil, const std::function<int()>& look) {
  auto child = fork_into(0, [&] {
    spoil();
    return take_known_state() ? look() : 99;
  });
  REQUIRE(child);
  return child->reap(Process::Wait::yes).value()->code;
}

bool is_null(int fd) {
  struct stat facts{};
  struct stat null{};
  return ::fstat(fd, &facts) == 0 && ::stat("/dev/null", &null) == 0 &&
         facts.st_rdev == null.st_rdev;
}

bool is(int number, void (*handler)(int)) {
  struct sigaction now{};
  return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == handler;
}

}  // namespace

TEST_CASE("closed standard descriptors are not left for the next file") {
  for (int closed = 1; closed < 8; ++closed) {
    INFO(closed);
    const auto spoil = [&] {
      for (int fd = 0; fd < 3; ++fd) {
        if ((closed >> fd & 1) != 0) ::close(fd);
      }
    };
    CHECK(answer_after(spoil, [&] {
            for (int fd = 0; fd < 3; ++fd) {
              if ((closed >> fd & 1) != 0 && !is_null(fd)) return 1;
            }
            return ::open("/dev/null", O_RDONLY) > 2 ? 0 : 2;
          }) == 0);
  }
}

TEST_CASE("signals and file modes are as usual again") {
  const auto spoil = [] {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    for (int number : {SIGPIPE, SIGCHLD, SIGTERM, SIGXFSZ, SIGHUP}) ::signal(number, SIG_IGN);
    ::umask(0777);
  };
  CHECK(answer_after(spoil, [] {
          sigset_t blocked;
          ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
          for (int number : {SIGPIPE, SIGCHLD, SIGTERM, SIGXFSZ}) {
            if (!is(number, SIG_DFL) || sigismember(&blocked, number) != 0) return 1;
          }
          return ::umask(0) == 022 ? 0 : 2;
        }) == 0);
}

TEST_CASE("nohup still holds") {
  CHECK(answer_after([] { ::signal(SIGHUP, SIG_IGN); },
                     [] { return is(SIGHUP, SIG_IGN) ? 0 : 1; }) == 0);
  CHECK(answer_after([] { ::signal(SIGHUP, [](int) {}); },
                     [] { return is(SIGHUP, SIG_DFL) ? 0 : 1; }) == 0);
}
