#include "audit/origin.h"

#include <algorithm>
#include <format>
#include <functional>

namespace glovebox::audit {

namespace {

bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '.' || c == '_';
}

Result<void> check_part(std::string_view part, std::string_view what) {
  if (!part.empty() && part.size() <= kMaxOriginPart && std::ranges::all_of(part, is_name_byte))
    return {};
  return Error(ErrorKind::invalid,
               std::format("the {} in the name of a log has 1 to {} letters, digits, `-`, `.`, `_`",
                           what, kMaxOriginPart));
}

}  // namespace

Result<std::string> log_origin(std::string_view organisation, std::string_view machine,
                               WallTime now) {
  TRY(check_part(organisation, "organisation"));
  TRY(check_part(machine, "machine"));
  // `2026-11-24T…`
  return std::format("{}/glovebox/{}/{}", organisation, machine, to_rfc3339(now).substr(0, 4));
}

std::string default_origin(std::string_view host_name, WallTime now) {
  std::string machine(host_name.substr(0, kMaxOriginPart));
  std::ranges::replace_if(machine, std::not_fn(is_name_byte), '_');
  return log_origin("local", machine.empty() ? "unnamed" : machine, now).value();
}

}  // namespace glovebox::audit
