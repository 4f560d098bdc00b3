#include "os/attempts.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <format>
#include <optional>

#include "base/units.h"
#include "os/process.h"

namespace glovebox::os {

namespace {

constexpr int kNotMade = 254;
constexpr std::array kForbidden = {EPERM, ENOSYS};
constexpr std::array kNoFamily = {EAFNOSUPPORT, EPERM};
constexpr std::array kNoSpecial = {EACCES, EPERM, EROFS};
constexpr std::array kNoMore = {ENOSPC, EPERM, ENOSYS};
constexpr std::array kNobody = {ESRCH, EPERM, ENOSYS};
constexpr std::array kGone = {ENOENT};
constexpr std::array kNotWritable = {ENOENT, EROFS};
constexpr std::array kNotThere = {ESRCH, EPERM};
constexpr std::array kNoPeer = {ECONNREFUSED, ENETUNREACH, EACCES, EPERM};
constexpr std::array kNoRoom = {EAGAIN};

int told(long result) {
  return result == -1 ? errno : 0;
}

int socket_of(int family, int type, int protocol) {
  return told(::socket(family, type, protocol));
}

// A process that only waits for its end.
long clone_with(unsigned long flags) {
  const long pid = ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (pid == 0) ::_exit(0);
  return pid;
}

// getpid by the 32-bit entry.
int foreign_entry(const std::string&) {
#if defined(__x86_64__)
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result > 0 ? 0 : ENOSYS;
#else
  return kNotMade;
#endif
}

int read_memory_of_first(const std::string&) {
  char here[8];
  const iovec place{here, sizeof here};
  return told(::process_vm_readv(1, &place, 1, &place, 1, 0));
}

int measure(const std::string&) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.exclude_kernel = 1;
  return told(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

int set_clock(const std::string&) {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  return told(::settimeofday(&now, nullptr));
}

int set_up_ring(const std::string&) {
  char parameters[256] = {};
  return told(::syscall(SYS_io_uring_setup, 4, parameters));
}

std::optional<sockaddr_un> abstract_address(const std::string& name, socklen_t& size) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() + 1 > sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

int connect_abstract(const std::string& name) {
  socklen_t size = 0;
  const auto address = abstract_address(name, size);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || !address) return kNotMade;
  return told(::connect(fd, reinterpret_cast<const sockaddr*>(&*address), size));
}

int connect_port(const std::string& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  return told(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

int write_below(const std::string& folder) {
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) return errno;
  return (facts.f_flag & ST_RDONLY) != 0 ? EROFS : 0;
}

int see(const std::string& path) {
  struct stat facts{};
  return told(::lstat(path.c_str(), &facts));
}

void* wait_for_ever(void*) {
  for (;;) ::pause();
}

// Threads count as processes do, and cost no memory of their own worth counting. They end with this
// process.
int too_many_threads(const std::string&) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  constexpr rlim_t kMost = 20'000;  // a limit above that is not tried
  constexpr std::size_t kStack = 32 * kKiB;
  if (limit.rlim_cur > kMost) return kNotMade;
  pthread_attr_t small{};
  ::pthread_attr_init(&small);
  ::pthread_attr_setstacksize(&small, kStack);
  for (rlim_t count = 0; count <= limit.rlim_cur; ++count) {
    pthread_t thread{};
    if (const int error = ::pthread_create(&thread, &small, wait_for_ever, nullptr); error != 0)
      return error;
  }
  return 0;
}

constexpr Attempt kKernelAttempts[] = {
    {"A13", "mount a file system",
     [](const std::string&) { return told(::mount("x", "/", "tmpfs", MS_RDONLY, nullptr)); },
     kForbidden},
    {"A13", "take a mount away",
     [](const std::string&) { return told(::umount2("/dev/pts", MNT_DETACH)); }, kForbidden},
    {"A13", "change the root", [](const std::string&) { return told(::chroot("/")); }, kForbidden},
    {"A16", "make a device",
     [](const std::string&) {
       return told(::mknod(".selftest-device", S_IFCHR | 0600, makedev(1, 3)));
     },
     kNoSpecial},
    {"C01", "trace the first process",
     [](const std::string&) { return told(::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr)); }, kNobody},
    {"C02", "read the first process's memory", read_memory_of_first, kNobody},
    {"C07", "set up io_uring", set_up_ring, kForbidden},
    {"C08", "handle page faults",
     [](const std::string&) { return told(::syscall(SYS_userfaultfd, 1)); }, kForbidden},
    {"C10", "measure performance", measure, kForbidden},
    {"C11", "add a key",
     [](const std::string&) {
       return told(::syscall(SYS_add_key, "user", "selftest", "x", 1, KEY_SPEC_PROCESS_KEYRING));
     },
     kForbidden},
    {"C13", "make data executable",
     [](const std::string&) { return told(::personality(READ_IMPLIES_EXEC)); }, kForbidden},
    {"C14", "call by the 32-bit entry", foreign_entry, kForbidden},
    {"C16", "make a user namespace",
     [](const std::string&) { return told(::unshare(CLONE_NEWUSER)); }, kNoMore},
    {"C16", "make one with a child",
     [](const std::string&) { return told(clone_with(CLONE_NEWUSER)); }, kNoMore},
    {"C17", "open a file system",
     [](const std::string&) { return told(::syscall(SYS_fsopen, "tmpfs", 0)); }, kForbidden},
    {"C17", "copy a mount",
     [](const std::string&) { return told(::syscall(SYS_open_tree, AT_FDCWD, "/", 1)); },
     kForbidden},
    {"C22", "change segments",
     [](const std::string&) {
       char descriptor[16] = {};
       return told(::syscall(SYS_modify_ldt, 1, descriptor, sizeof descriptor));
     },
     kForbidden},
    {"C23", "load a module",
     [](const std::string&) { return told(::syscall(SYS_init_module, "", 0, "")); }, kForbidden},
    {"C23", "load another kernel",
     [](const std::string&) { return told(::syscall(SYS_kexec_load, 0, 0, nullptr, 0)); },
     kForbidden},
    // Wrong magic numbers.
    {"C23", "restart the host",
     [](const std::string&) { return told(::syscall(SYS_reboot, 1, 2, 3, nullptr)); }, kForbidden},
    {"C23", "swap to a file", [](const std::string&) { return told(::swapon("/nothing", 0)); },
     kForbidden},
    {"C23", "set the clock", set_clock, kForbidden},
    {"C23", "change the host name",
     [](const std::string&) { return told(::sethostname("box", 3)); }, kForbidden},
    {"C23", "load a kernel program",
     [](const std::string&) { return told(::syscall(SYS_bpf, 0, nullptr, 0)); }, kForbidden},
    {"C31", "a packet socket",
     [](const std::string&) { return socket_of(AF_PACKET, SOCK_DGRAM, 0); }, kNoFamily},
    {"C31", "a raw socket",
     [](const std::string&) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP); }, kNoFamily},
    {"C31", "the kernel's ciphers",
     [](const std::string&) { return socket_of(AF_ALG, SOCK_SEQPACKET, 0); }, kNoFamily},
    {"C31", "the packet filter",
     [](const std::string&) { return socket_of(AF_NETLINK, SOCK_RAW, 12); }, kNoFamily},
    {"C32", "a socket to the hypervisor",
     [](const std::string&) { return socket_of(AF_VSOCK, SOCK_STREAM, 0); }, kNoFamily},
};

}  // namespace

