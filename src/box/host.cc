#include "box/host.h"

#include <charconv>
#include <format>
#include <string>

#include "box/cgroup.h"
#include "box/host_trial.h"
#include "os/identity.h"
#include "os/landlock.h"
#include "os/limits.h"
#include "os/process.h"

namespace glovebox::box {

std::string_view to_string(Rung rung) {
  switch (rung) {
    case Rung::unprivileged:
      return "1: user namespaces of an ordinary user";
    case Rung::privileged:
      return "2: user namespaces made by root";
    case Rung::without_user_namespaces:
      return "3: root, without user namespaces";
  }
  return "unknown";
}

std::string_view to_string(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::none:
      return "none";
    case CgroupMode::v1:
      return "v1";
    case CgroupMode::v2:
      return "v2";
    case CgroupMode::v2_bare:
      return "v2 without controllers";
  }
  return "unknown";
}

bool is_new_enough(std::string_view release) {
  int numbers[2] = {0, 0};
  for (int& number : numbers) {
    const auto [rest, error] =
        std::from_chars(release.data(), release.data() + release.size(), number);
    if (error != std::errc{}) return false;
    release.remove_prefix(static_cast<std::size_t>(rest - release.data()));
    if (release.starts_with('.')) release.remove_prefix(1);
  }
  return numbers[0] > kOldestKernelMajor ||
         (numbers[0] == kOldestKernelMajor && numbers[1] >= kOldestKernelMinor);
}

Result<HostFacts> probe_host() {
  HostFacts facts;
  facts.kernel = os::kernel_release();
  if (!is_new_enough(facts.kernel)) {
    return Error(ErrorKind::unsupported,
                 std::format("the kernel is {}; boxes need {}.{} or newer\nhint: a distribution "
                             "of the generation of RHEL 9, Debian 12 or Ubuntu 22.04",
                             facts.kernel, kOldestKernelMajor, kOldestKernelMinor));
  }
  facts.uid = os::effective_uid();
  facts.gid = os::effective_gid();
  facts.root = facts.uid == 0;
  facts.landlock_abi = os::landlock_abi();
  facts.processors = os::processor_count();
  facts.cgroups = find_own_groups().mode;
  if (auto made = try_box(facts.root ? Rung::privileged : Rung::unprivileged); !made) {
    if (!facts.root)
      return Error(ErrorKind::unsupported, std::format("no box can be made: {}\nhint: {}",
                                                       made.error().message(), kUserRemedy));
    if (auto plain = try_box(Rung::without_user_namespaces); !plain)
      return Error(ErrorKind::unsupported, std::format("no box can be made: {}\nhint: {}",
                                                       plain.error().message(), kRootRemedy));
    facts.rung = Rung::without_user_namespaces;
    return facts;
  }
  facts.rung = facts.root ? Rung::privileged : Rung::unprivileged;
  return facts;
}

}  // namespace glovebox::box
