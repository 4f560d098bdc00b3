// Processes: how they are made, watched, signalled and ended.
//
// A process is held by its pidfd, never by its number: numbers are reused. The owner kills and
// reaps what it still holds when it goes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace glovebox::os {

struct ExitFacts {
  bool signalled = false;
  int code = 0;               // exit status, or the signal's number
  std::int64_t cpu_us = 0;    // user and system time, of the process and what it reaped
  std::int64_t peak_kib = 0;  // largest resident set of one of them
};

class Process {
 public:
  Process() = default;
  Process(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Process(Process&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { end(); }

  bool running() const { return pidfd_.valid(); }
  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  // readable when the process has ended
  Result<void> signal(int number) const;
  // Waits for the end and reaps. nullopt when `wait` is no and it still runs.
  enum class Wait { yes, no };
  Result<std::optional<ExitFacts>> reap(Wait wait);
  void end();  // SIGKILL and reap, if it still runs
  // The same, but it may end by itself first.
  void end_after(milliseconds patience);

 private:
  pid_t pid_ = 0;
  UniqueFd pidfd_;
};

// clone(2) flags for namespaces, as the kernel names them.
enum class Namespace : std::uint64_t {
  user = 0x10000000,
  mount = 0x00020000,
  pid = 0x20000000,
  network = 0x40000000,
  ipc = 0x08000000,
  uts = 0x04000000,
  cgroup = 0x02000000,
};
using NamespaceFlags = std::uint64_t;
constexpr NamespaceFlags operator|(Namespace a, Namespace b) {
  return static_cast<NamespaceFlags>(a) | static_cast<NamespaceFlags>(b);
}

// Like fork(2), into new namespaces: the child runs `child` and exits with what it returns. The
// caller must have one thread only. `cgroup` is the folder of a version 2 group that the child is
// born in, or -1.
Result<Process> fork_into(NamespaceFlags namespaces, const std::function<int()>& child,
                          int cgroup = -1);

// Moves this process into new namespaces of these kinds.
Result<void> unshare(NamespaceFlags namespaces);

// A child that is about to execute a program: it shares this process's memory, which waits until
// the child has done so or has exited with what `child` returns. Uses clone(2), which a filter can
// look into, not clone3(2). The child must change nothing that the parent still needs.
Result<pid_t> fork_to_execute(const std::function<int()>& child);

struct EndedChild {
  pid_t pid = 0;
  bool signalled = false;
  int code = 0;  // exit status, or the signal's number
};
// Waits for any child, also one that was inherited, and reaps it. Kind not_found: there is none.
Result<EndedChild> wait_for_any_child();

// A child that has ended, also one that was inherited; it stays to be reaped. nullopt: none has.
// Kind not_found: there is no child at all.
Result<std::optional<EndedChild>> next_ended_child();
// Reaps a child that has ended.
Result<ExitFacts> reap_child(pid_t pid);

// SIGKILL to every process that this one may signal, but for itself and the first one of its pid
// namespace: for the first process of a namespace, which ends all others of it.
Result<void> kill_everybody();

// SIGKILL to every process of a group, of which there may be none any more.
Result<void> kill_group(pid_t leader);
// Ends and reaps every child of this process. For a subreaper: the children of these become its own
// and are ended too, until none is left. Kind limit: they are made faster than they are ended.
Result<void> end_children();

// What this process and the children that it has reaped have used.
struct OwnUse {
  std::int64_t cpu_us = 0;
  std::int64_t peak_kib = 0;
  bool operator==(const OwnUse&) const = default;
};
OwnUse use_of_self_and_children();

// The number of the process behind a pidfd, as /proc of this process's mounts counts.
// Kind not_found: it has been reaped, or is of no concern to that /proc.
Result<pid_t> pid_behind(int pidfd);

Result<void> signal_through(int pidfd, int number);

struct SpawnRequest {
  int executable = -1;                   // descriptor of the program
  std::vector<std::string> arguments;    // argv, the name first
  std::vector<std::string> environment;  // "NAME=value"; nothing else is inherited
  std::vector<std::pair<int, int>> fds;  // (here, number in the child); all others close
};
// Runs a program by descriptor. Fds 0, 1 and 2 are inherited unless `fds` replaces them.
Result<Process> spawn(const SpawnRequest& request);

// The running program itself, opened for spawn(); a copy in /proc that survives an upgrade.
Result<UniqueFd> open_own_executable();

Result<void> set_not_dumpable();
Result<void> set_dumpable();
Result<void> set_no_new_privileges();
Result<void> die_with_parent();  // PR_SET_PDEATHSIG SIGKILL
Result<void> become_subreaper();
Result<void> new_session();  // setsid
void set_file_mask(unsigned mask);
pid_t own_pid();
void set_process_name(const std::string& name);
// Nothing of the words that this process was started with is seen in /proc any more; those after
// the first are not, which a process of ours does not have.
void hide_command_line();
// Every signal to its default, none blocked.
Result<void> reset_signals();
// From here on writing to a pipe or socket that nobody reads is an error like any other, no signal.
void ignore_broken_pipes();
// Closes every descriptor above 2 that is not listed.
Result<void> close_others(std::vector<int> kept);
// Puts `fd` at `number`, inheritable over exec.
Result<void> place_fd(int fd, int number);
[[noreturn]] void exit_now(int code);
// Replaces the program. Returns only on failure.
Error execute(const std::string& path, const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment);
Result<void> limit_processors(std::uint32_t count);
std::uint32_t processor_count();

// signalfd for the listed signals, which are blocked from then on.
Result<UniqueFd> open_signals(const std::vector<int>& numbers);
Result<std::optional<int>> read_signal(int fd);

struct Poll {
  int fd = -1;
  bool want_write = false;
  bool readable = false;  // also: hung up or failed
  bool writable = false;
  bool hung_up = false;
};
// Negative timeout: for ever. Returns false when the time passed with nothing ready.
Result<bool> poll_fds(std::vector<Poll>& polls, milliseconds timeout);

// Whether nobody holds the other end of a pipe or socket any more. Does not wait.
bool has_hung_up(int fd);

// Descendants of `root` as /proc shows them now, without `root`.
std::vector<pid_t> descendants_of(pid_t root);
}  // namespace glovebox::os
