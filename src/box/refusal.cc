#include "box/refusal.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace glovebox::box {

std::size_t RefusalFolder::room(Duration now) const {
  const auto more =
      static_cast<std::size_t>(std::max<std::int64_t>((now - counted_at_) / kOneMore, 0));
  return std::min(room_ + more, kMostSingle);
}

bool RefusalFolder::wants_details(Duration now) const {
  return room(now) > 0;
}

void RefusalFolder::add(Refusal refusal, Duration now) {
  refusal.last = refusal.first;
  const std::size_t left = room(now);
  if (left == kMostSingle) {
    // Long enough has little happened, or nothing yet.
    counted_at_ = now;
    window_ = kWindow;
  } else {
    counted_at_ += kOneMore * static_cast<std::int64_t>(left - room_);
  }
  room_ = left;
  // Told in the order in which it began: nothing overtakes what is folded.
  if (left == 0 || !folded_.empty()) return fold(std::move(refusal), now);
  --room_;
  single_.push_back(std::move(refusal));
}

void RefusalFolder::fold(Refusal refusal, Duration now) {
  if (folded_.empty()) {
    window_ends_ = now + window_;
    window_ = std::min<Duration>(2 * window_, kLongestWindow);
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
  if (!folded_.empty() && now >= window_ends_) return take_all();
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
