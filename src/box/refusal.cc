#include "box/refusal.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace glovebox::box {

bool RefusalFolder::wants_details(Duration now) const {
  return now >= window_ends_ || told_ < kMostSingle;
}

void RefusalFolder::add(Refusal refusal, Duration now) {
  refusal.last = refusal.first;
  if (now >= window_ends_) {
    // What the last window folded is told before anything of this one.
    std::ranges::move(folded_, std::back_inserter(single_));
    folded_.clear();
    window_ends_ = now + kWindow;
    told_ = 0;
  }
  if (told_ < kMostSingle) {
    ++told_;
    single_.push_back(std::move(refusal));
    return;
  }
  const auto into = [&](Refusal& known) {
    known.times += refusal.times;
    known.last = refusal.last;
  };
  const auto same = std::ranges::find_if(folded_, [&](const Refusal& known) {
    return known.ticket == refusal.ticket && known.late == refusal.late &&
           known.number == refusal.number;
  });
  if (same != folded_.end()) return into(*same);
  if (folded_.size() < kMostKinds) {
    folded_.push_back(std::move(refusal));
    return;
  }
  if (folded_.size() > kMostKinds) return into(folded_.back());
  Refusal several;
  several.number = kSeveralCalls;
  several.first = refusal.first;
  several.last = refusal.last;
  folded_.push_back(several);
}

std::vector<Refusal> RefusalFolder::take(Duration now) {
  if (now >= window_ends_) return take_all();
  return std::exchange(single_, {});
}

std::vector<Refusal> RefusalFolder::take_all() {
  std::vector<Refusal> all = std::exchange(single_, {});
  std::ranges::move(folded_, std::back_inserter(all));
  folded_.clear();
  return all;
}

Duration RefusalFolder::next_look() const {
  if (!single_.empty()) return Duration::zero();
  return folded_.empty() ? Duration::max() : window_ends_;
}

}  // namespace glovebox::box
