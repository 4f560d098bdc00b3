#include "egress/refusal_folder.h"

#include <algorithm>
#include <utility>

namespace glovebox::egress {

namespace {

void count(Refusals& more, WallTime wall) {
  if (more.times++ == 0) more.first = wall;
  more.last = wall;
}

}  // namespace

std::vector<Refusals> RefusalFolder::add(Refused refused, WallTime wall, Duration now) {
  std::vector<Refusals> told = take(now);
  const auto same =
      std::ranges::find_if(kinds_, [&](const Kind& kind) { return kind.more.refused == refused; });
  if (same != kinds_.end()) {
    count(same->more, wall);
  } else if (kinds_.size() < kMostKinds) {
    told.push_back({.refused = refused, .times = 1, .first = wall, .last = wall});
    kinds_.push_back({{.refused = std::move(refused), .times = 0}, now + kWindow});
  } else {
    if (rest_.times == 0) {
      rest_.refused = {.asked = {},
                       .mode = refused.mode,
                       .rule = {},
                       .why =
                           "many others, too many "
                           "to tell apart",
                       .method = {},
                       .path = {}};
      rest_until_ = now + kWindow;
    }
    count(rest_, wall);
  }
  return told;
}

std::vector<Refusals> RefusalFolder::take(Duration now) {
  std::vector<Refusals> told;
  std::erase_if(kinds_, [&](Kind& kind) {
    if (kind.until > now) return false;
    if (kind.more.times > 0) told.push_back(std::move(kind.more));
    return true;
  });
  if (rest_.times > 0 && rest_until_ <= now) told.push_back(std::exchange(rest_, {.times = 0}));
  return told;
}

std::vector<Refusals> RefusalFolder::take_all() {
  std::vector<Refusals> told;
  for (Kind& kind : kinds_) {
    if (kind.more.times == 0) continue;
    told.push_back(kind.more);
    kind.more.times = 0;
  }
  if (rest_.times > 0) told.push_back(std::exchange(rest_, {.times = 0}));
  return told;
}

}  // namespace glovebox::egress
