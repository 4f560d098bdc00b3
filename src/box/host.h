// What this host can give a box, found out by trying, and the rung of the ladder that follows.
//
// The rungs, best first: (1) an ordinary user makes user namespaces; (2) started as root, the
// boxer makes them; (3) started as root where no user namespace can be made at all: every other
// namespace by CAP_SYS_ADMIN, then a dedicated id. Less than that is refused. The facts are data,
// so that tests can pretend to be another host; probe_host() is the only code that asks the kernel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::box {

enum class Rung : std::uint8_t {
  unprivileged = 1,  // user namespaces as an ordinary user
  privileged = 2,    // user namespaces made by root
  without_user_namespaces = 3,
};
std::string_view to_string(Rung rung);

enum class CgroupMode : std::uint8_t {
  none,     // no writable group: memory, processes and cpu are watched
  v1,       // memory and pids controllers of the first version
  v2,       // a delegated subtree with the memory and pids controllers
  v2_bare,  // version 2 without controllers: only cgroup.kill
};
std::string_view to_string(CgroupMode mode);

struct HostFacts {
  std::string kernel;  // uname release
  Rung rung = Rung::unprivileged;
  bool root = false;      // started as root
  std::uint32_t uid = 0;  // of the process that makes boxes
  std::uint32_t gid = 0;
  int landlock_abi = 0;  // 0: the kernel has none
  CgroupMode cgroups = CgroupMode::none;
  std::uint32_t processors = 1;
};

// Oldest kernel that a box can be built on (RHEL 9).
constexpr int kOldestKernelMajor = 5;
constexpr int kOldestKernelMinor = 14;

bool is_new_enough(std::string_view release);

// Tries each namespace in a child and reads the rest. Errors: unsupported, with a remedy after
// `hint: `, when no rung of the ladder can be reached.
Result<HostFacts> probe_host();

// One thing that a box needs or uses, for `glovebox doctor`.
struct HostCheck {
  enum class State : std::uint8_t {
    good,
    weaker,   // boxes can be made, but something is only watched or absent
    missing,  // no box can be made
  };
  std::string name;  // "user namespace"
  State state = State::good;
  std::string detail;
  std::string remedy;  // empty when good
};
std::vector<HostCheck> check_host();

}  // namespace glovebox::box
