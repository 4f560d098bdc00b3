#include "os/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <format>

#include "base/units.h"
#include "os/file.h"

namespace glovebox::os {

namespace {

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

std::int64_t microseconds_of(const timeval& time) {
  return time.tv_sec * 1'000'000 + time.tv_usec;
}

ExitFacts facts_of_end(const siginfo_t& info, const rusage& use) {
  ExitFacts facts;
  facts.signalled = info.si_code != CLD_EXITED;
  facts.code = info.si_status;
  facts.cpu_us = microseconds_of(use.ru_utime) + microseconds_of(use.ru_stime);
  facts.peak_kib = use.ru_maxrss;
  return facts;
}

// The kernel's struct clone_args, version 2.
struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
      set_tid_size, cgroup;
};

}  // namespace

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, 0);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Result<void> signal_through(int pidfd, int number) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) != 0)
    return failed("pidfd_send_signal");
  return {};
}

Result<void> Process::signal(int number) const {
  return signal_through(pidfd_.get(), number);
}

Result<std::optional<ExitFacts>> Process::reap(Wait wait) {
  siginfo_t info{};
  rusage use{};
  const int options = WEXITED | (wait == Wait::no ? WNOHANG : 0);
  long done = 0;
  do {
    done = ::syscall(SYS_waitid, P_PIDFD, pidfd_.get(), &info, options, &use);
  } while (done < 0 && errno == EINTR);
  if (done < 0) return failed("waitid");
  if (info.si_pid == 0) return std::optional<ExitFacts>{};
  const ExitFacts facts = facts_of_end(info, use);
  pidfd_.reset();
  pid_ = 0;
  return std::optional<ExitFacts>(facts);
}

void Process::end() {
  if (!running()) return;
  (void)signal(SIGKILL);
  (void)reap(Wait::yes);
  pidfd_.reset();
}

void Process::end_after(milliseconds patience) {
  if (!running()) return;
  std::vector<Poll> polls = {{.fd = pidfd_.get()}};
  (void)poll_fds(polls, patience);
  end();
}

Result<Process> fork_into(NamespaceFlags namespaces, const std::function<int()>& child,
                          int cgroup) {
  constexpr std::uint64_t kIntoCgroup = 0x200000000;  // CLONE_INTO_CGROUP
  int pidfd = -1;
  CloneArguments arguments{};
  arguments.flags = namespaces | CLONE_PIDFD | (cgroup >= 0 ? kIntoCgroup : 0);
  arguments.cgroup = cgroup >= 0 ? static_cast<std::uint64_t>(cgroup) : 0;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return failed("clone3");
  if (pid == 0) exit_now(child());
  return Process(static_cast<pid_t>(pid), UniqueFd(pidfd));
}

namespace {
int run_child(void* data) {
  return (*static_cast<const std::function<int()>*>(data))();
}
constexpr std::size_t kChildStack = 256 * kKiB;
}  // namespace

Result<pid_t> fork_to_execute(const std::function<int()>& child) {
  // Untouched pages cost nothing, and the parent waits, so the stack may be given back.
  void* const stack = ::mmap(nullptr, kChildStack, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return failed("mmap");
  void* const data = const_cast<void*>(static_cast<const void*>(&child));
  const pid_t pid = ::clone(run_child, static_cast<char*>(stack) + kChildStack,
                            CLONE_VM | CLONE_VFORK | SIGCHLD, data);
  const int error = errno;
  ::munmap(stack, kChildStack);
  if (pid < 0) return Error::from_errno(error, "clone");
  return pid;
}

Result<void> unshare(NamespaceFlags namespaces) {
  if (::unshare(static_cast<int>(namespaces)) != 0) return failed("unshare");
  return {};
}

Result<void> kill_everybody() {
  if (::kill(-1, SIGKILL) != 0 && errno != ESRCH) return failed("kill");
  return {};
}

namespace {

constexpr std::size_t kMostDescendants = 100'000;

// As /proc shows them now.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> found;
  const auto tasks = open_path(std::format("/proc/{}/task", pid), O_RDONLY | O_DIRECTORY);
  if (!tasks) return found;
  const auto threads = list_folder(tasks->get(), kMostDescendants);
  if (!threads) return found;
  for (const FolderEntry& thread : *threads) {
    const auto text =
        read_file(std::format("/proc/{}/task/{}/children", pid, thread.name), 1 << 22);
    if (!text) continue;
    const char* at = text->data();
    const char* const end = at + text->size();
    while (at < end) {
      pid_t child = 0;
      const auto parsed = std::from_chars(at, end, child);
      if (parsed.ec != std::errc{}) break;
      found.push_back(child);
      at = parsed.ptr;
      while (at < end && *at == ' ') ++at;
    }
  }
  return found;
}

}  // namespace

Result<void> kill_group(pid_t leader) {
  if (leader <= 1) return Error(ErrorKind::internal, "no group of a child's");
  if (::kill(-leader, SIGKILL) != 0 && errno != ESRCH) return failed("kill");
  return {};
}

