#include <algorithm>
#include <format>

#include "policy/policy.h"

namespace glovebox::policy {

namespace {

bool pattern_lies_in(const HostPattern& inner, const HostPattern& outer) {
  if (!outer.below) return !inner.below && inner.name == outer.name;
  const std::string suffix = "." + outer.name;
  return inner.name.ends_with(suffix) || (inner.below && inner.name == outer.name);
}

bool path_lies_in(const PathPattern& inner, const PathPattern& outer) {
  if (inner.segments.size() < outer.segments.size()) return false;
  for (std::size_t i = 0; i < outer.segments.size(); ++i)
    if (outer.segments[i] != "*" && outer.segments[i] != inner.segments[i]) return false;
  return outer.open || (!inner.open && inner.segments.size() == outer.segments.size());
}

}  // namespace

bool lies_in(const EgressTarget& inner, const EgressTarget& outer) {
  if (const auto* block = std::get_if<codec::Cidr>(&inner)) {
    const auto* other = std::get_if<codec::Cidr>(&outer);
    return other != nullptr && other->contains(*block);
  }
  const auto* other = std::get_if<HostPattern>(&outer);
  return other != nullptr && pattern_lies_in(std::get<HostPattern>(inner), *other);
}

bool request_lies_in(const HttpRule& inner, const HttpRule& outer) {
  return (outer.method == "*" || outer.method == inner.method) &&
         path_lies_in(inner.path, outer.path);
}

bool rule_lies_in(const EgressRule& inner, const EgressRule& outer) {
  if (!lies_in(inner.target, outer.target) || inner.ports.first < outer.ports.first ||
      inner.ports.last > outer.ports.last || inner.mode != outer.mode ||
      inner.inject != outer.inject || inner.trusted != outer.trusted ||
      inner.private_addresses > outer.private_addresses)
    return false;
  if (outer.whole_host) return true;
  return !inner.whole_host && std::ranges::all_of(inner.allow, [&](const HttpRule& request) {
    return std::ranges::any_of(
        outer.allow, [&](const HttpRule& other) { return request_lies_in(request, other); });
  });
}

std::string to_string(const EgressTarget& target) {
  if (const auto* block = std::get_if<codec::Cidr>(&target))
    return block->prefix() == block->address().bits() ? block->address().to_string()
                                                      : block->to_string();
  const auto& pattern = std::get<HostPattern>(target);
  return std::format("{}{}", pattern.below ? "*." : "", pattern.name);
}

}  // namespace glovebox::policy
