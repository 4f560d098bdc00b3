// Group C: the kernel's surface, processes and sockets.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "probe.h"

namespace probe {
namespace {

// In a child: an attempt that may end the process, or change it.
template <class Try>
void in_child(Attempts& attempts, const std::string& what, Try try_it) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(try_it() ? 0 : 1);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return;
  if (WIFSIGNALED(status)) {
    attempts.refused(what + ": signal " + std::to_string(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) == 0) {
    attempts.got_through(what);
  } else {
    attempts.refused(what);
  }
}

pid_t outsider(const char* argument) {
  return *argument != '\0' ? static_cast<pid_t>(std::atoi(argument)) : 1;
}

void trace(Attempts& attempts, const char* pid) {
  for (const pid_t target : {outsider(pid), ::getppid()}) {
    attempts.returned("seize " + std::to_string(target),
                      ::ptrace(PTRACE_SEIZE, target, nullptr, nullptr), {EPERM, ESRCH, ENOSYS});
  }
}

void read_memory(Attempts& attempts, const char* pid) {
  char here[8];
  const iovec local{here, sizeof here};
  // An address that is certainly mapped in the control: the canary tells its own.
  const char* colon = std::strchr(pid, ':');
  const iovec remote{
      colon != nullptr ? reinterpret_cast<void*>(std::strtoul(colon + 1, nullptr, 0)) : here,
      sizeof here};
  attempts.returned("process_vm_readv", ::process_vm_readv(outsider(pid), &local, 1, &remote, 1, 0),
                    {EPERM, ESRCH, ENOSYS});
  attempts.returned("process_vm_writev",
                    ::process_vm_writev(outsider(pid), &local, 1, &remote, 1, 0),
                    {EPERM, ESRCH, ENOSYS});
}

// Everything that is not this process; the canary outside must live on.
void kill_outsiders(Attempts& attempts, const char* pid) {
  attempts.returned("kill the canary", ::kill(outsider(pid), SIGKILL), {ESRCH, EPERM});
  attempts.returned("stop the canary", ::kill(outsider(pid), SIGSTOP), {ESRCH, EPERM});
  attempts.returned("tgkill the canary",
                    ::syscall(SYS_tgkill, outsider(pid), outsider(pid), SIGKILL), {ESRCH, EPERM});
}

void no_such_call(Attempts& attempts, const char*) {
  char parameters[256] = {};
  attempts.returned("io_uring_setup", ::syscall(SYS_io_uring_setup, 4, parameters), {ENOSYS});
}

void user_faults(Attempts& attempts, const char*) {
  attempts.returned("userfaultfd", ::syscall(SYS_userfaultfd, 0), {EPERM, ENOSYS});
  attempts.returned("userfaultfd user mode", ::syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY),
                    {EPERM, ENOSYS});
}

void performance(Attempts& attempts, const char*) {
  for (const unsigned type : {0u, 1u}) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.exclude_kernel = 1;
    attempts.returned("perf_event_open", ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0),
                      {EPERM, EACCES, ENOSYS});
  }
}

void keyrings(Attempts& attempts, const char*) {
  attempts.returned("add_key", ::syscall(SYS_add_key, "user", "gb", "x", 1, KEY_SPEC_USER_KEYRING),
                    {EPERM, ENOSYS});
  attempts.returned("keyctl",
                    ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0),
                    {EPERM, ENOSYS});
  attempts.returned("request_key", ::syscall(SYS_request_key, "user", "gb", nullptr, 0),
                    {EPERM, ENOSYS});
}

// A key of the caller's, in the keyring with this number and by this name: `-3:name`.
void read_key(Attempts& attempts, const char* which) {
  const char* name = std::strchr(which, ':') + 1;
  const long keyring = std::atol(which);
  const long key = ::syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", name, 0);
  attempts.returned("find a key", key, {EPERM, ENOSYS, ENOKEY});
  if (keyring == KEY_SPEC_SESSION_KEYRING) {
    attempts.returned("ask for a key", ::syscall(SYS_request_key, "user", name, nullptr, 0),
                      {EPERM, ENOSYS, ENOKEY});
  }
}

