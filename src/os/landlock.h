// Landlock: an unprivileged, second wall over files, TCP, signals and abstract sockets.
// See Documentation/userspace-api/landlock.rst of the kernel.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

// 0 when the kernel has no Landlock or it is switched off.
int landlock_abi();
// The first one that knows scopes.
constexpr int kLandlockScopes = 6;

// LANDLOCK_ACCESS_FS_* by their names here; a set is an or of them.
namespace file_right {
constexpr std::uint64_t execute = 1 << 0, write_file = 1 << 1, read_file = 1 << 2,
                        read_folder = 1 << 3, remove_folder = 1 << 4, remove_file = 1 << 5,
                        make_char = 1 << 6, make_folder = 1 << 7, make_regular = 1 << 8,
                        make_socket = 1 << 9, make_fifo = 1 << 10, make_block = 1 << 11,
                        make_symlink = 1 << 12, refer = 1 << 13, truncate = 1 << 14,
                        ioctl_device = 1 << 15;
}

struct LandlockScope {
  bool files = true;             // deny every file right that no rule grants
  bool tcp = false;              // deny every TCP bind and connect (ABI 4)
  bool signals = true;           // none to processes outside (ABI 6)
  bool abstract_sockets = true;  // none to those outside (ABI 6)
};

class Landlock {
 public:
  // A ruleset that denies what `scope` says as far as `abi` knows it; what an older ABI lacks is
  // left out, so the caller decides beforehand which ABI is needed.
  static Result<Landlock> make(int abi, const LandlockScope& scope);
  // Grants `rights` below what `fd` (O_PATH) refers to. Rights that the ABI lacks are left out;
  // for a file, those that only folders can have too.
  Result<void> allow(int fd, std::uint64_t rights) const;
  // In force for this thread and its children from now on, for ever. Needs no_new_privs.
  Result<void> restrict_self() const;

 private:
  Landlock(UniqueFd fd, std::uint64_t handled) : fd_(std::move(fd)), handled_(handled) {}
  UniqueFd fd_;
  std::uint64_t handled_;
};

}  // namespace glovebox::os
