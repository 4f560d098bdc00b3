// The lease on one work item: what the next heartbeat says, when it is due, and what its answer
// means. Pure; times are monotonic.
//
// The first beat sends the literal NO_HEARTBEAT, every later one echoes the last answer's
// `last_heartbeat` byte for byte. A lost lease is somebody else's: the item is then left alone. A
// lease that the server ended, or refuses, is ours to stop.
//
// A beat whose answer was lost may have been taken; the next one then fails its precondition (412)
// as if somebody else had beaten. Whether that was ourselves is found out, not assumed: the item
// must be held (starting or active) since the same acknowledgement as ours, which another holder
// would have replaced, and the lease that was last confirmed must not have run out meanwhile. The
// next beat then echoes what the 412 showed: it is refused again should the item have changed hands
// in between. Without either of these the lease is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::worker {

struct HeartbeatAnswer {
  std::string last_heartbeat;  // may be empty
  bool lease_extended = true;
  std::string state;
  std::int64_t ttl_seconds = 0;  // not positive: not told
};
// The body of a 200. Error: protocol.
Result<HeartbeatAnswer> parse_heartbeat(std::string_view body);
// `current_state` of a 412; as an answer that extends nothing. Error: protocol.
Result<HeartbeatAnswer> parse_precondition(std::string_view body);

enum class LeaseVerdict {
  keep,          // go on, beat again after interval()
  end_and_stop,  // end the item's run, then force-stop it
  lost,          // end the item's run and leave the item alone
  ask,           // find out who holds the item, then tell settle()
};

// Who holds an item, as the control plane lists it.
struct WorkHolder {
  std::string state;
  std::string acknowledged_at;  // empty: not told, or nobody has it
};

class WorkLease {
 public:
  // `acknowledged_at`: what the answer to our acknowledgement said; empty if that is not known.
  explicit WorkLease(Duration claimed_at, std::string acknowledged_at = {})
      : acknowledged_at_(std::move(acknowledged_at)),
        began_(claimed_at),
        sure_from_(claimed_at),
        last_success_(claimed_at) {}

  const std::string& expected() const { return expected_; }
  Duration ttl() const { return ttl_; }
  // clamp(ttl / 2, 1 s, 30 s); also the time that one beat may take with its retries.
  Duration interval() const;

  void begin(Duration now) { began_ = now; }  // a beat, with its retries
  // A try that got no answer, or one that does not say, may have been taken.
  void doubt() { doubt_ = true; }
  LeaseVerdict answered(const HeartbeatAnswer& answer, Duration now);
  LeaseVerdict refused(int status, Duration now);  // any status but 2xx, and but 412
  LeaseVerdict failed(Duration now);               // no answer in time, or nonsense
  // 412. `current`: what it says of the lease; ask is answered within patience().
  LeaseVerdict refused_precondition(const std::optional<HeartbeatAnswer>& current, Duration now);
  Duration patience() const { return sure_from_ + ttl_; }
  // After ask: keep, with a beat at once, or lost. nullopt: nobody could say.
  LeaseVerdict settle(const std::optional<WorkHolder>& holder, Duration now);

 private:
  LeaseVerdict borne(Duration now) const;
  std::string expected_ = "NO_HEARTBEAT";
  Duration ttl_ = seconds(90);  // assumed until told
  bool told_ = false;
  bool doubt_ = false;
  std::string acknowledged_at_;
  std::string found_;   // of the 412 that asks
  Duration began_;      // of the beat that is under way
  Duration sure_from_;  // of the last beat that was answered: the lease began no earlier
  Duration last_success_;
};

}  // namespace glovebox::worker
