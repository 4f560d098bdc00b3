// The folders that sessions work in, and the host id that each belongs to.
//
// Started as root every workspace belongs to an id of user_range, so that sessions are different
// users of the host; the folder's owner is the record of that binding, and an id is not given out
// again while a folder has it. Otherwise everything is ours.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/plan.h"
#include "roles/boxer_settings.h"

namespace glovebox::roles {

// Of a seed; more is refused, so that a mistaken path does not fill the disk.
constexpr std::uint64_t kMaxSeedBytes = std::uint64_t{8} << 30;
constexpr std::size_t kMaxSeedEntries = 1'000'000;

struct Workspace {
  std::string path;  // absolute, on the host
  box::IdMap ids;    // whom the box's processes are outside
};

class Workspaces {
 public:
  // Opens `work` and reads which ids are taken.
  static Result<Workspaces> open(const BoxerSettings& settings);

  // Makes the session's folder, or takes the one that is there. Errors: limit (no id is left),
  // denied (a shared folder that belongs to root, or something else in the way), of the kernel.
  Result<Workspace> prepare(std::string_view session);
  // Removes the folder of a session (never a shared one) with whatever is in it.
  Result<void> remove(std::string_view session);

 private:
  Workspaces(const BoxerSettings& settings, UniqueFd work);
  Result<std::uint32_t> free_id() const;
  Result<box::IdMap> ids_of_shared() const;
  Result<void> give(int fd, std::uint32_t id) const;

  std::string path_;
  WorkspaceMode mode_;
  std::string seed_;
  bool root_;
  std::uint32_t own_uid_, own_gid_, first_id_, last_id_;
  UniqueFd work_;
  std::set<std::uint32_t> taken_;
};

// Copies regular files, folders and symbolic links with their permission bits; everything else in
// `from` is an error. Everything made belongs to `uid`, `gid` (as root) or to us.
struct CopyOwner {
  bool change = false;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
Result<void> copy_seed(const std::string& from, int to, const CopyOwner& owner);

}  // namespace glovebox::roles
