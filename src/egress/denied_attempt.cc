#include "egress/denied_attempt.h"

#include <limits>
#include <string_view>

namespace glovebox::egress {

std::optional<DeniedAttempt> denied_attempt(std::uint64_t index, const audit::Record& record) {
  if (record.kind != audit::RecordKind::net_deny) return std::nullopt;
  const auto text = [&](std::string_view key) {
    const std::string* value = record.json.get_string(key);
    return value == nullptr ? std::string() : *value;
  };
  DeniedAttempt attempt;
  attempt.record = index;
  attempt.profile = text("prof");
  attempt.host = text("host");
  attempt.mode = text("l7");
  attempt.method = text("meth");
  attempt.path = text("path");
  attempt.rule = text("rule");
  attempt.why = text("why");
  const auto port = record.json.get_int("port");
  if (port && *port > 0 && *port <= std::numeric_limits<std::uint16_t>::max())
    attempt.port = static_cast<std::uint16_t>(*port);
  if (const auto times = record.json.get_int("n"); times && *times > 0)
    attempt.times = static_cast<std::uint64_t>(*times);
  return attempt;
}

}  // namespace glovebox::egress
