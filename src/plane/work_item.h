// One work item of an environment's queue, and its states.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::plane {

enum class WorkState : std::uint8_t { queued, starting, active, stopping, stopped };
std::string_view to_string(WorkState state);

enum class WorkKind : std::uint8_t { session, healthcheck };

struct WorkItem {
  std::uint64_t number = 0;  // for pages and for the order of the queue
  std::string id;
  std::string environment;
  WorkKind kind = WorkKind::session;
  std::string subject;  // the session's id, or an opaque id of the probe
  WorkState state = WorkState::queued;
  codec::JsonObject metadata;

  WallTime created;
  std::optional<WallTime> acknowledged;
  std::optional<WallTime> started;
  std::optional<WallTime> latest_heartbeat;
  std::optional<WallTime> stop_requested;
  std::optional<WallTime> stopped;

  // Monotonic. Queued and handed out: pending. Acked: the lease ends at lease_end.
  std::optional<Duration> handed_out;
  std::optional<Duration> lease_end;
  seconds ttl{0};
  std::string last_heartbeat;  // what the next beat must echo; empty: none yet

  // `secret` is set in poll answers only.
  codec::Json to_json(const std::optional<std::string>& secret = std::nullopt) const;
};

}  // namespace glovebox::plane
