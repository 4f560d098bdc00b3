// The events of one session, in the order in which they were processed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "codec/json.h"
#include "codec/url.h"
#include "plane/message.h"
#include "plane/page.h"

namespace glovebox::plane {

struct Event {
  std::uint64_t number = 0;  // 1, 2, 3 … within the session
  std::string type;
  WallTime processed;
  codec::Json body;  // complete: with id, type and processed_at
};

// Which events of a history a client asks for. Empty `types`: all.
struct EventFilter {
  std::vector<std::string> types;
  std::optional<WallTime> after, not_before, before, not_after;  // gt, gte, lt, lte

  bool passes(std::string_view type, WallTime time) const;
};

// `types[]` and `created_at[gt|gte|lt|lte]`. Errors: 400.
Answer<EventFilter> read_event_filter(const codec::Query& query);

class EventLog {
 public:
  EventLog(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  // `body` with `type` and without id and processed_at, which are added: the stored body.
  const codec::Json& append(codec::Json body);

  const std::vector<Event>& all() const { return events_; }
  std::uint64_t last() const { return events_.size(); }

  codec::Json page(const PageRequest& request, const EventFilter& filter) const;

 private:
  const Clock& clock_;
  Random& random_;
  std::vector<Event> events_;
};

}  // namespace glovebox::plane
