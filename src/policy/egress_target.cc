#include <format>

#include "policy/policy.h"

namespace glovebox::policy {

namespace {

bool pattern_lies_in(const HostPattern& inner, const HostPattern& outer) {
  if (!outer.below) return !inner.below && inner.name == outer.name;
  const std::string suffix = "." + outer.name;
  return inner.name.ends_with(suffix) || (inner.below && inner.name == outer.name);
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

std::string to_string(const EgressTarget& target) {
  if (const auto* block = std::get_if<codec::Cidr>(&target))
    return block->prefix() == block->address().bits() ? block->address().to_string()
                                                      : block->to_string();
  const auto& pattern = std::get<HostPattern>(target);
  return std::format("{}{}", pattern.below ? "*." : "", pattern.name);
}

}  // namespace glovebox::policy