Result<void> end_children() {
  constexpr int kRounds = 10'000;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<pid_t> children = children_of(::getpid());
    if (children.empty()) return {};
    // Each stays a child, dead or alive, until it is reaped here: no number is somebody else's.
    for (const pid_t pid : children) (void)::kill(pid, SIGKILL);
    for (const pid_t pid : children)
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
  }
  return Error(ErrorKind::limit, "processes are made faster than they can be ended");
}

OwnUse use_of_self_and_children() {
  OwnUse sum;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage use{};
    if (::getrusage(who, &use) != 0) continue;
    sum.cpu_us += microseconds_of(use.ru_utime) + microseconds_of(use.ru_stime);
    sum.peak_kib = std::max<std::int64_t>(sum.peak_kib, use.ru_maxrss);
  }
  return sum;
}

Result<pid_t> pid_behind(int pidfd) {
  constexpr std::string_view kField = "\nPid:\t";
  const std::string text = TRY(read_file(std::format("/proc/self/fdinfo/{}", pidfd), 4096));
  const auto at = text.find(kField);
  pid_t pid = 0;
  if (at != std::string::npos) {
    const char* const begin = text.data() + at + kField.size();
    std::from_chars(begin, text.data() + text.size(), pid);
  }
  if (pid <= 0) return Error(ErrorKind::not_found, "pidfd: no process of this /proc");
  return pid;
}

Result<EndedChild> wait_for_any_child() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | __WALL) == 0)
      return EndedChild{info.si_pid, info.si_code != CLD_EXITED, info.si_status};
    if (errno == EINTR) continue;
    if (errno == ECHILD) return Error(ErrorKind::not_found, "waitid: no child");
    return failed("waitid");
  }
}

Result<std::optional<EndedChild>> next_ended_child() {
  siginfo_t info{};
  int done = 0;
  do {
    done = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL);
  } while (done != 0 && errno == EINTR);
  if (done != 0 && errno == ECHILD) return Error(ErrorKind::not_found, "waitid: no child");
  if (done != 0) return failed("waitid");
  if (info.si_pid == 0) return std::optional<EndedChild>{};
  return std::optional<EndedChild>(
      EndedChild{info.si_pid, info.si_code != CLD_EXITED, info.si_status});
}

Result<ExitFacts> reap_child(pid_t pid) {
  siginfo_t info{};
  rusage use{};
  long done = 0;
  do {
    done = ::syscall(SYS_waitid, P_PID, pid, &info, WEXITED | __WALL, &use);
  } while (done < 0 && errno == EINTR);
  if (done < 0) return failed("waitid");
  return facts_of_end(info, use);
}

namespace {

// What the child of spawn() needs, made before it exists: between clone and exec it may not
// allocate, since it shares the parent's memory.
struct Launch {
  const SpawnRequest* request;
  int executable;  // a copy as well
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<int> scratch;  // copies of the wanted fds, above every target number
  int failure = 0;
};

int launch(void* data) {
  auto& launch = *static_cast<Launch*>(data);
  const auto& fds = launch.request->fds;
  int highest = 2;
  for (std::size_t i = 0; i < fds.size(); ++i) {
    // dup2 leaves the copy inheritable; the scratch numbers lie above all targets.
    if (::dup2(launch.scratch[i], fds[i].second) < 0) {
      launch.failure = errno;
      return 127;
    }
    highest = std::max(highest, fds[i].second);
  }
  ::syscall(SYS_close_range, highest + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::syscall(SYS_execveat, launch.executable, "", launch.argv.data(), launch.envp.data(),
            AT_EMPTY_PATH);
  launch.failure = errno;
  return 127;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (const std::string& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

}  // namespace

Result<Process> spawn(const SpawnRequest& request) {
  int highest = 2;
  for (const auto& [from, to] : request.fds) highest = std::max(highest, to);
  const UniqueFd executable = TRY(duplicate(request.executable, highest + 1));
  Launch work{
      &request, executable.get(), pointers(request.arguments), pointers(request.environment), {},
      0};
  std::vector<UniqueFd> copies;
  for (const auto& [from, to] : request.fds) {
    copies.push_back(TRY(duplicate(from, highest + 1)));
    work.scratch.push_back(copies.back().get());
  }
  constexpr std::size_t kStack = 64 * kKiB;
  std::vector<char> stack(kStack);
  int pidfd = -1;
  // CLONE_VFORK: the parent waits until the child has executed, so the stack may be shared.
  const pid_t pid = ::clone(launch, stack.data() + kStack,
                            CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &work, &pidfd);
  if (pid < 0) return failed("clone");
  Process process(pid, UniqueFd(pidfd));
  if (work.failure != 0) return Error::from_errno(work.failure, "execveat");
  return process;
}

Result<UniqueFd> open_own_executable() {
  return open_path("/proc/self/exe", O_RDONLY);
}

Result<void> set_not_dumpable() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("prctl PR_SET_DUMPABLE");
  return {};
}

Result<void> set_dumpable() {
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return failed("prctl PR_SET_DUMPABLE");
  return {};
}

Result<void> set_no_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("prctl PR_SET_NO_NEW_PRIVS");
  return {};
}

Result<void> die_with_parent() {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return failed("prctl PR_SET_PDEATHSIG");
  return {};
}

Result<void> become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    return failed("prctl PR_SET_CHILD_SUBREAPER");
  return {};
}

