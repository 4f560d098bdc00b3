#include "box/process_watch.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "os/process.h"
#include "os/process_view.h"

namespace glovebox::box {

BoxUse use_of_box(pid_t init) {
  std::vector<pid_t> processes = os::descendants_of(init);
  processes.push_back(init);
  BoxUse sum;
  std::int64_t cpu_us = 0;
  for (const pid_t pid : processes) {
    const auto use = os::use_of(pid);
    if (!use) continue;
    sum.memory += use->memory;
    cpu_us += use->cpu_us;
  }
  sum.cpu = std::chrono::duration_cast<milliseconds>(microseconds(cpu_us));
  return sum;
}

void WatchPace::looked(Duration now, Duration took) {
  constexpr int kShare = 10;
  next_ = now + std::clamp<Duration>(took * kShare, kShortest, kLongest);
}

}  // namespace glovebox::box
