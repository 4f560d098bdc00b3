#include "os/limits.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <format>
#include <vector>

#include "base/unique_fd.h"
#include "os/file.h"
#include "os/filter_program.h"

namespace glovebox::os {

namespace {

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

auto number_of(Resource resource) {
  switch (resource) {
    case Resource::core:
      return RLIMIT_CORE;
    case Resource::cpu_seconds:
      return RLIMIT_CPU;
    case Resource::file_size:
      return RLIMIT_FSIZE;
    case Resource::locked_memory:
      return RLIMIT_MEMLOCK;
    case Resource::files:
      return RLIMIT_NOFILE;
    case Resource::message_queues:
      return RLIMIT_MSGQUEUE;
    case Resource::pending_signals:
      return RLIMIT_SIGPENDING;
    case Resource::processes:
      return RLIMIT_NPROC;
    case Resource::stack:
      return RLIMIT_STACK;
  }
  return RLIMIT_CORE;
}

}  // namespace

Result<void> set_limit(Resource resource, std::uint64_t value) {
  rlimit limit{value, value};
  if (::setrlimit(number_of(resource), &limit) != 0) return failed("setrlimit");
  return {};
}

std::uint64_t limit_of(Resource resource) {
  rlimit limit{};
  ::getrlimit(number_of(resource), &limit);
  return limit.rlim_max;
}

std::uint64_t soft_limit_of(Resource resource) {
  rlimit limit{};
  ::getrlimit(number_of(resource), &limit);
  return limit.rlim_cur;
}

Result<std::uint64_t> raise_soft_limit(Resource resource, std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(number_of(resource), &limit) != 0) return failed("getrlimit");
  const rlim_t most = std::min<rlim_t>(wanted, limit.rlim_max);
  if (limit.rlim_cur >= most) return limit.rlim_cur;
  limit.rlim_cur = most;
  if (::setrlimit(number_of(resource), &limit) != 0) return failed("setrlimit");
  return limit.rlim_cur;
}

Result<void> join_new_session_keyring() {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) {
    if (errno == ENOSYS) return {};  // a kernel without keyrings has none to hide
    return failed("keyctl");
  }
  return {};
}

Result<void> set_host_name(const std::string& name) {
  if (::sethostname(name.data(), name.size()) != 0) return failed("sethostname");
  return {};
}

Result<void> bring_loopback_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return failed("socket");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return failed("ioctl SIOCGIFFLAGS");
  request.ifr_flags |= IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return failed("ioctl SIOCSIFFLAGS");
  return {};
}

Result<std::vector<sock_filter>> filter_instructions(std::string_view program) {
  if (program.empty() || program.size() % sizeof(sock_filter) != 0 ||
      program.size() / sizeof(sock_filter) > BPF_MAXINSNS)
    return Error(ErrorKind::invalid, "filter program of a wrong size");
  std::vector<sock_filter> instructions(program.size() / sizeof(sock_filter));
  std::memcpy(instructions.data(), program.data(), program.size());
  return instructions;
}

Result<void> load_filter(std::string_view program) {
  std::vector<sock_filter> instructions = TRY(filter_instructions(program));
  const sock_fprog wanted{static_cast<unsigned short>(instructions.size()), instructions.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &wanted) != 0) return failed("seccomp");
  return {};
}

Result<void> write_sysctl(int path_fd, std::string_view value) {
  // The path descriptor keeps the file reachable; /proc/self/fd opens it for writing.
  const UniqueFd file = TRY(open_path(std::format("/proc/self/fd/{}", path_fd), O_WRONLY));
  return write_all(file.get(), value);
}

std::string kernel_release() {
  utsname names{};
  ::uname(&names);
  return names.release;
}

std::string host_name() {
  utsname names{};
  ::uname(&names);
  return names.nodename;
}

}  // namespace glovebox::os
