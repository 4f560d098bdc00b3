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

Result<HeartbeatAnswer> parse_precondition(std::string_view body) {
  const codec::Json json = TRY_CONTEXT(codec::parse_json(body), "heartbeat refusal");
  const codec::Json* node = &json;
  for (const std::string_view key : {"error", "details", "current_state"}) {
    node = node->get(key);
    if (node == nullptr || !node->is_object())
      return Error(ErrorKind::protocol, "heartbeat refusal: no current_state");
  }
  const std::string* last = node->get_string("last_heartbeat");
  if (last == nullptr || last->empty())
    return Error(ErrorKind::protocol, "heartbeat refusal: no last_heartbeat");
  HeartbeatAnswer current{.last_heartbeat = *last, .lease_extended = false};
  if (const std::string* state = node->get_string("state")) current.state = *state;
  current.ttl_seconds = node->get_int("ttl_seconds").value_or(0);
  return current;
}

Duration WorkLease::interval() const {
  if (!told_) return seconds(30);
  return std::clamp<Duration>(ttl_ / 2, seconds(1), seconds(30));
}

LeaseVerdict WorkLease::answered(const HeartbeatAnswer& answer, Duration now) {
  expected_ = answer.last_heartbeat;
  if (answer.ttl_seconds > 0) ttl_ = seconds(std::min(answer.ttl_seconds, kLongestTtlSeconds));
  told_ = true;
  doubt_ = false;
  if (!answer.lease_extended || answer.state == "stopping" || answer.state == "stopped")
    return LeaseVerdict::end_and_stop;
  last_success_ = now;
  sure_from_ = began_;
  return LeaseVerdict::keep;
}

LeaseVerdict WorkLease::refused_precondition(const std::optional<HeartbeatAnswer>& current,
                                             Duration now) {
  const bool ours_perhaps = doubt_ && !acknowledged_at_.empty() && current &&
                            (current->state == "starting" || current->state == "active");
  if (!ours_perhaps) return LeaseVerdict::lost;
  if (current->ttl_seconds > 0) ttl_ = seconds(std::min(current->ttl_seconds, kLongestTtlSeconds));
  if (now >= patience()) return LeaseVerdict::lost;
  found_ = current->last_heartbeat;
  return LeaseVerdict::ask;
}

LeaseVerdict WorkLease::settle(const std::optional<WorkHolder>& holder, Duration now) {
  if (!holder || now >= patience()) return LeaseVerdict::lost;
  if (holder->state != "starting" && holder->state != "active") return LeaseVerdict::lost;
  if (holder->acknowledged_at != acknowledged_at_) return LeaseVerdict::lost;
  expected_ = found_;
  doubt_ = false;
  return LeaseVerdict::keep;
}

LeaseVerdict WorkLease::refused(int status, Duration now) {
  if (status == 412) return LeaseVerdict::lost;
  if (status == 408 || status >= 500) doubt();
  if (classify(status) == AnswerClass::fatal) return LeaseVerdict::end_and_stop;
  return borne(now);
}

LeaseVerdict WorkLease::failed(Duration now) {
  doubt();
  return borne(now);
}

LeaseVerdict WorkLease::borne(Duration now) const {
  return now - last_success_ > ttl_ ? LeaseVerdict::lost : LeaseVerdict::keep;
}

}  // namespace glovebox::worker
