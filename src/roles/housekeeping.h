// Beside the calls: new workspaces get their seed, and what belongs to sessions that nobody came
// back to goes (`keep`): workspace, shell state, outputs.
//
// Both may take long, so children of the boxer do them (file_chore.h). Here it is decided what is
// done. A session's folder below sessions/ tells by its time of modification when the session was
// used last: it is touched when the session opens and closes and at each round while it is open.
// Only workspaces that such a folder stands for are ever removed, so nothing else that lies beside
// them is; and never one that is in use.
//
// Times of modification are the wall clock's, which can be set. One that was set back makes
// everything younger, and it is kept for longer. One that was set forward, against the clock that
// counts since boot, is not believed for the time of `keep`: nothing is removed until then, so that
// nothing goes earlier than it would have. What happens to the clock while this does not run is not
// seen.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/units.h"
#include "os/process.h"
#include "roles/file_chore.h"
#include "roles/workspaces.h"

namespace glovebox::roles {

// Sessions with a result that nobody took yet stay at least so long.
constexpr Duration kKeepUnposted = seconds(24 * 3600);
// By less than this the two clocks may differ from one look to the next.
constexpr Duration kClockStep = seconds(10);
// Copies of the seed at the same time; more sessions wait for their turn.
constexpr std::size_t kMaxSowings = 4;

class Housekeeping {
 public:
  struct Parts {
    Workspaces& workspaces;
    int sessions_fd;
    Duration keep;  // zero: for ever
    const Clock& clock;
    const Log& log;
  };
  explicit Housekeeping(const Parts& parts);

  enum class Place : std::uint8_t { there, comes };
  // `comes`: take_sown() names the session when its workspace is there, or cannot be made.
  Place prepare(const std::string& session);
  struct Sown {
    std::string session;
    Result<void> done;
  };
  std::vector<Sown> take_sown();

  // The session whose folder this is was used now.
  void touch(int session_folder) const;

  // In the boxer's loop: what to poll, for how long (negative: for ever), and what comes after.
  // `in_use` gives the folder names of the sessions that are open or about to be.
  void add_polls(std::vector<os::Poll>& polls) const;
  milliseconds patience() const;
  void attend(const std::function<std::set<std::string>()>& in_use);

 private:
  void start_sowings();
  void begin_round();
  void watch_clock();
  void look_at_some(const std::set<std::string>& in_use);
  bool is_idle(const std::string& folder) const;
  void put_away(const std::string& folder);
  void clear();

  Parts parts_;
  SystemRandom random_;
  std::deque<std::string> to_sow_;
  struct Sowing {
    Workspaces::Sowing plan;
    FileChore chore;
  };
  std::map<std::string, Sowing> sowing_;
  std::vector<Sown> sown_;
  Duration wall_, boot_;                 // when they were looked at last
  std::optional<Duration> doubt_until_;  // the wall clock was set forward
  std::optional<Duration> next_round_;   // none: everything is kept
  std::vector<std::string> to_look_at_;  // folders of the round that goes on
  bool to_clear_ = false;
  std::optional<FileChore> clearing_;
};

}  // namespace glovebox::roles
