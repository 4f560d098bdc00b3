#include "os/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.h"

namespace glovebox::os {

namespace {

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

// The kernel's structs of ABI 6, written out: the distribution's header is older.
struct RulesetAttributes {
  std::uint64_t files;
  std::uint64_t tcp;
  std::uint64_t scoped;
};
struct [[gnu::packed]] PathRule {
  std::uint64_t allowed;
  std::int32_t parent_fd;
};
constexpr unsigned kVersion = 1;     // LANDLOCK_CREATE_RULESET_VERSION
constexpr int kRulePathBeneath = 1;  // LANDLOCK_RULE_PATH_BENEATH
constexpr std::uint64_t kTcp = 3;    // bind, connect
constexpr std::uint64_t kScopeAbstract = 1, kScopeSignal = 2;

std::uint64_t file_rights_of(int abi) {
  std::uint64_t rights = (1 << 13) - 1;
  if (abi >= 2) rights |= file_right::refer;
  if (abi >= 3) rights |= file_right::truncate;
  if (abi >= 5) rights |= file_right::ioctl_device;
  return rights;
}

std::size_t size_of(int abi) {
  return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

constexpr std::uint64_t kRightsOfFiles = file_right::execute | file_right::write_file |
                                         file_right::read_file | file_right::truncate |
                                         file_right::ioctl_device;

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

Result<Landlock> Landlock::make(int abi, const LandlockScope& scope) {
  RulesetAttributes attributes{};
  if (scope.files) attributes.files = file_rights_of(abi);
  if (scope.tcp && abi >= 4) attributes.tcp = kTcp;
  if (abi >= 6) {
    attributes.scoped =
        (scope.abstract_sockets ? kScopeAbstract : 0) | (scope.signals ? kScopeSignal : 0);
  }
  UniqueFd fd(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size_of(abi), 0)));
  if (!fd) return failed("landlock_create_ruleset");
  return Landlock(std::move(fd), attributes.files);
}

Result<void> Landlock::allow(int fd, std::uint64_t rights) const {
  const FileFacts facts = TRY(facts_of(fd));
  PathRule rule{rights & handled_, fd};
  if (facts.type != FileType::folder) rule.allowed &= kRightsOfFiles;
  if (rule.allowed == 0) return {};
  if (::syscall(SYS_landlock_add_rule, fd_.get(), kRulePathBeneath, &rule, 0) != 0)
    return failed("landlock_add_rule");
  return {};
}

Result<void> Landlock::restrict_self() const {
  if (::syscall(SYS_landlock_restrict_self, fd_.get(), 0) != 0)
    return failed("landlock_restrict_self");
  return {};
}

}  // namespace glovebox::os
