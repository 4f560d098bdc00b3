// Watching what the processes of one box use together: memory and cpu time.
//
// A sum over /proc, so it sees only what is mapped (a memory file that nobody maps escapes it, and
// shared pages count once for each process), and processor time only of the living and of those
// that were waited for. It is what an ordinary user can have; where there is a group, memory is
// walled by the kernel and this only counts time.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/units.h"

namespace glovebox::box {

struct BoxUse {
  std::uint64_t memory = 0;  // bytes
  milliseconds cpu{0};
};
// Of the first process of a box and all its descendants.
BoxUse use_of_box(pid_t init);

// When to look again: often, but never more than a tenth of the time.
class WatchPace {
 public:
  // `looked` is how long the last look took.
  void looked(Duration now, Duration took);
  Duration next() const { return next_; }
  void begin(Duration now) { next_ = now + kShortest; }

  static constexpr milliseconds kShortest{20};
  static constexpr milliseconds kLongest{500};

 private:
  Duration next_{0};
};

}  // namespace glovebox::box