Result<void> new_session() {
  if (::setsid() < 0) return failed("setsid");
  return {};
}

pid_t own_pid() {
  return ::getpid();
}

void set_file_mask(unsigned mask) {
  ::umask(mask);
}

void set_process_name(const std::string& name) {
  ::prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);
}

void hide_command_line() {
  std::memset(program_invocation_name, 0, std::strlen(program_invocation_name));
}

void ignore_broken_pipes() {
  struct sigaction ignored{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignored, nullptr);
}

Result<void> reset_signals() {
  // By the kernel's own call and struct: the C library keeps 32 and 33 to itself, also from who
  // wants them back as they were, and some callers (make by posix_spawn) leave them ignored.
  struct {
    std::uintptr_t handler;
    unsigned long flags;
    std::uintptr_t restorer;
    std::uint64_t mask;
  } standard{};
  for (int number = 1; number < NSIG; ++number) {
    // Two cannot be caught: EINVAL.
    if (::syscall(SYS_rt_sigaction, number, &standard, nullptr, sizeof standard.mask) != 0 &&
        errno != EINVAL)
      return failed("rt_sigaction");
  }
  sigset_t none;
  sigemptyset(&none);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return failed("sigprocmask");
  return {};
}

Result<void> close_others(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (int fd : kept) {
    if (fd < 3) continue;
    const auto number = static_cast<unsigned>(fd);
    if (number > from && ::syscall(SYS_close_range, from, number - 1, 0) != 0)
      return failed("close_range");
    from = number + 1;
  }
  if (::syscall(SYS_close_range, from, ~0u, 0) != 0) return failed("close_range");
  return {};
}

Result<void> place_fd(int fd, int number) {
  if (fd == number) {
    if (::fcntl(fd, F_SETFD, 0) != 0) return failed("fcntl F_SETFD");
    return {};
  }
  if (::dup2(fd, number) < 0) return failed("dup2");
  return {};
}

void exit_now(int code) {
  ::_exit(code);
}

Error execute(const std::string& path, const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment) {
  ::execve(path.c_str(), pointers(arguments).data(), pointers(environment).data());
  return failed("execve");
}

Result<void> limit_processors(std::uint32_t count) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return failed("sched_getaffinity");
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  std::uint32_t taken = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE && taken < count; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) {
      CPU_SET(cpu, &chosen);
      ++taken;
    }
  }
  if (::sched_setaffinity(0, sizeof chosen, &chosen) != 0) return failed("sched_setaffinity");
  return {};
}

std::uint32_t processor_count() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&allowed)));
}

Result<UniqueFd> open_signals(const std::vector<int>& numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (int number : numbers) sigaddset(&set, number);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return failed("sigprocmask");
  const int fd = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return failed("signalfd");
  return UniqueFd(fd);
}

Result<std::optional<int>> read_signal(int fd) {
  signalfd_siginfo info{};
  const ssize_t got = ::read(fd, &info, sizeof info);
  if (got < 0) {
    if (errno == EAGAIN) return std::optional<int>{};
    return failed("read");
  }
  return std::optional<int>(static_cast<int>(info.ssi_signo));
}

Result<bool> poll_fds(std::vector<Poll>& polls, milliseconds timeout) {
  std::vector<pollfd> list;
  list.reserve(polls.size());
  for (const Poll& poll : polls)
    list.push_back({poll.fd, static_cast<short>(poll.want_write ? POLLOUT : POLLIN), 0});
  const auto limit = std::min<std::int64_t>(timeout.count(), INT_MAX);
  const int ready =
      ::poll(list.data(), list.size(), static_cast<int>(std::max<std::int64_t>(limit, -1)));
  if (ready < 0 && errno != EINTR) return failed("poll");
  for (std::size_t i = 0; i < polls.size(); ++i) {
    const short events = ready > 0 ? list[i].revents : short{0};
    polls[i].readable = (events & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) != 0;
    polls[i].writable = (events & (POLLOUT | POLLERR)) != 0;
    polls[i].hung_up = (events & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  }
  return ready > 0;
}

bool has_hung_up(int fd) {
  pollfd one{fd, 0, 0};
  return ::poll(&one, 1, 0) > 0 && (one.revents & (POLLHUP | POLLERR)) != 0;
}

std::vector<pid_t> descendants_of(pid_t root) {
  std::vector<pid_t> found;
  std::vector<pid_t> open = {root};
  while (!open.empty() && found.size() < kMostDescendants) {
    const pid_t pid = open.back();
    open.pop_back();
    const std::vector<pid_t> children = children_of(pid);
    found.insert(found.end(), children.begin(), children.end());
    open.insert(open.end(), children.begin(), children.end());
  }
  return found;
}

}  // namespace glovebox::os