// A decision about others' calls is for a supervisor outside; a box neither has one nor can be one.
void become_decider(Attempts& attempts, const char*) {
  sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog program{1, allow};
  attempts.returned(
      "a filter with a listener",
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program),
      {EPERM, ENOSYS});
  for (int fd = 0; fd < 256; ++fd) {
    struct stat facts{};
    if (::fstat(fd, &facts) != 0) continue;
    char target[64] = {};
    (void)!::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1);
    if (S_ISSOCK(facts.st_mode) || std::strstr(target, "seccomp") != nullptr)
      attempts.got_through(std::to_string(fd) + " leads to somebody");
  }
  // Somebody decides about a path: another thread writes over it meanwhile.
  char path[] = "/nothing";
  std::atomic<bool> stop = false;
  std::thread rewriter([&] {
    for (unsigned i = 0; !stop; ++i) std::atomic_ref(path[1]).store(i % 2 == 0 ? 'n' : '.');
  });
  int through = 0;
  for (int i = 0; i < 50; ++i)
    if (::syscall(SYS_mount, path, path, nullptr, MS_BIND, nullptr) == 0) ++through;
  stop = true;
  rewriter.join();
  if (through > 0) attempts.got_through("a mount of a path that changed");
  attempts.refused("no channel");
}

// Needs no right over the host, only one over the box's own network.
void change_network(Attempts& attempts, const char*) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  ::ioctl(fd, SIOCGIFFLAGS, &request);
  request.ifr_flags &= ~IFF_UP;
  attempts.returned("take loopback down", ::ioctl(fd, SIOCSIFFLAGS, &request), {EPERM});
  ::close(fd);
}

void personalities(Attempts& attempts, const char*) {
  for (const unsigned kind : {0x0400000u, 0x0040000u, 0x0008u}) {
    // READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE, PER_LINUX32
    attempts.returned("personality", ::personality(kind), {EPERM, ENOSYS});
  }
}

// A call by the 32-bit entry: getpid is 20 there.
void foreign_entry(Attempts& attempts, const char*) {
#if defined(__x86_64__)
  in_child(attempts, "int 0x80", [] {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result > 0;
  });
#endif
}

void nested_namespaces(Attempts& attempts, const char*) {
  in_child(attempts, "unshare user", [] { return ::unshare(CLONE_NEWUSER) == 0; });
  in_child(attempts, "unshare user and mount",
           [] { return ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0; });
  in_child(attempts, "clone user", [] {
    const long pid = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
    if (pid == 0) ::_exit(0);
    return pid > 0;
  });
  in_child(attempts, "clone3 user", [] {
    unsigned long arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    const long pid = ::syscall(SYS_clone3, arguments, sizeof arguments);
    if (pid == 0) ::_exit(0);
    return pid > 0;
  });
}

// A terminal of one's own is the most that a guest has: the request itself must be refused.
template <class Try>
void on_own_terminal(Attempts& attempts, const std::string& what, Try try_it) {
  in_child(attempts, what, [&] {
    ::setsid();
    const int leader = ::open("/dev/ptmx", O_RDWR | O_NOCTTY);
    int locked = 0;
    ::ioctl(leader, TIOCSPTLCK, &locked);
    char name[64] = {};
    if (leader < 0 || ::ptsname_r(leader, name, sizeof name) != 0) return false;
    const int terminal = ::open(name, O_RDWR);  // the controlling one from now on
    return terminal >= 0 && try_it(terminal);
  });
}

void terminal_input(Attempts& attempts, const char*) {
  on_own_terminal(attempts, "TIOCSTI", [](int fd) { return ::ioctl(fd, TIOCSTI, "x") == 0; });
  on_own_terminal(attempts, "TIOCSTI with high bits", [](int fd) {
    return ::syscall(SYS_ioctl, fd, 0x100000000UL | TIOCSTI, "x") == 0;
  });
}

