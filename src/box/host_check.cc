// The list of checks that `glovebox doctor` prints.
#include <array>
#include <format>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "box/cgroup.h"
#include "box/host.h"
#include "box/host_trial.h"
#include "box/reports_remedy.h"
#include "os/call_reports.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/landlock.h"
#include "os/limits.h"

namespace glovebox::box {

namespace {

using State = HostCheck::State;

std::optional<std::string> sysctl(const std::string& name) {
  auto text = os::read_file("/proc/sys/" + name, 4096);
  if (!text) return std::nullopt;
  while (text->ends_with('\n')) text->pop_back();
  return *text;
}

HostCheck check_kernel() {
  HostCheck check{"kernel", State::good, os::kernel_release(), {}};
  if (is_new_enough(check.detail)) return check;
  check.state = State::missing;
  check.remedy = std::format("install a kernel of version {}.{} or newer", kOldestKernelMajor,
                             kOldestKernelMinor);
  return check;
}

HostCheck check_namespace(std::string name, os::Namespace space, Rung rung) {
  HostCheck check{std::move(name), State::good, "made in a child", {}};
  auto made = try_namespace(space, rung);
  if (made) return check;
  check.detail = made.error().message();
  // Root has the third rung where user namespaces are missing.
  const bool optional = space == os::Namespace::user && rung == Rung::privileged;
  check.state = optional ? State::weaker : State::missing;
  check.remedy = rung == Rung::unprivileged ? kUserRemedy : kRootRemedy;
  return check;
}

HostCheck check_nesting() {
  HostCheck check{"user.max_user_namespaces", State::good, {}, {}};
  const auto value = sysctl("user/max_user_namespaces");
  check.detail = value.value_or("not readable");
  if (value && *value == "0") {
    check.state = os::effective_uid() == 0 ? State::weaker : State::missing;
    check.remedy = "sysctl -w user.max_user_namespaces=15000";
  }
  return check;
}

HostCheck check_apparmor() {
  HostCheck check{"AppArmor and user namespaces", State::good, "not restricted", {}};
  const auto value = sysctl("kernel/apparmor_restrict_unprivileged_userns");
  if (!value || *value == "0") return check;
  check.detail = "kernel.apparmor_restrict_unprivileged_userns=" + *value;
  if (os::effective_uid() == 0) return check;
  check.state = State::weaker;
  check.remedy =
      "load a profile for glovebox with `userns,`, or sysctl -w "
      "kernel.apparmor_restrict_unprivileged_userns=0";
  return check;
}

HostCheck check_landlock() {
  const int abi = os::landlock_abi();
  HostCheck check{"Landlock", State::good, std::format("ABI {}", abi), {}};
  constexpr int kScopes = 6;
  if (abi == 0) {
    check.state = State::missing;
    check.detail = "not in this kernel, or switched off";
    check.remedy = "add landlock to lsm= on the kernel command line";
  } else if (abi < kScopes) {
    check.state = State::weaker;
    check.remedy = "Linux 6.12 adds the scopes for signals and abstract sockets";
  }
  return check;
}

HostCheck check_seccomp() {
  HostCheck check{"seccomp", State::good, {}, {}};
  const auto actions = sysctl("kernel/seccomp/actions_avail");
  check.detail = actions.value_or("no filters");
  if (!actions || actions->find("kill_process") == std::string::npos) {
    check.state = State::missing;
    check.remedy = "a kernel with CONFIG_SECCOMP_FILTER";
  }
  return check;
}

HostCheck check_call_reports() {
  HostCheck check{"seccomp notification", State::good, "a call was reported and refused", {}};
  auto tried = os::try_call_reports();
  if (tried) return check;
  // A filter without `notify` needs none of it.
  check.state = State::weaker;
  check.detail = tried.error().message();
  check.remedy = kReportsRemedy;
  return check;
}

HostCheck check_groups() {
  const GroupPlaces own = find_own_groups();
  HostCheck check{"control groups", State::good, std::string(to_string(own.mode)), {}};
  if (own.mode == CgroupMode::v1 || own.mode == CgroupMode::v2) {
    check.detail += ": memory and processes are walled";
    return check;
  }
  check.state = State::weaker;
  check.detail += ": memory is only watched";
  check.remedy = "start it from a systemd unit with Delegate=yes, or as root";
  return check;
}

HostCheck check_box(Rung rung) {
  HostCheck check{"a box", State::good, std::string(to_string(rung)), {}};
  auto made = try_box(rung);
  if (!made && rung == Rung::privileged) {
    rung = Rung::without_user_namespaces;
    check.detail = to_string(rung);
    made = try_box(rung);
  }
  if (made) return check;
  check.state = State::missing;
  check.detail = made.error().message();
  check.remedy = rung == Rung::unprivileged ? kUserRemedy : kRootRemedy;
  return check;
}

}  // namespace

std::vector<HostCheck> check_host() {
  const Rung rung = os::effective_uid() == 0 ? Rung::privileged : Rung::unprivileged;
  const std::array<std::pair<const char*, os::Namespace>, 7> spaces = {{
      {"user namespace", os::Namespace::user},
      {"mount namespace", os::Namespace::mount},
      {"pid namespace", os::Namespace::pid},
      {"network namespace", os::Namespace::network},
      {"ipc namespace", os::Namespace::ipc},
      {"uts namespace", os::Namespace::uts},
      {"cgroup namespace", os::Namespace::cgroup},
  }};
  std::vector<HostCheck> checks = {check_kernel(), check_nesting(), check_apparmor()};
  for (const auto& [name, space] : spaces) checks.push_back(check_namespace(name, space, rung));
  checks.push_back(check_landlock());
  checks.push_back(check_seccomp());
  checks.push_back(check_call_reports());
  checks.push_back(check_groups());
  checks.push_back(check_box(rung));
  return checks;
}

}  // namespace glovebox::box
