#include "worker/work_lease.h"

#include <algorithm>
#include <chrono>

#include "codec/json.h"
#include "worker/retry_rules.h"

namespace glovebox::worker {

namespace {
constexpr std::int64_t kLongestTtlSeconds = std::chrono::seconds(std::chrono::days(1)).count();
}

Result<HeartbeatAnswer> parse_heartbeat(std::string_view body) {
  const codec::Json json = TRY_CONTEXT(codec::parse_json(body), "heartbeat answer");
  if (!json.is_object()) return Error(ErrorKind::protocol, "heartbeat answer: not an object");
  HeartbeatAnswer answer;
  const std::string* last = json.get_string("last_heartbeat");
  if (!last) return Error(ErrorKind::protocol, "heartbeat answer: no last_heartbeat");
  answer.last_heartbeat = *last;
  answer.lease_extended = json.get_bool("lease_extended").value_or(true);
  if (const std::string* state = json.get_string("state")) answer.state = *state;
  answer.ttl_seconds = json.get_int("ttl_seconds").value_or(0);
  return answer;
}

Duration WorkLease::interval() const {
  if (!told_) return seconds(30);
  return std::clamp<Duration>(ttl_ / 2, seconds(1), seconds(30));
}

LeaseVerdict WorkLease::answered(const HeartbeatAnswer& answer, Duration now) {
  expected_ = answer.last_heartbeat;
  if (answer.ttl_seconds > 0) ttl_ = seconds(std::min(answer.ttl_seconds, kLongestTtlSeconds));
  told_ = true;
  if (!answer.lease_extended || answer.state == "stopping" || answer.state == "stopped")
    return LeaseVerdict::end_and_stop;
  last_success_ = now;
  return LeaseVerdict::keep;
}

LeaseVerdict WorkLease::refused(int status, Duration now) {
  if (status == 412) return LeaseVerdict::lost;
  if (classify(status) == AnswerClass::fatal) return LeaseVerdict::end_and_stop;
  return failed(now);
}

LeaseVerdict WorkLease::failed(Duration now) {
  return now - last_success_ > ttl_ ? LeaseVerdict::lost : LeaseVerdict::keep;
}

}  // namespace glovebox::worker
