// What the worker tells about itself: its counters, and when the queue last answered.
//
// Filled in where it happens, read by who serves metrics and health. Times are monotonic.
#pragma once

#include <optional>
#include <string>

#include "base/units.h"
#include "codec/metrics.h"

namespace glovebox::worker {

struct Vitals {
  Vitals() {
    numbers.add(codec::Metric::lease_lost_total, {}, 0);
    numbers.add(codec::Metric::result_post_retries_total, {}, 0);
  }

  codec::Metrics numbers;
  std::optional<Duration> last_poll;  // that was answered with or without an item
  std::string poll_problem;           // of the latest poll; empty: it was answered
};

}  // namespace glovebox::worker
