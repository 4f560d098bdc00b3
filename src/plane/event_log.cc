#include "plane/event_log.h"

#include <algorithm>
#include <cstddef>
#include <format>
#include <utility>

#include "base/result.h"
#include "plane/ids.h"

namespace glovebox::plane {

bool EventFilter::passes(std::string_view type, WallTime time) const {
  if (!types.empty() && std::ranges::find(types, type) == types.end()) return false;
  return (!after || time > *after) && (!not_before || time >= *not_before) &&
         (!before || time < *before) && (!not_after || time <= *not_after);
}

Answer<EventFilter> read_event_filter(const codec::Query& query) {
  EventFilter filter;
  for (const codec::QueryPair& pair : query)
    if (pair.name == "types[]" || pair.name == "types") filter.types.push_back(pair.value);
  const std::pair<std::string_view, std::optional<WallTime>*> bounds[] = {
      {"created_at[gt]", &filter.after},
      {"created_at[gte]", &filter.not_before},
      {"created_at[lt]", &filter.before},
      {"created_at[lte]", &filter.not_after}};
  for (const auto& [name, bound] : bounds) {
    const std::string* text = codec::find_query(query, name);
    if (text == nullptr) continue;
    *bound = parse_time(*text);
    if (!*bound) return invalid_request(std::format("{}: must be an RFC 3339 time", name));
  }
  return filter;
}

const codec::Json& EventLog::append(codec::Json body) {
  const WallTime now = clock_.wall();
  const std::string* type = body.get_string("type");
  Event event{last() + 1, type != nullptr ? *type : "", now, {}};
  codec::Json whole = codec::Json::object(
      {{"id", make_id(random_, "sevt_")}, {"type", event.type}, {"processed_at", to_rfc3339(now)}});
  if (const codec::JsonObject* fields = body.as_object())
    for (const auto& [key, value] : *fields)
      if (!whole.as_object()->contains(key)) whole.as_object()->set(key, value);
  event.body = std::move(whole);
  events_.push_back(std::move(event));
  return events_.back().body;
}

codec::Json EventLog::page(const PageRequest& request, const EventFilter& filter) const {
  std::vector<std::uint64_t> numbers;
  for (const Event& event : events_)
    if (filter.passes(event.type, event.processed)) numbers.push_back(event.number);
  const PageCut cut = cut_page(numbers, request);
  codec::JsonArray data;
  for (const std::size_t index : cut.chosen) data.push_back(events_[numbers[index] - 1].body);
  return page_json(std::move(data), cut, PageForm::forward);
}

}  // namespace glovebox::plane
