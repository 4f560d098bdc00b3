#include "seccomp/oci_rules.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <format>
#include <span>
#include <string_view>
#include <utility>

#include "seccomp/floor.h"
#include "seccomp/parse.h"
#include "seccomp/words.h"

namespace glovebox::seccomp {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kLow = 0xFFFFFFFF;
constexpr auto kAllow = Action::Kind::allow;

// What a group asks for one call: always, or if the predicate holds.
struct Wish {
  Action action;
  std::optional<Predicate> when;
  std::string note;
};

struct Resolved {
  bool applies = true;
  std::string why_not;  // if it does not
  std::string note;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool names_us(const std::vector<std::string>& architectures) {
  return std::ranges::any_of(architectures, [](const std::string& name) {
    return name == "amd64" || name == "x86_64" || name == "SCMP_ARCH_X86_64";
  });
}

// A box holds no capability, runs on x86-64 here, and on a kernel that is new enough.
Resolved resolve_conditions(const OciGroup& group) {
  const auto out = [](std::string why) { return Resolved{false, std::move(why), {}}; };
  const OciCondition& in = group.includes;
  const OciCondition& ex = group.excludes;
  if (!in.capabilities.empty()) return out("only with " + joined(in.capabilities));
  if (!in.architectures.empty() && !names_us(in.architectures))
    return out("only on other architectures");
  if (names_us(ex.architectures)) return out("not on x86-64");
  if (!ex.least_kernel.empty()) return out("not on newer kernels");
  Resolved resolved;
  const auto note = [&](std::string text) {
    resolved.note += (resolved.note.empty() ? "" : ", ") + std::move(text);
  };
  if (!ex.capabilities.empty()) note("without " + joined(ex.capabilities));
  if (!in.architectures.empty()) note("on x86-64");
  if (!in.least_kernel.empty()) note("kernel " + in.least_kernel + " taken as reached");
  return resolved;
}

// nullopt: it cannot be said. An empty predicate holds never; one with an empty conjunction always.
std::optional<Predicate> predicate_of(const std::vector<OciArgument>& arguments) {
  // Engines take several comparisons of one argument as alternatives, all of the group's then.
  std::array<int, kArguments> counts{};
  for (const OciArgument& argument : arguments) ++counts.at(argument.index);
  const bool alternatives = std::ranges::any_of(counts, [](int count) { return count > 1; });
  Predicate predicate(alternatives ? 0 : 1);
  for (const OciArgument& argument : arguments) {
    Accepted accepted = accepted_by(argument);
    if (accepted.kind == Accepted::Kind::cannot_be_said) return std::nullopt;
    Conjunction one;
    if (accepted.kind == Accepted::Kind::some) one.push_back(std::move(accepted.term));
    if (alternatives) {
      if (accepted.kind != Accepted::Kind::none) predicate.push_back(std::move(one));
    } else if (accepted.kind == Accepted::Kind::none) {
      return Predicate{};
    } else {
      predicate.front().insert(predicate.front().end(), one.begin(), one.end());
    }
  }
  for (Conjunction& conjunction : predicate) std::ranges::sort(conjunction, {}, &Term::argument);
  return predicate;
}

// One conjunction for all that compare the same single argument with values.
void merge(Predicate& predicate) {
  const auto mergeable = [](const Conjunction& c) { return c.size() == 1 && !c[0].mask; };
  for (std::size_t i = 0; i < predicate.size(); ++i) {
    if (!mergeable(predicate[i])) continue;
    std::vector<Range>& ranges = predicate[i][0].ranges;
    for (std::size_t j = predicate.size() - 1; j > i; --j) {
      if (!mergeable(predicate[j]) || predicate[j][0].argument != predicate[i][0].argument ||
          predicate[j][0].width != predicate[i][0].width)
        continue;
      ranges.insert(ranges.end(), predicate[j][0].ranges.begin(), predicate[j][0].ranges.end());
      predicate.erase(predicate.begin() + static_cast<std::ptrdiff_t>(j));
    }
    std::ranges::sort(ranges, {}, &Range::first);
    std::vector<Range> joined_ranges;
    for (const Range& range : ranges) {
      if (joined_ranges.empty() ||
          (joined_ranges.back().last != kAll && range.first > joined_ranges.back().last + 1))
        joined_ranges.push_back(range);
      else
        joined_ranges.back().last = std::max(joined_ranges.back().last, range.last);
    }
    ranges = std::move(joined_ranges);
  }
}

bool holds_always(const Predicate& predicate) {
  return std::ranges::any_of(predicate, [](const Conjunction& conjunction) {
    return conjunction.empty() || (conjunction.size() == 1 && !conjunction[0].mask &&
                                   conjunction[0].ranges.front() == Range{0, kAll});
  });
}

bool can_be_written(const Predicate& predicate) {
  return predicate.size() <= kMaxConjunctions &&
         std::ranges::all_of(predicate, [](const Conjunction& conjunction) {
           return std::ranges::all_of(
               conjunction, [](const Term& term) { return term.ranges.size() <= kMaxItems; });
         });
}

// The wishes for one call as one rule, never wider than they are together. Left out, with why, if
// a text has no words for them.
std::optional<OciRule> join(const std::vector<Wish>& wishes, const Action& fallback,
                            std::string& why_not) {
  std::optional<Action> always;
  std::optional<Action> sometimes;
  Predicate when;
  OciRule rule;
  bool several = false;
  for (const Wish& wish : wishes) {
    if (!wish.note.empty() && !rule.note.contains(wish.note))
      rule.note += (rule.note.empty() ? "" : ", ") + wish.note;
    if (!wish.when || holds_always(*wish.when)) {
      // Of two that are asked for always, the refusal counts.
      if (!always || always->kind == kAllow) always = wish.action;
      continue;
    }
    if (wish.when->empty()) continue;
    several = several || (sometimes && *sometimes != wish.action);
    sometimes = wish.action;
    when.insert(when.end(), wish.when->begin(), wish.when->end());
  }
  if (!sometimes || (always && (always->kind != kAllow || *always == *sometimes))) {
    // What is refused always is not allowed sometimes.
    if (!always) {
      why_not = "conditions that no call satisfies";
      return std::nullopt;
    }
    rule.action = *always;
    return rule;
  }
  merge(when);
  if (several || !can_be_written(when)) {
    why_not = "conditions that a text has no words for";
    return std::nullopt;
  }
  rule.action = *sometimes;
  const Action otherwise = always.value_or(fallback);
  if (holds_always(when) || otherwise == *sometimes) return rule;
  rule.condition = Condition{.when = std::move(when), .otherwise = otherwise};
  return rule;
}

Table only_rule(const std::string& name, const OciRule& rule) {
  Table table;
  table.fallback = {Action::Kind::error, 1};
  table.rules.push_back({.name = name, .action = rule.action, .condition = rule.condition});
  return table;
}

// `ranges` without the values, and without what has a high half.
std::vector<Range> without(const std::vector<Range>& ranges,
                           std::span<const std::uint64_t> values) {
  std::vector<Range> rest;
  for (const Range& range : ranges)
    if (range.first <= kLow) rest.push_back({range.first, std::min(range.last, kLow)});
  for (const std::uint64_t value : values) {
    std::vector<Range> next;
    for (const Range& range : rest) {
      if (value < range.first || value > range.last) {
        next.push_back(range);
        continue;
      }
      if (value > range.first) next.push_back({range.first, value - 1});
      if (value < range.last) next.push_back({value + 1, range.last});
    }
    rest = std::move(next);
  }
  return rest;
}

// What of the term is within the bound; nullopt: nothing, or it cannot be told.
std::optional<Term> within(const Term& term, const FloorBound& bound) {
  using Kind = FloorBound::Kind;
  Term narrow = term;
  if (bound.kind == Kind::within) {
    const std::uint64_t mask = bound.values.front();
    if (term.mask) {
      *narrow.mask &= mask;
      return narrow;
    }
    std::erase_if(narrow.ranges, [&](const Range& range) {
      return range.first != range.last || (range.first & ~mask) != 0;
    });
  } else if (term.mask) {
    return std::nullopt;
  } else if (bound.kind == Kind::without) {
    narrow.ranges = without(term.ranges, bound.values);
  } else {
    narrow.ranges.clear();
    for (const std::uint64_t value : bound.values)
      if (term.holds(value)) narrow.ranges.push_back({value, value});
  }
  if (narrow.ranges.empty()) return std::nullopt;
  return narrow;
}

// The whole of what the bound leaves.
Term all_within(const FloorBound& bound) {
  Term term{.argument = bound.argument, .width = Width::low32};
  if (bound.kind == FloorBound::Kind::within)
    term.mask = bound.values.front();
  else if (bound.kind == FloorBound::Kind::without)
    term.ranges = without({{0, kLow}}, bound.values);
  else
    for (const std::uint64_t value : bound.values) term.ranges.push_back({value, value});
  return term;
}

// The rule within the floor, if something of it is.
std::optional<OciRule> within_floor(const std::string& name, OciRule rule, const Action& fallback) {
  if (check_floor(only_rule(name, rule)).empty()) return rule;
  const FloorBound* bound = floor_bound(name);
  if (bound == nullptr || rule.action.kind != kAllow) return std::nullopt;
  Predicate narrow;
  if (!rule.condition) {
    narrow.push_back({all_within(*bound)});
  } else {
    for (Conjunction conjunction : rule.condition->when) {
      const auto at = std::ranges::find(conjunction, bound->argument, &Term::argument);
      if (at == conjunction.end()) {
        conjunction.push_back(all_within(*bound));
        std::ranges::sort(conjunction, {}, &Term::argument);
      } else if (const auto term = within(*at, *bound)) {
        *at = *term;
      } else {
        continue;
      }
      narrow.push_back(std::move(conjunction));
    }
  }
  const Action refused = rule.condition ? rule.condition->otherwise : fallback;
  if (narrow.empty() || refused.kind == kAllow || !can_be_written(narrow)) return std::nullopt;
  rule.condition = Condition{.when = std::move(narrow), .otherwise = refused};
  rule.note += std::format("{}not with {}", rule.note.empty() ? "" : ", ", bound->what);
  if (!check_floor(only_rule(name, rule)).empty()) return std::nullopt;
  return rule;
}

Accepted some(Term term) {
  const bool all = term.mask ? *term.mask == kAll : term.ranges.front() == Range{0, kAll};
  return {all ? Accepted::Kind::all : Accepted::Kind::some, std::move(term)};
}

// (value & mask) == datum, as a mask or as values.
Accepted masked(const OciArgument& argument) {
  const std::uint64_t mask = argument.value, datum = argument.value_two, open = ~mask;
  if ((datum & open) != 0) return {Accepted::Kind::none, {}};
  if (datum == 0) return some({.argument = argument.index, .mask = open});
  // The open bits are the lowest ones: a range. Or there are few of them: a list.
  if ((open & (open + 1)) == 0)
    return some({.argument = argument.index, .ranges = {{datum, datum | open}}});
  if ((std::uint64_t{1} << std::min(std::popcount(open), 32)) > kMaxItems)
    return {Accepted::Kind::cannot_be_said, {}};
  Term term{.argument = argument.index};
  std::uint64_t bits = 0;
  do {
    term.ranges.push_back({datum | bits, datum | bits});
    bits = (bits - open) & open;  // the next subset of the open bits
  } while (bits != 0);
  return some(std::move(term));
}

}  // namespace

Accepted accepted_by(const OciArgument& argument) {
  const std::uint64_t v = argument.value;
  const auto ranges = [&](std::vector<Range> accepted) {
    return some({.argument = argument.index, .ranges = std::move(accepted)});
  };
  const Accepted none{Accepted::Kind::none, {}};
  switch (argument.operation) {
    case OciOperation::equal:
      return ranges({{v, v}});
    case OciOperation::not_equal:
      if (v == 0) return ranges({{1, kAll}});
      if (v == kAll) return ranges({{0, kAll - 1}});
      return ranges({{0, v - 1}, {v + 1, kAll}});
    case OciOperation::less:
      return v == 0 ? none : ranges({{0, v - 1}});
    case OciOperation::less_or_equal:
      return ranges({{0, v}});
    case OciOperation::greater_or_equal:
      return ranges({{v, kAll}});
    case OciOperation::greater:
      return v == kAll ? none : ranges({{v + 1, kAll}});
    case OciOperation::masked_equal:
      break;
  }
  return masked(argument);
}

OciRules resolve(const OciProfile& profile) {
  std::map<std::string, std::vector<Wish>> wishes;
  std::map<std::string, std::string> skipped;  // name -> why, should nothing else name it
  for (const OciGroup& group : profile.groups) {
    const Resolved resolved = resolve_conditions(group);
    std::optional<Predicate> when;
    std::string why_not = resolved.why_not;
    if (why_not.empty() && !group.action) why_not = "for " + group.action_name;
    if (why_not.empty() && !group.arguments.empty()) {
      when = predicate_of(group.arguments);
      if (!when) why_not = "conditions that a text has no words for";
    }
    for (const std::string& name : group.names) {
      if (!is_syscall(name))
        skipped.insert_or_assign(name, "names of no call here");
      else if (!why_not.empty())
        skipped.emplace(name, why_not);
      else
        wishes[name].push_back({*group.action, when, resolved.note});
    }
  }
  OciRules result;
  for (const auto& [name, all] : wishes) {
    std::string why_not = "what no tool may have";
    auto rule = join(all, profile.fallback, why_not);
    if (rule) rule = within_floor(name, *std::move(rule), profile.fallback);
    if (rule)
      result.rules.emplace(name, *std::move(rule));
    else
      result.left_out[why_not].insert(name);
  }
  for (const auto& [name, why] : skipped)
    if (!wishes.contains(name)) result.left_out[why].insert(name);
  return result;
}

}  // namespace glovebox::seccomp
