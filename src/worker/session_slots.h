// One work item per session at a time: a second item for a session that runs here waits until the
// first is released. Its lease beats meanwhile.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::worker {

class SessionSlots {
 public:
  explicit SessionSlots(net::Loop& loop) : left_(loop) {}

  // Kinds: cancelled, timeout.
  net::Task<Result<void>> enter(std::string session, net::Patience patience) {
    while (taken_.contains(session)) {
      left_.clear();
      CO_TRY(co_await left_.wait(patience));
    }
    taken_.insert(session);
    co_return Result<void>();
  }
  void leave(std::string_view session) {
    if (const auto place = taken_.find(session); place != taken_.end()) taken_.erase(place);
    left_.set();
  }

 private:
  std::set<std::string, std::less<>> taken_;
  net::Event left_;
};

}  // namespace glovebox::worker
