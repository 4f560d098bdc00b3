// The seed: a folder that the operator prepared and every new workspace begins with.
//
// Copied are regular files, folders and symbolic links, with their permission bits but for set-uid,
// set-gid and sticky. Links stay links and are never followed; every folder is entered through its
// descriptor, so nothing that is exchanged meanwhile leads out of the seed or of the workspace.
// Whatever else lies in it (devices, FIFOs, sockets) is an error, and so is a seed over its limits:
// a mistaken path must not fill the disk. Hard links become files of their own; times, ACLs and
// attributes are not copied. What the copy is for is on stable storage when this returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace glovebox::roles {

constexpr std::uint64_t kMaxSeedBytes = std::uint64_t{8} << 30;
constexpr std::size_t kMaxSeedEntries = 1'000'000;
constexpr std::size_t kMaxSeedDepth = 128;

// Whose everything made is; otherwise it is ours.
struct CopyOwner {
  bool change = false;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// Errors: limit, denied (something that is not copied), those of the kernel; each names the path.
Result<void> copy_seed(const std::string& from, int to, const CopyOwner& owner);

// A seed that this process can open and that neither holds the workspaces nor lies in them.
Result<void> check_seed(const std::string& seed, const std::string& work);

}  // namespace glovebox::roles
