// The folders that sessions work in, and the host id that each belongs to.
//
// Started as root every workspace belongs to an id of user_range, so that sessions are different
// users of the host; the folder's owner is the record of that binding, and an id is not given out
// again while a folder has it. Otherwise everything is ours.
//
// Beside the workspaces lie, under names that no session can have, copies of the seed that are not
// whole yet (`.new-…`) and workspaces on their way out (`.gone-…`): a rename makes a workspace
// appear and disappear in one step. What is left of them after a crash goes with the next clearing.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "box/plan.h"
#include "roles/boxer_settings.h"

namespace glovebox::roles {

// Of a folder on its way out.
inline constexpr std::string_view kGonePrefix = ".gone-";

struct Workspace {
  std::string path;  // absolute, on the host
  box::IdMap ids;    // whom the box's processes are outside
};

class Workspaces {
 public:
  // Opens `work` and reads which ids are taken. Errors: also those of a seed that cannot be used.
  static Result<Workspaces> open(const BoxerSettings& settings);

  // Makes the session's folder, or takes the one that is there. Errors: limit (no id is left),
  // denied (a shared folder that belongs to root, or something else in the way), of the kernel.
  Result<Workspace> prepare(std::string_view session);
  // Removes the folder of a session (never a shared one) with whatever is in it.
  Result<void> remove(std::string_view session);

  // The folder is new and there is a seed for it: sow() comes before prepare().
  bool wants_seed(std::string_view session) const;
  struct Sowing {
    std::string name, unfinished;
    std::uint32_t id = 0;  // as root
  };
  Result<Sowing> plan_sowing(std::string_view session, Random& random);
  // May take long; for a FileChore. The folder is there with the whole seed, or not at all.
  Result<void> sow(const Sowing& sowing) const;

  // Takes the workspace of a folder name out of use; a missing one is no error.
  Result<void> put_away(const std::string& folder, Random& random) const;
  // Unfinished copies of an earlier process count as put away from now on.
  Result<void> put_away_unfinished(Random& random) const;
  bool anything_to_clear() const;
  // May take long; for a FileChore. Removes what was put away; goes on after an error.
  Result<void> clear() const;
  // Which ids are taken; after a clearing.
  Result<void> read_taken_ids();

  int fd() const { return work_.get(); }

 private:
  Workspaces(const BoxerSettings& settings, UniqueFd work);
  Result<std::uint32_t> free_id() const;
  Result<box::IdMap> ids_of_shared() const;
  Result<void> give(int fd, std::uint32_t id) const;
  Result<void> remove_as_owner(const std::string& name) const;

  std::string path_;
  WorkspaceMode mode_;
  std::string seed_;
  bool root_;
  std::uint32_t own_uid_, own_gid_, first_id_, last_id_;
  UniqueFd work_;
  std::set<std::uint32_t> taken_;
};

}  // namespace glovebox::roles
