#include "roles/policy_change.h"

#include <algorithm>
#include <array>
#include <format>
#include <functional>
#include <utility>
#include <vector>

#include "policy/compare.h"
#include "roles/stored_policy.h"

namespace glovebox::roles {

namespace {

using policy::Direction;

struct Widening {
  policy::Risk risk;
  std::string text;
};

// Not in the middle of a character.
std::string shortened(std::string text) {
  constexpr std::string_view kMore = " …";
  if (text.size() <= kMaxWideningBytes) return text;
  std::size_t end = kMaxWideningBytes - kMore.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + std::string(kMore);
}

std::string text_of(const policy::Difference& difference, const std::vector<policy::Who>& callers) {
  std::string text = difference.dimension;
  if (!callers.empty()) text += " " + policy::to_string(callers.front());
  if (callers.size() > 1) text += std::format(" and {} more", callers.size() - 1);
  return shortened(std::move(text));
}

std::string summary_of(const std::vector<policy::CallerDifferences>& differences) {
  std::array<std::size_t, 3> counts{};
  std::vector<Widening> widenings;
  for (const policy::CallerDifferences& of : differences)
    for (const policy::Difference& difference : of.differences) {
      ++counts.at(static_cast<std::size_t>(difference.direction));
      if (difference.direction == Direction::wider)
        widenings.push_back({difference.risk, text_of(difference, of.callers)});
    }
  const auto count = [&](Direction direction) {
    return counts.at(static_cast<std::size_t>(direction));
  };
  std::string text = std::format("{} wider, {} narrower, {} changed", count(Direction::wider),
                                 count(Direction::narrower), count(Direction::changed));
  std::ranges::stable_sort(widenings, std::greater(), &Widening::risk);
  for (std::size_t i = 0; i < std::min(widenings.size(), kMaxNamedWidenings); ++i)
    text += (i == 0 ? "; wider: " : ", ") + widenings[i].text;
  if (widenings.size() > kMaxNamedWidenings) text += ", …";
  return text;
}

}  // namespace

std::string change_summary(const PolicySource& before, const PolicySource& after, policy::Day day) {
  if (same_texts(before, after)) return "nothing";
  const auto differences =
      policy::diff(before.policy.on(day), before.tables, after.policy.on(day), after.tables);
  return differences.empty() ? "cosmetic" : summary_of(differences);
}

}  // namespace glovebox::roles
