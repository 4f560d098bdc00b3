// What the supervisor tells the boxer at its start. Data; the JSON form crosses the channel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "box/cgroup.h"
#include "box/host.h"
#include "codec/json.h"
#include "roles/call_gate.h"
#include "roles/role.h"

namespace glovebox::roles {

// Which folder a session works in (settled: "Which folder is the workspace").
enum class WorkspaceMode : std::uint8_t {
  session,  // `work`/<session>
  shared,   // `work` itself
};

// What becomes of a session's folders when it closes. `remove` is for single commands; a shared
// workspace is never removed.
enum class SessionEnd : std::uint8_t { keep, remove };

// Who sends the calls; decides which messages are taken.
enum class CallerKind : std::uint8_t { worker, command };

// What `glovebox worker` asks for when it is not told.
inline constexpr std::uint32_t kWarmSessions = 8;

// Whether sessions are opened: not on a policy that was revoked.
enum class Sessions : std::uint8_t { opened, refused };

struct FilterSource {
  std::string name;  // as the policy says it: an absolute path
  std::string text;
};

struct BoxerSettings {
  std::string policy_file;  // how it is named in rules: `policy.toml`, `builtin:default`
  std::string policy_text;
  std::vector<FilterSource> policy_files;  // what it includes, its cap, its tests
  std::vector<FilterSource> filters;       // the operator's; built-in ones are in the program
  std::string policy_digest;  // what was recorded of it: it must come to the same here; empty: any
  Sessions new_sessions = Sessions::opened;
  std::string sessions;  // host paths
  std::string trust;     // that boxes get whose egress inspects (box/plan_trust.h)
  // There is an egress role: it refuses and records also what boxes without any rule try.
  bool watched = false;
  std::string work;
  WorkspaceMode workspace = WorkspaceMode::session;
  SessionEnd end = SessionEnd::keep;
  std::string seed;  // copied into a new workspace; empty: none
  Duration keep{};   // of folders of sessions that nobody comes back to; zero: for ever
  std::uint32_t call_slots = kCallSlots;
  // Sessions for which boxes are made before their first call, while there are no more than this;
  // zero: no box is made ahead, also not between the calls of a session.
  std::uint32_t warm_sessions = 0;
  CallerKind caller = CallerKind::worker;
  std::uint32_t first_id = kFirstBoxId;  // user_range; used when started as root
  std::uint32_t last_id = kLastBoxId;
  std::vector<std::string> protected_paths;  // what no mount may show
  box::HostFacts host;
  bool call_reports = true;  // filters can report calls on this host (os/call_reports.h)
  box::GroupPlaces groups;   // made for this boxer; none: no group

  codec::Json to_json() const;
  static Result<BoxerSettings> from_json(const codec::Json& document);
};

}  // namespace glovebox::roles
