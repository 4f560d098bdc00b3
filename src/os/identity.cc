#include "os/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <format>

#include "os/file.h"

namespace glovebox::os {

namespace {

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

struct CapabilityHeader {
  std::uint32_t version = _LINUX_CAPABILITY_VERSION_3;
  int pid = 0;
};
struct CapabilityWords {
  std::uint32_t effective, permitted, inheritable;
};

Result<void> write_map(int folder, const char* name, const std::string& text) {
  const UniqueFd file = TRY_CONTEXT(open_at(folder, name, O_WRONLY), name);
  TRY_CONTEXT(write_all(file.get(), text), name);
  return {};
}

}  // namespace

std::uint32_t effective_uid() {
  return ::geteuid();
}
std::uint32_t effective_gid() {
  return ::getegid();
}

Result<void> drop_groups() {
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return failed("setgroups");
  return {};
}

// The raw calls: the C library would change every thread, and there is only one.
Result<void> become(std::uint32_t uid, std::uint32_t gid) {
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) return failed("setresgid");
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) return failed("setresuid");
  return {};
}

Result<void> act_as(std::uint32_t uid, std::uint32_t gid) {
  if (::syscall(SYS_setresgid, -1, gid, -1) != 0) return failed("setresgid");
  if (::syscall(SYS_setresuid, -1, uid, -1) != 0) return failed("setresuid");
  return {};
}

Result<void> map_ids(pid_t pid, std::uint32_t inside, std::uint32_t outside_uid,
                     std::uint32_t outside_gid) {
  const UniqueFd folder = TRY(open_path(std::format("/proc/{}", pid), O_PATH | O_DIRECTORY));
  return map_ids_of(folder.get(), inside, outside_uid, outside_gid);
}

Result<void> map_ids_of(int folder, std::uint32_t inside, std::uint32_t outside_uid,
                        std::uint32_t outside_gid) {
  TRY(write_map(folder, "setgroups", "deny"));
  TRY(write_map(folder, "uid_map", std::format("{} {} 1", inside, outside_uid)));
  TRY(write_map(folder, "gid_map", std::format("{} {} 1", inside, outside_gid)));
  return {};
}

Result<void> keep_over_uid_change() {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("prctl PR_SET_KEEPCAPS");
  return {};
}

Result<std::uint64_t> effective_capabilities() {
  CapabilityHeader header;
  CapabilityWords words[2] = {};
  if (::syscall(SYS_capget, &header, words) != 0) return failed("capget");
  return (static_cast<std::uint64_t>(words[1].effective) << 32) | words[0].effective;
}

namespace {

// The bounding set can be lowered only with CAP_SETPCAP; without it no program can gain anything
// anyway, since no_new_privs is set as well.
Result<void> limit_bounding_set(std::uint64_t kept) {
  if ((TRY(effective_capabilities()) >> CAP_SETPCAP & 1) == 0) return {};
  constexpr unsigned kLast = 63;
  for (unsigned number = 0; number <= kLast; ++number) {
    if ((kept >> number & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      if (errno == EINVAL) break;  // past the kernel's last capability
      return failed("prctl PR_CAPBSET_DROP");
    }
  }
  return {};
}

// A change of id away from root leaves what is permitted but nothing in force.
Result<void> raise_permitted() {
  CapabilityHeader header;
  CapabilityWords words[2] = {};
  if (::syscall(SYS_capget, &header, words) != 0) return failed("capget");
  for (CapabilityWords& word : words) word.effective = word.permitted;
  if (::syscall(SYS_capset, &header, words) != 0) return failed("capset");
  return {};
}

}  // namespace

Result<void> empty_bounding_set() {
  return limit_bounding_set(0);
}

Result<void> keep_only(const std::vector<Capability>& kept) {
  std::uint64_t mask = 0;
  for (Capability capability : kept) mask |= std::uint64_t{1} << static_cast<unsigned>(capability);

  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return failed("prctl PR_CAP_AMBIENT");
  TRY(raise_permitted());
  if ((TRY(effective_capabilities()) >> CAP_SETPCAP & 1) != 0) {
    TRY(limit_bounding_set(mask));
    const int bits =
        SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
        SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
        (mask == 0 ? SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED : 0);
    if (::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0) return failed("prctl PR_SET_SECUREBITS");
  }
  CapabilityHeader header;
  CapabilityWords words[2];
  for (int i = 0; i < 2; ++i) {
    const auto word = static_cast<std::uint32_t>(mask >> (32 * i));
    words[i] = {word, word, word};
  }
  if (::syscall(SYS_capset, &header, words) != 0) return failed("capset");
  for (Capability capability : kept) {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, static_cast<unsigned>(capability), 0, 0) != 0)
      return failed("prctl PR_CAP_AMBIENT_RAISE");
  }
  return {};
}

}  // namespace glovebox::os
