// What an answer of the control plane means for the caller, and how long to wait before the next
// try. Pure: no clock and no socket.
//
// A status that is `fatal` never heals by asking again (4xx other than 408, 409 and 429). Callers
// decide by the status, never by the text of the answer.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/units.h"

namespace glovebox::worker {

enum class AnswerClass {
  done,       // 2xx
  transient,  // worth another try: 408, 409, 429, 5xx, anything below 200 or 3xx
  fatal,
};
AnswerClass classify(int status);

// The parts of an answer that steer retries.
struct RetryHints {
  std::optional<std::string> should_retry;    // x-should-retry
  std::optional<std::string> retry_after_ms;  // retry-after-ms
  std::optional<std::string> retry_after;     // retry-after: seconds or a date
  std::optional<std::string> date;            // of the answer, by the server's own clock
};

// Whether one call is repeated by itself: as classify() says, unless the server says otherwise.
bool should_retry(int status, const RetryHints& hints);

constexpr unsigned kCallRetries = 2;  // so a call is tried at most three times

// Doubling waits up to `cap`, each shortened by up to a quarter at random.
class Backoff {
 public:
  Backoff(Duration first, Duration cap) : first_(first), cap_(cap) {}
  Duration next(Random& random);
  void reset() { tries_ = 0; }

 private:
  Duration first_;
  Duration cap_;
  unsigned tries_ = 0;
};

// `wait` minus a random part of it, at most a quarter.
Duration shortened(Duration wait, Random& random);

// What the server asked for, at most kLongestServerWait: it cannot make anybody wait for longer. A
// date is measured from that of the answer, so that a clock here that was set does not matter; from
// `now` only if the answer has none.
constexpr Duration kLongestServerWait = seconds(60);
std::optional<Duration> asked_wait(const RetryHints& hints, WallTime now);

// The wait inside one call: what the server asked for, else the backoff's.
Duration call_wait(const RetryHints& hints, Backoff& backoff, Random& random, WallTime now);

constexpr Duration kCallBackoffFirst = milliseconds(500);
constexpr Duration kCallBackoffCap = seconds(8);

}  // namespace glovebox::worker