const Attempt kSeePath{"A01", "see a path of the host", see, kGone};
const Attempt kWriteBelow{"A05", "write below a folder of the host", write_below, kNotWritable};
const Attempt kEndProcess{
    "C05", "end a process of the host",
    [](const std::string& pid) { return told(::kill(std::atoi(pid.c_str()), SIGKILL)); },
    kNotThere};
const Attempt kConnectPort{"F01", "reach a server of the host", connect_port, kNoPeer};
const Attempt kConnectAbstract{"D04", "reach an abstract socket of the host", connect_abstract,
                               kNoPeer};
const Attempt kTooManyThreads{"E02", "start threads without end", too_many_threads, kNoRoom};

std::span<const Attempt> kernel_attempts() {
  return kKernelAttempts;
}

AttemptEnd make_attempt(const Attempt& attempt, const std::string& argument) {
  using Kind = AttemptEnd::Kind;
  // Not by clone3, which no box has, and not by the C library, whose fork knows its name service.
  const auto child =
      static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) return {Kind::not_made, std::string(errno_name(errno))};
  if (child == 0) exit_now(attempt.make(argument));
  const auto exit = reap_child(child);
  if (!exit) return {Kind::not_made, exit.error().message()};
  if (exit->signalled) {
    const bool by_filter = exit->code == SIGSYS;
    return {by_filter ? Kind::refused : Kind::refused_otherwise,
            std::format("signal {}", exit->code)};
  }
  const int code = exit->code;
  if (code == 0) return {Kind::through, {}};
  if (code == kNotMade) return {Kind::not_made, {}};
  const bool expected = std::ranges::find(attempt.refusals, code) != attempt.refusals.end();
  return {expected ? Kind::refused : Kind::refused_otherwise, std::string(errno_name(code))};
}

Result<UniqueFd> listen_abstract(const std::string& name) {
  socklen_t size = 0;
  const auto address = abstract_address(name, size);
  if (!address) return Error(ErrorKind::limit, "socket name is too long");
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Error::from_errno(errno, "socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), size) != 0)
    return Error::from_errno(errno, "bind");
  if (::listen(fd.get(), 1) != 0) return Error::from_errno(errno, "listen");
  return fd;
}

}  // namespace glovebox::os
