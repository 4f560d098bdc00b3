// What a plane does wrong with the events that it shows, in a stream or in a history page. Pure.
//
// One JSON object; the steps happen in this order:
//   omit          types that are left out
//   omit_last     so many of the last ones are left out: a history that lags behind
//   reverse       true: the order is turned round, of what is there at once
//   repeat        how often each comes (1)
//   add           events that were never stored; they come first
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "codec/json.h"
#include "plane/message.h"

namespace glovebox::plane {

constexpr std::int64_t kMaxRepeat = 1000;

struct EventFault {
  std::vector<std::string> omit;
  std::size_t omit_last = 0;
  bool reverse = false;
  std::size_t repeat = 1;
  codec::JsonArray add;

  bool operator==(const EventFault&) const = default;
};

// Error: 400 naming the key.
Answer<EventFault> read_event_fault(const codec::Json& source, const std::string& place);

// The events as they are shown; those without a type are never omitted.
codec::JsonArray disturbed(const EventFault& fault, codec::JsonArray events);

}  // namespace glovebox::plane
