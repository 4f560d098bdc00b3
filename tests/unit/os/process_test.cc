#include "os/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "os/file.h"
#include "os/process_view.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

namespace {

bool exists(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

// What a shell prints, with the given environment and descriptors.
std::string output_of(const std::string& script, std::vector<std::string> environment = {},
                      std::vector<std::pair<int, int>> fds = {}) {
  const UniqueFd shell = open_path("/bin/sh", O_RDONLY).value();
  Pipe pipe = make_pipe().value();
  fds.emplace_back(pipe.writer.get(), 1);
  auto process =
      spawn({shell.get(), {"sh", "-c", script}, std::move(environment), std::move(fds)}).value();
  pipe.writer.reset();
  const std::string text = read_all(pipe.reader.get(), 1 << 16).value();
  REQUIRE(process.reap(Process::Wait::yes));
  return text;
}

}  // namespace

TEST_CASE("what is no program is not started") {
  const Folder folder;
  write(folder / "text", "not a program");
  const UniqueFd text = open_path(folder / "text", O_RDONLY).value();
  const auto process = spawn({text.get(), {"x"}, {}, {}});
  REQUIRE_FALSE(process);
  CHECK(process.error().message().contains("execveat"));
  CHECK_FALSE(spawn({-1, {"x"}, {}, {}}));
  CHECK_FALSE(spawn({text.get(), {"x"}, {}, {{-1, 5}}}));
}

TEST_CASE("the program's own descriptor may have a number that the child is promised") {
  const UniqueFd shell = open_path("/bin/sh", O_RDONLY).value();
  const UniqueFd null = open_path("/dev/null", O_RDONLY).value();
  auto process =
      spawn({shell.get(), {"sh", "-c", "exit 7"}, {}, {{null.get(), shell.get()}}}).value();
  CHECK(process.reap(Process::Wait::yes).value()->code == 7);
}

TEST_CASE("a program inherits its list and nothing else") {
  const UniqueFd leak = open_path("/dev/null", O_RDONLY).value();
  REQUIRE(::fcntl(leak.get(), F_SETFD, 0) == 0);  // even if it were forgotten
  Pipe extra = make_pipe().value();
  REQUIRE(write_all(extra.writer.get(), "through"));
  extra.writer.reset();
  CHECK(output_of("echo $#$A$HOME; cat <&7", {"A=b"}, {{extra.reader.get(), 7}}) == "0b\nthrough");
  const std::string open = output_of("ls /proc/self/fd", {"PATH=/bin:/usr/bin"});
  CHECK(open == "0\n1\n2\n3\n");  // 3 is the listing itself
}

TEST_CASE("descriptors may trade places") {
  Pipe a = make_pipe().value();
  Pipe b = make_pipe().value();
  REQUIRE(write_all(a.writer.get(), "a"));
  REQUIRE(write_all(b.writer.get(), "b"));
  a.writer.reset();
  b.writer.reset();
  CHECK(
      output_of("cat <&" + std::to_string(b.reader.get()) + " <&" + std::to_string(b.reader.get()),
                {"PATH=/bin:/usr/bin"},
                {{a.reader.get(), b.reader.get()}, {b.reader.get(), a.reader.get()}}) == "a");
}

TEST_CASE("how a process ended") {
  auto exited = fork_into(0, [] { return 7; }).value();
  const ExitFacts facts = exited.reap(Process::Wait::yes).value().value();
  CHECK(facts.code == 7);
  CHECK_FALSE(facts.signalled);
  CHECK(facts.peak_kib > 0);
  CHECK_FALSE(exited.running());

  auto killed = fork_into(0, [] { return ::pause(); }).value();
  CHECK_FALSE(killed.reap(Process::Wait::no).value());
  REQUIRE(killed.signal(SIGUSR1));
  const ExitFacts end = killed.reap(Process::Wait::yes).value().value();
  CHECK(end.signalled);
  CHECK(end.code == SIGUSR1);
}

TEST_CASE("who lets go of a process ends it") {
  pid_t pid = 0;
  {
    Process first = fork_into(0, [] { return ::pause(); }).value();
    pid = first.pid();
    Process second = std::move(first);
    CHECK_FALSE(first.running());
    CHECK(exists(pid));
    second = fork_into(0, [] { return ::pause(); }).value();
    CHECK_FALSE(exists(pid));
    pid = second.pid();
  }
  CHECK_FALSE(exists(pid));
}

TEST_CASE("a pidfd becomes readable at the end") {
  const Pipe go = make_pipe().value();
  auto child = fork_into(0, [&] {
                 char byte;
                 (void)read_some(go.reader.get(), &byte, 1);
                 return 0;
               }).value();
  std::vector<Poll> polls{{.fd = child.pidfd()}};
  CHECK_FALSE(poll_fds(polls, milliseconds(0)).value());
  CHECK_FALSE(polls[0].readable);
  REQUIRE(write_all(go.writer.get(), "x"));
  CHECK(poll_fds(polls, milliseconds(10'000)).value());
  CHECK(polls[0].readable);
}

TEST_CASE("polling tells reading, writing and hanging up apart") {
  Pipe pipe = make_pipe().value();
  std::vector<Poll> polls{{.fd = pipe.reader.get()}, {.fd = pipe.writer.get(), .want_write = true}};
  REQUIRE(poll_fds(polls, milliseconds(0)).value());
  CHECK_FALSE(polls[0].readable);
  CHECK(polls[1].writable);
  pipe.writer.reset();
  polls.pop_back();
  REQUIRE(poll_fds(polls, milliseconds(0)).value());
  CHECK(polls[0].readable);
  CHECK(polls[0].hung_up);
}

TEST_CASE("signals come as messages") {
  CHECK(in_child([] {
          const auto signals = open_signals({SIGUSR1, SIGTERM});
          if (!signals) return 1;
          if (read_signal(signals->get()).value()) return 2;
          ::kill(::getpid(), SIGUSR1);
          if (read_signal(signals->get()).value() != SIGUSR1) return 3;
          ::signal(SIGTERM, SIG_IGN);
          if (!reset_signals()) return 4;
          sigset_t blocked;
          ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
          return ::sigismember(&blocked, SIGUSR1) == 0 ? 0 : 5;
        }) == 0);
}

TEST_CASE("descriptors that are not listed close, listed ones stay") {
  CHECK(in_child([] {
          Pipe a = make_pipe().value();
          Pipe b = make_pipe().value();
          const int kept = b.reader.get();
          if (!close_others({kept, 0, a.writer.get()})) return 1;
          if (::fcntl(kept, F_GETFD) < 0 || ::fcntl(a.writer.get(), F_GETFD) < 0) return 2;
          if (::fcntl(a.reader.get(), F_GETFD) >= 0 || ::fcntl(b.writer.get(), F_GETFD) >= 0)
            return 3;
          if (!place_fd(kept, 40) || ::fcntl(40, F_GETFD) != 0) return 4;
          return place_fd(40, 40) && ::fcntl(40, F_GETFD) == 0 ? 0 : 5;
        }) == 0);
}

TEST_CASE("descendants are found at every depth") {
  const Pipe ready = make_pipe().value();
  auto child = fork_into(0, [&] {
                 auto grandchild = fork_into(0, [&] {
                   (void)write_all(ready.writer.get(), "x");
                   return ::pause();
                 });
                 return grandchild ? ::pause() : 1;
               }).value();
  char byte;
  REQUIRE(read_some(ready.reader.get(), &byte, 1).value() == 1);
  const auto found = descendants_of(::getpid());
  CHECK(std::ranges::contains(found, child.pid()));
  const auto below = descendants_of(child.pid());
  REQUIRE(below.size() == 1);
  CHECK(use_of(below[0])->memory > 0);
  ::kill(below[0], SIGKILL);
  CHECK_FALSE(use_of(0));
}

TEST_CASE("small settings of a process") {
  CHECK(in_child([] {
          set_process_name("a (name) x");
          if (read("/proc/self/comm") != "a (name) x\n") return 1;
          if (!use_of(::getpid()) || use_of(::getpid())->memory == 0) return 2;
          if (!set_not_dumpable() || !set_dumpable() || !die_with_parent() || !become_subreaper())
            return 3;
          if (!limit_processors(1) || processor_count() != 1) return 4;
          set_file_mask(0777);
          if (!new_session() || ::getsid(0) != ::getpid()) return 5;
          const Error failed = execute("/no/such/program", {"x"}, {});
          return failed.kind() == ErrorKind::not_found ? 0 : 6;
        }) == 0);
  CHECK(open_own_executable());
}
