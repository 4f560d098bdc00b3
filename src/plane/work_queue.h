// The queues of all environments: hand-out, acknowledgement, leases and stops.
//
//            poll           ack             beat
//   queued ───────> pending ───> starting ───────> active
//     ^ ^  reclaim │                │                │
//     │ └──────────┘                └──── stop ──────┴──> stopping ──> stopped
//     └──────────── lease lapses ───┘                │   (or force: at once)
//
// Time passes only when a method is called: each begins by letting leases lapse. A lapsed item
// loses its heartbeat and is offered again, so that a new holder's NO_HEARTBEAT passes and the old
// holder gets 412. A lapsed item that is stopping is stopped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"
#include "plane/message.h"
#include "plane/work_item.h"

namespace glovebox::plane {

constexpr std::string_view kNoHeartbeat = "NO_HEARTBEAT";
constexpr seconds kDefaultTtl{90};
constexpr seconds kMaxTtl{3600};
constexpr milliseconds kDefaultReclaim{5000};
constexpr seconds kWorkerMemory{30};  // how long a poll counts in workers_polling

struct WorkStats {
  std::int64_t depth = 0;    // waiting
  std::int64_t pending = 0;  // handed out, not acked
  std::optional<WallTime> oldest_queued;
  std::optional<std::int64_t> workers_polling;  // none: nobody sent a worker id

  codec::Json to_json() const;
};

class WorkQueue {
 public:
  WorkQueue(const Clock& clock, Random& random, seconds ttl)
      : clock_(clock), random_(random), ttl_(ttl) {}

  const WorkItem& add(std::string environment, WorkKind kind, std::string subject);

  // The oldest item that is on offer, now pending; nullptr: none.
  const WorkItem* poll(std::string_view environment, const std::string* worker,
                       milliseconds reclaim_older_than);
  // Errors: 404; 409 unless queued.
  Answer<const WorkItem*> acknowledge(std::string_view environment, std::string_view id);
  // The answer's body. `expected` empty: unconditional. Errors: 404; 412 with the current state.
  Answer<codec::Json> heartbeat(std::string_view environment, std::string_view id,
                                const std::optional<std::string>& expected,
                                std::optional<seconds> desired_ttl);
  enum class Force { no, yes };
  // Errors: 404; 409 when it is stopped already.
  Answer<const WorkItem*> stop(std::string_view environment, std::string_view id, Force force);
  Answer<const WorkItem*> update(std::string_view environment, std::string_view id,
                                 const codec::Json& body);
  Answer<const WorkItem*> find(std::string_view environment, std::string_view id);

  WorkStats stats(std::string_view environment);
  std::vector<const WorkItem*> list(std::string_view environment);  // by number

  // Queued, starting or active.
  bool has_live_item(std::string_view session);
  // The session ended: what is queued is stopped, what is held is asked to stop.
  void end_session(std::string_view session);

  // For faults: the lease of a held item ends now.
  void lose_lease(WorkItem& item);
  WorkItem* find_any(std::string_view id);
  void set_ttl(seconds ttl) { ttl_ = ttl; }

 private:
  Answer<WorkItem*> find_mutable(std::string_view environment, std::string_view id);
  void lapse();
  void finish(WorkItem& item);
  void request_stop(WorkItem& item);
  codec::Json heartbeat_state(const WorkItem& item) const;

  const Clock& clock_;
  Random& random_;
  seconds ttl_;
  std::deque<WorkItem> items_;                                     // by number; never removed
  std::map<std::pair<std::string, std::string>, Duration> polls_;  // environment, worker id
};

}  // namespace glovebox::plane
