#include "plane/fault.h"

#include <cstddef>
#include <format>
#include <utility>

#include "base/result.h"
#include "codec/http_head.h"
#include "plane/rule_values.h"

namespace glovebox::plane {
namespace {

constexpr std::int64_t kMaxCount = 1'000'000;
constexpr seconds kLongestWait{86400};

bool matches(std::string_view pattern, std::string_view route) {
  if (pattern.ends_with('*')) return route.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == route;
}

Answer<void> read_cut(const codec::Json& value, const std::string& place, Fault& fault) {
  if (value.is_int()) {
    fault.cut = Cut::after;
    fault.cut_after = static_cast<std::size_t>(TRY(read_number(value, place, 0, kMaxOversized)));
    return {};
  }
  const std::string word = TRY(read_text(value, place));
  if (word == "before")
    fault.cut = Cut::before;
  else if (word == "head")
    fault.cut = Cut::head;
  else if (word == "body")
    fault.cut = Cut::body;
  else
    return invalid_request(place + ": must be before, head, body or a number of bytes");
  return {};
}

Answer<Access> read_credentials(const codec::Json& value, const std::string& place) {
  using enum CredentialKind;
  const std::string word = TRY(read_text(value, place));
  if (word == "worker") return Access{environment_key, sessions_token};
  for (const CredentialKind kind : {api_key, environment_key, sessions_token})
    if (word == to_string(kind)) return Access{kind};
  return invalid_request(place + ": must be api_key, environment_key, sessions_token or worker");
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

// How it is delivered, and what happens besides.
Answer<void> read_delivery(Fault& fault, std::string_view key, const codec::Json& value,
                           const std::string& place) {
  if (key == "delay_ms") {
    fault.delay = milliseconds(TRY(read_number(value, place, 0, kMaxFaultDelay.count())));
  } else if (key == "trickle_ms") {
    fault.trickle = milliseconds(TRY(read_number(value, place, 0, kMaxFaultDelay.count())));
  } else if (key == "cut") {
    TRY(read_cut(value, place, fault));
  } else if (key == "malformed") {
    TRY(read_flag(value, place, fault.malformed));
  } else if (key == "insert") {
    fault.insert = TRY(read_text(value, place));
  } else if (key == "oversized") {
    fault.oversized = static_cast<std::size_t>(TRY(read_number(value, place, 0, kMaxOversized)));
  } else if (key == "stall") {
    TRY(read_flag(value, place, fault.stall));
  } else if (key == "events") {
    fault.events = TRY(read_event_fault(value, place));
  } else if (key == "lose_lease") {
    TRY(read_flag(value, place, fault.lose_lease));
  } else if (key == "force_stop") {
    TRY(read_flag(value, place, fault.force_stop));
  } else {
    return invalid_request(place + ": unknown key");
  }
  return {};
}

}  // namespace

// Which requests, and what is answered.
Answer<void> Faults::read_key(Rule& rule, std::string_view key, const codec::Json& value,
                              const std::string& place) {
  Fault& fault = rule.fault;
  if (key == "route") {
    rule.route = TRY(read_text(value, place));
  } else if (key == "credential") {
    rule.credentials = TRY(read_credentials(value, place));
  } else if (key == "skip") {
    rule.skip = TRY(read_number(value, place, 0, kMaxCount));
  } else if (key == "count") {
    rule.count = TRY(read_number(value, place, 0, kMaxCount));
  } else if (key == "applied") {
    TRY(read_flag(value, place, fault.applied));
  } else if (key == "status") {
    fault.status = static_cast<int>(TRY(read_number(value, place, 200, 599)));
  } else if (key == "error_type") {
    fault.error_type = TRY(read_text(value, place));
  } else if (key == "message") {
    fault.message = TRY(read_text(value, place));
  } else if (key == "body") {
    fault.body = TRY(read_text(value, place));
  } else if (key == "headers") {
    TRY(read_headers(value, place, fault.headers));
  } else if (key == "should_retry") {
    bool retry = false;
    TRY(read_flag(value, place, retry));
    fault.headers.push_back({"x-should-retry", retry ? "true" : "false"});
  } else if (key == "retry_after") {
    fault.headers.push_back(
        {"retry-after", std::to_string(TRY(read_number(value, place, 0, kLongestWait.count())))});
  } else if (key == "retry_after_ms") {
    fault.headers.push_back(
        {"retry-after-ms",
         std::to_string(TRY(read_number(value, place, 0, milliseconds(kLongestWait).count())))});
  } else if (key == "retry_after_date") {
    fault.retry_after_date = seconds(TRY(read_number(value, place, 0, kLongestWait.count())));
  } else {
    return read_delivery(fault, key, value, place);
  }
  return {};
}

Answer<Faults::Rule> Faults::read(const codec::Json& source, std::string_view place) {
  if (!source.is_object()) return invalid_request(std::format("{}: must be an object", place));
  Rule rule;
  rule.source = source;
  for (const auto& [key, value] : *source.as_object())
    TRY(read_key(rule, key, value, std::format("{}.{}", place, key)));
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

std::optional<Fault> Faults::strike(std::string_view route,
                                    std::optional<CredentialKind> credential) {
  for (Rule& rule : rules_) {
    if (!matches(rule.route, route)) continue;
    if (rule.credentials && !(credential && rule.credentials->has(*credential))) continue;
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