// A console, where the argument names one; else a terminal, which answers ENOTTY.
void console_requests(Attempts& attempts, const char* console) {
  in_child(attempts, "TIOCLINUX", [&] {
    ::setsid();
    const int fd = ::open(*console != '\0' ? console : "/dev/ptmx", O_RDWR);
    char shift_state = 6;  // tells which keys are held; pasting would be 3
    return ::ioctl(fd, TIOCLINUX, &shift_state) == 0;
  });
}

void segments_and_ports(Attempts& attempts, const char*) {
  char descriptor[16] = {};
  attempts.returned("modify_ldt", ::syscall(SYS_modify_ldt, 1, descriptor, sizeof descriptor),
                    {EPERM, ENOSYS});
  attempts.returned("iopl", ::syscall(SYS_iopl, 3), {EPERM, ENOSYS});
  attempts.returned("ioperm", ::syscall(SYS_ioperm, 0x80, 1, 1), {EPERM, ENOSYS});
}

void administration(Attempts& attempts, const char*) {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  attempts.returned("init_module", ::syscall(SYS_init_module, "", 0, ""), {EPERM, ENOSYS});
  attempts.returned("finit_module", ::syscall(SYS_finit_module, 0, "", 0), {EPERM, ENOSYS});
  attempts.returned("kexec_load", ::syscall(SYS_kexec_load, 0, 0, nullptr, 0), {EPERM, ENOSYS});
  // Wrong magic numbers: harmless where it is allowed.
  attempts.returned("reboot", ::syscall(SYS_reboot, 1, 2, 3, nullptr), {EPERM, ENOSYS});
  attempts.returned("swapon", ::swapon("/nothing", 0), {EPERM, ENOSYS});
  attempts.returned("acct", ::syscall(SYS_acct, "/nothing"), {EPERM, ENOSYS});
  attempts.returned("settimeofday", ::settimeofday(&now, nullptr), {EPERM, ENOSYS});
  attempts.returned("sethostname", ::sethostname("owned", 5), {EPERM, ENOSYS});
  attempts.returned("syslog", ::syscall(SYS_syslog, 3, nullptr, 0), {EPERM, EINVAL, ENOSYS});
  attempts.returned("bpf", ::syscall(SYS_bpf, 0, nullptr, 0), {EPERM, ENOSYS});
}

// What a started program is by now: its effective user id.
long effective_id(pid_t pid) {
  const int fd = ::open(("/proc/" + std::to_string(pid) + "/status").c_str(), O_RDONLY);
  char text[4096] = {};
  const bool read = fd >= 0 && ::read(fd, text, sizeof text - 1) > 0;
  ::close(fd);
  const char* ids = read ? std::strstr(text, "\nUid:") : nullptr;
  long real = -1;
  long effective = -1;
  if (ids != nullptr) (void)std::sscanf(ids, "\nUid: %ld %ld", &real, &effective);
  return effective;
}

// A set-user-id program, waiting for its input, has the id of whoever started it.
void set_user_id(Attempts& attempts, const char* program) {
  in_child(attempts, "setresuid 0", [] { return ::setresuid(0, 0, 0) == 0 && ::getuid() == 0; });
  int ends[2];
  if (::pipe(ends) != 0) return;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[0], 0);
    ::execl(program, program, static_cast<char*>(nullptr));
    ::_exit(1);
  }
  bool gained = false;
  for (int i = 0; i < 30 && !gained; ++i) {
    ::usleep(10'000);
    gained = effective_id(child) == 0;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  gained ? attempts.got_through("has the owner's id") : attempts.refused("gains no id");
}

void core_files(Attempts& attempts, const char*) {
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_CORE, &all);
  const pid_t child = ::fork();
  if (child == 0) ::abort();
  int status = 0;
  ::waitpid(child, &status, 0);
  WCOREDUMP(status) ? attempts.got_through("a core was written") : attempts.refused("no core");
}

bool is_allowed_socket(int family, int type, int protocol) {
  type &= 0xf;
  if (family == AF_UNIX) return true;
  if (family == AF_INET || family == AF_INET6) {
    const bool plain = protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
                       protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
    return (type == SOCK_STREAM || type == SOCK_DGRAM) && plain;
  }
  return family == AF_NETLINK && protocol == 0;
}

