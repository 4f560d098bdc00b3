#include "seccomp/words.h"

#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/nearest_word.h"

namespace glovebox::seccomp {

namespace {

// Newer than the headers of the build host.
constexpr std::uint64_t kIpProtoMptcp = 262;

#define GB_CONSTANT(name) std::pair<std::string_view, std::uint64_t>(#name, name)
constexpr std::array kConstants = {
    GB_CONSTANT(AF_ALG),
    GB_CONSTANT(AF_INET),
    GB_CONSTANT(AF_INET6),
    GB_CONSTANT(AF_NETLINK),
    GB_CONSTANT(AF_PACKET),
    GB_CONSTANT(AF_UNIX),
    GB_CONSTANT(AF_UNSPEC),
    GB_CONSTANT(AF_VSOCK),
    GB_CONSTANT(CLONE_CHILD_CLEARTID),
    GB_CONSTANT(CLONE_CHILD_SETTID),
    GB_CONSTANT(CLONE_DETACHED),
    GB_CONSTANT(CLONE_FILES),
    GB_CONSTANT(CLONE_FS),
    GB_CONSTANT(CLONE_IO),
    GB_CONSTANT(CLONE_NEWCGROUP),
    GB_CONSTANT(CLONE_NEWIPC),
    GB_CONSTANT(CLONE_NEWNET),
    GB_CONSTANT(CLONE_NEWNS),
    GB_CONSTANT(CLONE_NEWPID),
    GB_CONSTANT(CLONE_NEWUSER),
    GB_CONSTANT(CLONE_NEWUTS),
    GB_CONSTANT(CLONE_PARENT),
    GB_CONSTANT(CLONE_PARENT_SETTID),
    GB_CONSTANT(CLONE_PIDFD),
    GB_CONSTANT(CLONE_PTRACE),
    GB_CONSTANT(CLONE_SETTLS),
    GB_CONSTANT(CLONE_SIGHAND),
    GB_CONSTANT(CLONE_SYSVSEM),
    GB_CONSTANT(CLONE_THREAD),
    GB_CONSTANT(CLONE_UNTRACED),
    GB_CONSTANT(CLONE_VFORK),
    GB_CONSTANT(CLONE_VM),
    GB_CONSTANT(CSIGNAL),
    GB_CONSTANT(FIONBIO),
    GB_CONSTANT(FIONREAD),
    GB_CONSTANT(IPPROTO_ICMP),
    GB_CONSTANT(IPPROTO_IP),
    std::pair<std::string_view, std::uint64_t>("IPPROTO_MPTCP", kIpProtoMptcp),
    GB_CONSTANT(IPPROTO_SCTP),
    GB_CONSTANT(IPPROTO_TCP),
    GB_CONSTANT(IPPROTO_UDP),
    GB_CONSTANT(KEYCTL_JOIN_SESSION_KEYRING),
    std::pair<std::string_view, std::uint64_t>("NETLINK_ROUTE", 0),
    GB_CONSTANT(PR_CAPBSET_DROP),
    GB_CONSTANT(PR_CAPBSET_READ),
    GB_CONSTANT(PR_CAP_AMBIENT),
    GB_CONSTANT(PR_GET_CHILD_SUBREAPER),
    GB_CONSTANT(PR_GET_DUMPABLE),
    GB_CONSTANT(PR_GET_KEEPCAPS),
    GB_CONSTANT(PR_GET_NAME),
    GB_CONSTANT(PR_GET_NO_NEW_PRIVS),
    GB_CONSTANT(PR_GET_PDEATHSIG),
    GB_CONSTANT(PR_GET_SECCOMP),
    GB_CONSTANT(PR_GET_SECUREBITS),
    GB_CONSTANT(PR_GET_SPECULATION_CTRL),
    GB_CONSTANT(PR_GET_THP_DISABLE),
    GB_CONSTANT(PR_GET_TID_ADDRESS),
    GB_CONSTANT(PR_GET_TIMERSLACK),
    GB_CONSTANT(PR_MCE_KILL),
    GB_CONSTANT(PR_SET_CHILD_SUBREAPER),
    GB_CONSTANT(PR_SET_DUMPABLE),
    GB_CONSTANT(PR_SET_KEEPCAPS),
    GB_CONSTANT(PR_SET_MM),
    GB_CONSTANT(PR_SET_NAME),
    GB_CONSTANT(PR_SET_NO_NEW_PRIVS),
    GB_CONSTANT(PR_SET_PDEATHSIG),
    GB_CONSTANT(PR_SET_PTRACER),
    GB_CONSTANT(PR_SET_SECCOMP),
    GB_CONSTANT(PR_SET_SECUREBITS),
    GB_CONSTANT(PR_SET_THP_DISABLE),
    GB_CONSTANT(PR_SET_TIMERSLACK),
    GB_CONSTANT(PR_SET_TSC),
    GB_CONSTANT(PR_SET_VMA),
    GB_CONSTANT(SECCOMP_FILTER_FLAG_NEW_LISTENER),
    GB_CONSTANT(SECCOMP_FILTER_FLAG_TSYNC),
    GB_CONSTANT(SECCOMP_FILTER_FLAG_LOG),
    GB_CONSTANT(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
    GB_CONSTANT(SECCOMP_GET_ACTION_AVAIL),
    GB_CONSTANT(SECCOMP_GET_NOTIF_SIZES),
    GB_CONSTANT(SECCOMP_SET_MODE_FILTER),
    GB_CONSTANT(SECCOMP_SET_MODE_STRICT),
    GB_CONSTANT(SOCK_CLOEXEC),
    GB_CONSTANT(SOCK_DGRAM),
    GB_CONSTANT(SOCK_NONBLOCK),
    GB_CONSTANT(SOCK_RAW),
    GB_CONSTANT(SOCK_SEQPACKET),
    GB_CONSTANT(SOCK_STREAM),
    GB_CONSTANT(TCGETS),
    GB_CONSTANT(TIOCGWINSZ),
    GB_CONSTANT(TIOCLINUX),
    GB_CONSTANT(TIOCSTI),
};
#undef GB_CONSTANT

constexpr std::uint16_t kLargestError = 133;  // EHWPOISON
constexpr std::uint32_t kNumbers = 1024;      // above all calls of all architectures

std::string nearest_of(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  return std::string(nearest_word(word, views));
}

}  // namespace

std::optional<std::uint32_t> syscall_number(std::string_view name, Arch arch) {
  // The library's word for an architecture is the kernel's.
  const int number =
      ::seccomp_syscall_resolve_name_arch(audit_number(arch), std::string(name).c_str());
  // Negative: unknown, or known to other architectures only.
  if (number < 0) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

bool is_syscall(std::string_view name) {
  return std::ranges::any_of(kArches,
                             [&](Arch arch) { return syscall_number(name, arch).has_value(); });
}

std::optional<std::string> syscall_name(std::uint32_t number, Arch arch) {
  const std::unique_ptr<char, void (*)(void*)> name(
      ::seccomp_syscall_resolve_num_arch(audit_number(arch), static_cast<int>(number)), &::free);
  if (!name) return std::nullopt;
  return std::string(name.get());
}

std::optional<std::uint16_t> error_number(std::string_view name) {
  for (std::uint16_t number = 1; number <= kLargestError; ++number)
    if (errno_name(number) == name) return number;
  return std::nullopt;
}

std::optional<std::uint64_t> constant(std::string_view name) {
  for (const auto& [known, value] : kConstants)
    if (known == name) return value;
  return std::nullopt;
}

std::string nearest_syscall(std::string_view name) {
  std::vector<std::string> known;
  for (const Arch arch : kArches) {
    for (std::uint32_t number = 0; number < kNumbers; ++number)
      if (auto found = syscall_name(number, arch)) known.push_back(*std::move(found));
  }
  return nearest_of(name, known);
}

std::string nearest_error(std::string_view name) {
  std::vector<std::string> known;
  for (std::uint16_t number = 1; number <= kLargestError; ++number)
    known.push_back(errno_name(number));
  return nearest_of(name, known);
}

std::string nearest_constant(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [word, value] : kConstants) known.emplace_back(word);
  return nearest_of(name, known);
}

}  // namespace glovebox::seccomp
