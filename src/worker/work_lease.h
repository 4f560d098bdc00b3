// The lease on one work item: what the next heartbeat says, when it is due, and what its answer
// means. Pure; times are monotonic.
//
// The first beat sends the literal NO_HEARTBEAT, every later one echoes the last answer's
// `last_heartbeat` byte for byte. A lost lease is somebody else's: the item is then left alone. A
// lease that the server ended, or refuses, is ours to stop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

enum class LeaseVerdict {
  keep,          // go on, beat again after interval()
  end_and_stop,  // end the item's run, then force-stop it
  lost,          // end the item's run and leave the item alone
};

class WorkLease {
 public:
  explicit WorkLease(Duration claimed_at) : last_success_(claimed_at) {}

  const std::string& expected() const { return expected_; }
  Duration ttl() const { return ttl_; }
  // clamp(ttl / 2, 1 s, 30 s); also the time that one beat may take with its retries.
  Duration interval() const;

  LeaseVerdict answered(const HeartbeatAnswer& answer, Duration now);
  LeaseVerdict refused(int status, Duration now);  // any status but 2xx
  LeaseVerdict failed(Duration now);               // no answer in time

 private:
  std::string expected_ = "NO_HEARTBEAT";
  Duration ttl_ = seconds(90);  // assumed until told
  bool told_ = false;
  Duration last_success_;
};

}  // namespace glovebox::worker
