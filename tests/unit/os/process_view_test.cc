#include "os/process_view.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <charconv>
#include <cstring>
#include <string>

#include "os/file.h"
#include "os/process.h"

namespace glovebox::os {

namespace {

UniqueFd proc() {
  auto opened = open_path("/proc", O_RDONLY | O_DIRECTORY);
  REQUIRE(opened);
  return std::move(*opened);
}

constexpr std::size_t kTouched = 32 << 20;

void* touch_and_wait(void* ready) {
  void* const memory =
      ::mmap(nullptr, kTouched, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, kTouched);
  (void)!::write(*static_cast<int*>(ready), "r", 1);
  for (;;) ::pause();
}

void wait_for(int reader) {
  char byte = 0;
  REQUIRE(read_some(reader, &byte, 1).value() == 1);
}

}  // namespace

TEST_CASE("a process is known by its namespaces") {
  const UniqueFd folder = proc();
  const auto self = ProcessView::open(folder.get(), ::getpid());
  REQUIRE(self);
  struct stat facts{};
  REQUIRE(::stat("/proc/self/ns/user", &facts) == 0);
  CHECK(self->user_namespace() == facts.st_ino);
  const std::string mounts = read_file("/proc/self/mountinfo", 1 << 20).value();
  std::uint64_t first = 0;
  std::from_chars(mounts.data(), mounts.data() + mounts.size(), first);
  CHECK(self->first_mount() == first);
  CHECK(self->use());
  CHECK(use_of(::getpid())->memory > 0);
  CHECK(ProcessView::open(folder.get(), 1 << 30).error().kind() == ErrorKind::not_found);
  const auto all = processes_of(folder.get());
  CHECK(std::ranges::find(all, ::getpid()) != all.end());
  CHECK(std::ranges::find(all, 1) != all.end());
}

TEST_CASE("one that has ended still tells whose it was, and that it has ended") {
  const UniqueFd folder = proc();
  auto child = fork_into(0, [] { return 0; });
  REQUIRE(child);
  const auto view = ProcessView::open(folder.get(), child->pid());
  REQUIRE(view);
  std::vector<Poll> polls = {{.fd = child->pidfd()}};
  REQUIRE(poll_fds(polls, milliseconds(10'000)).value());
  const auto ended = next_ended_child();
  REQUIRE(ended);
  REQUIRE(*ended);
  CHECK((*ended)->pid == child->pid());
  CHECK(view->user_namespace() == ProcessView::open(folder.get(), ::getpid())->user_namespace());
  CHECK_FALSE(view->first_mount());
  CHECK_FALSE(view->use());
  REQUIRE(child->reap(Process::Wait::yes));
  CHECK_FALSE(view->user_namespace());
  CHECK_FALSE(view->use());
  CHECK_FALSE(view->kill());
  CHECK(next_ended_child().error().kind() == ErrorKind::not_found);
}

TEST_CASE("the memory of a process counts also when its first thread has ended") {
  const UniqueFd folder = proc();
  auto pipe = make_pipe();
  REQUIRE(pipe);
  auto child = fork_into(0, [&] {
    pthread_t thread{};
    int writer = pipe->writer.get();
    if (::pthread_create(&thread, nullptr, touch_and_wait, &writer) != 0) return 1;
    ::syscall(SYS_exit, 0);
    return 1;
  });
  REQUIRE(child);
  wait_for(pipe->reader.get());
  const auto view = ProcessView::open(folder.get(), child->pid());
  REQUIRE(view);
  REQUIRE(view->use());
  CHECK(view->use()->memory >= kTouched);
  CHECK(view->first_mount() == ProcessView::open(folder.get(), ::getpid())->first_mount());
  CHECK(view->kill());
  const auto exit = child->reap(Process::Wait::yes).value();
  REQUIRE(exit);
  CHECK(exit->code == SIGKILL);
}

TEST_CASE("a child is reaped by its number, with what it used") {
  auto child = fork_into(0, [] { return 7; });
  REQUIRE(child);
  const auto exit = reap_child(child->pid());
  REQUIRE(exit);
  CHECK_FALSE(exit->signalled);
  CHECK(exit->code == 7);
  CHECK(exit->peak_kib > 0);
  CHECK_FALSE(reap_child(1));
}

}  // namespace glovebox::os
