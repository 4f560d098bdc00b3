#include "seccomp/table.h"

#include <algorithm>
#include <format>

#include "base/error.h"

namespace glovebox::seccomp {

namespace {

constexpr Action kForeign{Action::Kind::kill_process, 0};

std::string to_string(const Range& range) {
  if (range.first == range.last) return std::format("{:#x}", range.first);
  return std::format("{:#x}..{:#x}", range.first, range.last);
}

std::string to_string(const Term& term) {
  std::string text = term.width == Width::low32 ? std::format("low(arg{})", int{term.argument})
                                                : std::format("arg{}", int{term.argument});
  if (term.mask) return text + std::format(" in mask {:#x}", *term.mask);
  text += term.ranges.size() == 1 && term.ranges[0].first == term.ranges[0].last ? " == " : " in ";
  for (std::size_t i = 0; i < term.ranges.size(); ++i)
    text += (i == 0 ? "" : ",") + to_string(term.ranges[i]);
  return text;
}

}  // namespace

bool Term::holds(std::uint64_t value) const {
  if (width == Width::low32) value &= 0xFFFFFFFF;
  if (mask) return (value & ~*mask) == 0;
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return range.first <= value && value <= range.last; });
}

const Rule* Table::find(std::uint32_t number) const {
  const auto at = std::ranges::lower_bound(rules, number, {}, &Rule::number);
  return at != rules.end() && at->number == number ? &*at : nullptr;
}

bool holds(const Predicate& predicate, const Call& call) {
  return std::ranges::any_of(predicate, [&](const Conjunction& conjunction) {
    return std::ranges::all_of(conjunction, [&](const Term& term) {
      return term.holds(call.arguments.at(term.argument));
    });
  });
}

Action evaluate(const Table& table, const Call& call) {
  if (call.arch != audit_number(table.arch)) return kForeign;
  // -1 is what a tracer leaves behind to skip a call; it is no x32 number.
  if (has_x32(table.arch) && call.number >= kX32Bit && call.number != 0xFFFFFFFF) return kForeign;
  const Rule* rule = table.find(call.number);
  if (rule == nullptr) return table.fallback;
  if (!rule->condition || holds(rule->condition->when, call)) return rule->action;
  for (const Branch& branch : rule->condition->between)
    if (holds(branch.when, call)) return branch.action;
  return rule->condition->otherwise;
}

bool notifies(const Rule& rule) {
  constexpr auto kNotify = Action::Kind::notify;
  if (rule.action.kind == kNotify) return true;
  return rule.condition && (rule.condition->otherwise.kind == kNotify ||
                            std::ranges::any_of(rule.condition->between, [](const Branch& branch) {
                              return branch.action.kind == kNotify;
                            }));
}

std::string to_string(const Action& action) {
  switch (action.kind) {
    case Action::Kind::allow:
      return "allow";
    case Action::Kind::error:
      return std::format("errno({})", errno_name(action.error));
    case Action::Kind::notify:
      return std::format("notify({})", errno_name(action.error));
    case Action::Kind::kill_process:
      break;
  }
  return "kill";
}

std::string to_string(const Predicate& predicate) {
  std::string text;
  for (const Conjunction& conjunction : predicate) {
    if (!text.empty()) text += " || ";
    for (std::size_t i = 0; i < conjunction.size(); ++i)
      text += (i == 0 ? "" : " && ") + to_string(conjunction[i]);
  }
  return text;
}

std::string to_text(const Table& table) {
  std::string text;
  const std::string_view arch = to_string(table.arch);
  for (const Rule& rule : table.rules) {
    text += std::format("{} {:3} {}: {}", arch, rule.number, rule.name, to_string(rule.action));
    if (rule.condition) {
      text += std::format(" if {}", to_string(rule.condition->when));
      for (const Branch& branch : rule.condition->between)
        text += std::format(" else {} if {}", to_string(branch.action), to_string(branch.when));
      text += std::format(" else {}", to_string(rule.condition->otherwise));
    }
    text += '\n';
  }
  for (const Absent& absent : table.absent)
    text += std::format("{}   - {}: no such call here\n", arch, absent.name);
  text += std::format("{} any other number: {}\n", arch, to_string(table.fallback));
  text += std::format("{}other architectures: {}\n", has_x32(table.arch) ? "x32 numbers, " : "",
                      to_string(kForeign));
  return text;
}

}  // namespace glovebox::seccomp