void socket_sweep(Attempts& attempts, const char*) {
  int refused = 0;
  for (int family = 0; family < 46; ++family) {
    for (const int type :
         {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_PACKET}) {
      for (const int protocol : {0, 1, 6, 16, 17, 132, 136, 255, 262}) {
        if (is_allowed_socket(family, type, protocol)) continue;
        const int fd = ::socket(family, type, protocol);
        if (fd < 0) {
          ++refused;
          continue;
        }
        ::close(fd);
        attempts.got_through("socket " + std::to_string(family) + " " + std::to_string(type) + " " +
                             std::to_string(protocol));
      }
    }
  }
  attempts.refused(std::to_string(refused) + " kinds of sockets");
}

void machine_sockets(Attempts& attempts, const char*) {
  for (const unsigned peer : {1u, 2u}) {
    const int fd = ::socket(AF_VSOCK, SOCK_STREAM, 0);
    if (fd < 0) {
      attempts.returned("AF_VSOCK", fd, {EAFNOSUPPORT, EPERM, ENOSYS});
      continue;
    }
    attempts.got_through("a socket to machine " + std::to_string(peer));
    ::close(fd);
  }
}

void process_controls(Attempts& attempts, const char*) {
  attempts.returned("PR_SET_MM", ::prctl(PR_SET_MM, PR_SET_MM_BRK, 4096, 0, 0),
                    {EPERM, EINVAL, ENOSYS});
  attempts.returned("PR_SET_TSC", ::prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0), {EPERM, ENOSYS});
  // Being traceable oneself opens nothing else.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  ::prctl(PR_SET_PTRACER, -1, 0, 0, 0);
  attempts.returned("seize 1", ::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr), {EPERM, ESRCH, ENOSYS});
}

// Whether an orphan disappears, as it does while the first process reaps.
bool orphans_are_reaped() {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    const pid_t orphan = ::fork();
    if (orphan == 0) ::_exit(0);
    (void)!::write(ends[1], &orphan, sizeof orphan);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  pid_t orphan = 0;
  (void)!::read(ends[0], &orphan, sizeof orphan);
  ::close(ends[0]);
  ::close(ends[1]);
  for (int i = 0; i < 200; ++i) {
    if (::kill(orphan, 0) != 0) return true;
    ::usleep(10'000);
  }
  return false;
}

// The first process of the box shrugs off what comes from within. It is the parent.
void stop_first(Attempts& attempts, const char*) {
  const pid_t first = ::getppid();
  for (const int signal : {SIGSTOP, SIGTERM, SIGKILL}) {
    ::kill(first, signal);
    if (orphans_are_reaped()) continue;
    ::kill(first, SIGCONT);
    return attempts.got_through("stopped by signal " + std::to_string(signal));
  }
  attempts.refused("the first process goes on");
}

// Every number is used up, over and over, while each end must be told of the right process.
void churn(Attempts& attempts, const char* most) {
  for (int i = 0; i < std::atoi(most); ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(i % 100);
    int status = 0;
    if (::waitpid(child, &status, 0) != child || WEXITSTATUS(status) != i % 100)
      return attempts.got_through("another process's end");
  }
  attempts.refused(std::string(most) + " processes came and went");
}

}  // namespace

const Case kKernelCases[] = {
    {"C01", trace},          {"C02", read_memory},        {"C05", kill_outsiders},
    {"C07", no_such_call},   {"C08", user_faults},        {"C10", performance},
    {"B10", become_decider}, {"C11", keyrings},           {"C11-key", read_key},
    {"C13", personalities},  {"C14", foreign_entry},      {"C16", nested_namespaces},
    {"C19", terminal_input}, {"C20", console_requests},   {"C22", segments_and_ports},
    {"C23", administration}, {"C25", set_user_id},        {"C29", core_files},
    {"C31", socket_sweep},   {"C32", machine_sockets},    {"C34", process_controls},
    {"C35", churn},          {"network", change_network}, {"E16", stop_first},
    {"E22", keyrings},       {nullptr, nullptr},
};

}  // namespace probe
