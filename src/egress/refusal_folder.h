// Refusals of one network on their way to the log: the first of a kind is told at once, what
// repeats it is counted and told when its window is over, or a call ends. However long a flood
// lasts it makes few records, and hides none of another kind. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "egress/net_record.h"

namespace glovebox::egress {

class RefusalFolder {
 public:
  static constexpr milliseconds kWindow{10'000};
  // Kinds that are told apart in one window; beyond that all go into one, without names.
  static constexpr std::size_t kMostKinds = 256;

  // What is to be told at once: it, or nothing.
  std::vector<Refusals> add(Refused refused, WallTime wall, Duration now);
  // What was counted, when its window is over at `now`; all there is.
  std::vector<Refusals> take(Duration now);
  std::vector<Refusals> take_all();

 private:
  struct Kind {
    Refusals more;  // times 0: none since it was told
    Duration until;
  };
  std::vector<Kind> kinds_;
  Refusals rest_{.refused = {}, .times = 0};
  Duration rest_until_{};
};

}  // namespace glovebox::egress
