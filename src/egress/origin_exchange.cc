#include "egress/origin_exchange.h"

#include <algorithm>

namespace glovebox::egress {

std::uint64_t RelayTotals::up_left() const {
  return limits.up.bytes() - std::min(limits.up.bytes(), up);
}

std::uint64_t RelayTotals::down_left() const {
  return limits.down.bytes() - std::min(limits.down.bytes(), down);
}

void Traffic::add_up(std::uint64_t bytes) {
  up_ += bytes;
  totals_.up += bytes;
  touch();
}

void Traffic::add_down(std::uint64_t bytes) {
  down_ += bytes;
  totals_.down += bytes;
  touch();
}

}  // namespace glovebox::egress
