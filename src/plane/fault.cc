#include "plane/fault.h"

#include <cstddef>
#include <format>
#include <utility>

#include "base/result.h"
#include "codec/http_head.h"

namespace glovebox::plane {
namespace {

constexpr std::int64_t kMaxCount = 1'000'000;

bool matches(std::string_view pattern, std::string_view route) {
  if (pattern.ends_with('*')) return route.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == route;
}

// Reads one key of a rule into a field; an error names the key.
Answer<void> read_flag(const codec::Json& value, const std::string& place, bool& field) {
  if (!value.is_bool()) return invalid_request(place + ": must be a boolean");
  field = *value.as_bool();
  return {};
}

Answer<std::int64_t> read_number(const codec::Json& value, const std::string& place,
                                 std::int64_t least, std::int64_t most) {
  const std::optional<std::int64_t> number = value.as_int();
  if (!number || *number < least || *number > most)
    return invalid_request(std::format("{}: must be between {} and {}", place, least, most));
  return *number;
}

Answer<std::string> read_text(const codec::Json& value, const std::string& place) {
  if (!value.is_string()) return invalid_request(place + ": must be a string");
  return *value.as_string();
}

Answer<Cut> read_cut(const codec::Json& value, const std::string& place) {
  const std::string word = TRY(read_text(value, place));
  if (word == "before") return Cut::before;
  if (word == "head") return Cut::head;
  if (word == "body") return Cut::body;
  return invalid_request(place + ": must be before, head or body");
}

Answer<void> read_headers(const codec::Json& value, const std::string& place,
                          std::vector<Header>& headers) {
  if (!value.is_object()) return invalid_request(place + ": must be an object");
  for (const auto& [name, text] : *value.as_object()) {
    std::string field = TRY(read_text(text, std::format("{}.{}", place, name)));
    if (!codec::check_field_name(name) || !codec::check_field_value(field))
      return invalid_request(std::format("{}.{}: not a header field", place, name));
    headers.push_back({name, std::move(field)});
  }
  return {};
}

}  // namespace

Answer<Faults::Rule> Faults::read(const codec::Json& source, std::string_view place) {
  if (!source.is_object()) return invalid_request(std::format("{}: must be an object", place));
  Rule rule;
  rule.source = source;
  Fault& fault = rule.fault;
  for (const auto& [key, value] : *source.as_object()) {
    const std::string where = std::format("{}.{}", place, key);
    if (key == "route") {
      rule.route = TRY(read_text(value, where));
    } else if (key == "skip") {
      rule.skip = TRY(read_number(value, where, 0, kMaxCount));
    } else if (key == "count") {
      rule.count = TRY(read_number(value, where, 0, kMaxCount));
    } else if (key == "status") {
      fault.status = static_cast<int>(TRY(read_number(value, where, 200, 599)));
    } else if (key == "error_type") {
      fault.error_type = TRY(read_text(value, where));
    } else if (key == "message") {
      fault.message = TRY(read_text(value, where));
    } else if (key == "headers") {
      TRY(read_headers(value, where, fault.headers));
    } else if (key == "should_retry") {
      bool retry = false;
      TRY(read_flag(value, where, retry));
      fault.headers.push_back({"x-should-retry", retry ? "true" : "false"});
    } else if (key == "retry_after") {
      fault.headers.push_back(
          {"retry-after", std::to_string(TRY(read_number(value, where, 0, 86400)))});
    } else if (key == "retry_after_ms") {
      fault.headers.push_back(
          {"retry-after-ms", std::to_string(TRY(read_number(value, where, 0, 86'400'000)))});
    } else if (key == "delay_ms") {
      fault.delay = milliseconds(TRY(read_number(value, where, 0, kMaxFaultDelay.count())));
    } else if (key == "cut") {
      fault.cut = TRY(read_cut(value, where));
    } else if (key == "applied") {
      TRY(read_flag(value, where, fault.applied));
    } else if (key == "malformed") {
      TRY(read_flag(value, where, fault.malformed));
    } else if (key == "stall") {
      TRY(read_flag(value, where, fault.stall));
    } else if (key == "lose_lease") {
      TRY(read_flag(value, where, fault.lose_lease));
    } else if (key == "force_stop") {
      TRY(read_flag(value, where, fault.force_stop));
    } else {
      return invalid_request(where + ": unknown key");
    }
  }
  if (rule.route.empty()) return invalid_request(std::format("{}.route: is required", place));
  return rule;
}

Answer<void> Faults::add(const codec::Json& rules) {
  std::vector<Rule> added;
  if (const codec::JsonArray* list = rules.as_array()) {
    for (std::size_t i = 0; i < list->size(); ++i)
      added.push_back(TRY(read((*list)[i], std::format("faults[{}]", i))));
  } else {
    added.push_back(TRY(read(rules, "fault")));
  }
  for (Rule& rule : added) rules_.push_back(std::move(rule));
  return {};
}

std::optional<Fault> Faults::strike(std::string_view route) {
  for (Rule& rule : rules_) {
    if (!matches(rule.route, route)) continue;
    if (rule.count != 0 && rule.hits >= rule.count) continue;
    if (rule.seen++ < rule.skip) continue;
    ++rule.hits;
    return rule.fault;
  }
  return std::nullopt;
}

codec::Json Faults::report() const {
  codec::JsonArray rules;
  for (const Rule& rule : rules_)
    rules.push_back(
        codec::Json::object({{"rule", rule.source}, {"seen", rule.seen}, {"hits", rule.hits}}));
  return codec::Json(std::move(rules));
}

}  // namespace glovebox::plane
