#include "plane/event_fault.h"

#include <algorithm>
#include <format>
#include <utility>

#include "base/result.h"
#include "plane/rule_values.h"

namespace glovebox::plane {

Answer<EventFault> read_event_fault(const codec::Json& source, const std::string& place) {
  if (!source.is_object()) return invalid_request(place + ": must be an object");
  EventFault fault;
  for (const auto& [key, value] : *source.as_object()) {
    const std::string where = std::format("{}.{}", place, key);
    if (key == "omit") {
      if (!value.is_array()) return invalid_request(where + ": must be a list of types");
      for (const codec::Json& type : *value.as_array())
        fault.omit.push_back(TRY(read_text(type, where)));
    } else if (key == "omit_last") {
      fault.omit_last = static_cast<std::size_t>(TRY(read_number(value, where, 0, kMaxRepeat)));
    } else if (key == "reverse") {
      TRY(read_flag(value, where, fault.reverse));
    } else if (key == "repeat") {
      fault.repeat = static_cast<std::size_t>(TRY(read_number(value, where, 1, kMaxRepeat)));
    } else if (key == "add") {
      if (!value.is_array()) return invalid_request(where + ": must be a list of events");
      fault.add = *value.as_array();
    } else {
      return invalid_request(where + ": unknown key");
    }
  }
  return fault;
}

codec::JsonArray disturbed(const EventFault& fault, codec::JsonArray events) {
  std::erase_if(events, [&](const codec::Json& event) {
    const std::string* type = event.get_string("type");
    return type != nullptr && std::ranges::find(fault.omit, *type) != fault.omit.end();
  });
  events.resize(events.size() - std::min(events.size(), fault.omit_last));
  if (fault.reverse) std::ranges::reverse(events);
  codec::JsonArray shown = fault.add;
  for (const codec::Json& event : events) shown.insert(shown.end(), fault.repeat, event);
  return shown;
}

}  // namespace glovebox::plane
