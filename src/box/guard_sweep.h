// Taking away what calls made under guarded names.
//
// A watch knows what stood under the names when nothing of the session's guests could have made it.
// Whatever else is found there is moved to the session's quarantine: that a host tool picks up what
// a guest left (a hook, a task, a server) is what guarding is for.
//
// The watches of a session are written to its folder before a call runs and removed when its end
// has been swept: a file that is found there by who opens the session tells that nobody did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "box/guard_report.h"
#include "box/guard_rules.h"
#include "box/guard_search.h"
#include "box/guarded_name.h"
#include "box/plan.h"

namespace glovebox::box {

struct GuardWatch {
  struct Known {
    FileIdentity identity;
    std::int64_t born_ns = 0;
    os::FileType type = os::FileType::other;
    Protection protection = Protection::read_only;
    auto operator<=>(const Known&) const = default;
  };
  std::vector<GuardRule> rules;
  std::set<Known> known;

  void know(const GuardedNames& names);
  bool knows(const GuardedName& name) const;
  bool operator==(const GuardWatch&) const = default;
};

struct GuardGround {
  std::string workspace;         // host path
  int session_fd = -1;           // the session's folder
  IdMap ids;                     // whom its guests are outside
  FolderCache* cache = nullptr;  // of this workspace, or none
  const GuardRoots* roots = nullptr;
};

// What stands under the names now. `watch`: of what may not be changed only what it knows, since
// the rest is on its way out. `roots`: gets the repositories that there are. Errors: of the kernel;
// limit (more than kMaxGuardedNames).
Result<GuardedNames> look_for_guarded(const GuardGround& ground,
                                      const std::vector<GuardRule>& rules,
                                      const GuardWatch* watch = nullptr,
                                      GuardRoots* roots = nullptr);
// Moves what the watch does not know, and adds to the report: what may not be made; of what is to
// be hidden only when there is more than a box can hide, since then no call could run any more.
// Never fails: what went wrong is in `left`.
void sweep(const GuardGround& ground, const GuardWatch& watch, GuardReport& report);

std::string encode_watches(const std::vector<GuardWatch>& watches);
Result<std::vector<GuardWatch>> decode_watches(std::string_view bytes);
inline constexpr const char* kWatchFile = "guard";
// Whether the session's folder has that file; true where it cannot be told.
bool is_anything_watched(int session_fd);
inline constexpr std::uint64_t kMaxWatchFile = 1 * kMiB;

// At an end of the session: sweeps what its file tells, and removes the file if nothing is left
// over. Without a file there is nothing to be done. `dying`: what was killed with its keeper may
// not be gone yet; the file stays for who opens the session next.
enum class GuestsAre : std::uint8_t { gone, dying };
GuardReport sweep_at_the_end(GuardGround ground, GuestsAre guests = GuestsAre::gone);

}  // namespace glovebox::box
