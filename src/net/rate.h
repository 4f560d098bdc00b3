// A token bucket: so many at once, so many a second in the long run. Pure.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/units.h"

namespace glovebox::net {

class Rate {
 public:
  Rate(double per_second, double burst) : per_second_(per_second), burst_(burst), left_(burst) {}
  // Whether one more may be had at `now` (monotonic).
  bool take(Duration now) {
    const double passed = std::chrono::duration<double>(now - counted_at_).count();
    left_ = std::min(burst_, left_ + std::max(0.0, passed) * per_second_);
    counted_at_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double per_second_, burst_, left_;
  Duration counted_at_{};
};

}  // namespace glovebox::net
