#include <algorithm>
#include <array>
#include <format>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "policy/argument_classes.h"
#include "policy/compare_parts.h"
#include "seccomp/floor.h"
#include "seccomp/words.h"

namespace glovebox::policy {

namespace {

using seccomp::Action;
using seccomp::Rule;
using seccomp::Table;
using seccomp::Term;

// Cases of one call that are looked at; beyond it counts as wider.
constexpr std::size_t kMaxCases = 1'000'000;

// Calls that few filters name: one of them is the witness of what becomes of all others.
constexpr std::array<std::string_view, 8> kRare = {"afs_syscall", "tuxcall", "security", "vserver",
                                                   "uselib",      "sysfs",   "ustat",    "putpmsg"};

// A filter together with what the profile denies.
class Side {
 public:
  Side(const Profile& profile, const Table& table) : table_(table) {
    for (const auto& item : profile.deny.syscalls) denied_.emplace(item.value, &item.origin);
    key_ = origin_of(profile, "syscalls");
    for (const Rule& rule : table.rules) rules_.emplace(rule.name, &rule);
  }

  const std::map<std::string, const Rule*, std::less<>>& rules() const { return rules_; }
  const std::map<std::string_view, const Origin*>& denied() const { return denied_; }
  const Rule* rule(std::string_view name) const {
    const auto found = rules_.find(name);
    return found == rules_.end() ? nullptr : found->second;
  }
  const Origin* cause(std::string_view name) const {
    const auto found = denied_.find(name);
    return found == denied_.end() ? key_ : found->second;
  }
  // What becomes of a call with these arguments. The number is not asked: names are the same calls.
  Action action(std::string_view name, const Rule* rule, const seccomp::Call& call) const {
    if (denied_.contains(name)) return kDenied;
    if (rule == nullptr) return table_.fallback;
    if (!rule->condition || holds(rule->condition->when, call)) return rule->action;
    for (const seccomp::Branch& branch : rule->condition->between)
      if (holds(branch.when, call)) return branch.action;
    return rule->condition->otherwise;
  }
  bool names(std::string_view name) const {
    return rules_.contains(name) || denied_.contains(name);
  }

 private:
  static constexpr Action kDenied{Action::Kind::error, 1};  // EPERM

  const Table& table_;
  const Origin* key_ = nullptr;
  std::map<std::string_view, const Origin*> denied_;
  std::map<std::string, const Rule*, std::less<>> rules_;
};

bool allows(const Action& action) {
  return action.kind == Action::Kind::allow;
}

bool same(const seccomp::Predicate& a, const seccomp::Predicate& b) {
  const auto same_term = [](const Term& x, const Term& y) {
    return x.argument == y.argument && x.width == y.width && x.mask == y.mask &&
           x.ranges == y.ranges;
  };
  return std::ranges::equal(
      a, b, [&](const auto& x, const auto& y) { return std::ranges::equal(x, y, same_term); });
}

// As they are written: what means the same in other words is for its cases to say.
bool same(const Rule& a, const Rule& b) {
  if (a.action != b.action || a.condition.has_value() != b.condition.has_value()) return false;
  if (!a.condition) return true;
  return same(a.condition->when, b.condition->when) &&
         a.condition->otherwise == b.condition->otherwise &&
         std::ranges::equal(a.condition->between, b.condition->between,
                            [](const seccomp::Branch& x, const seccomp::Branch& y) {
                              return x.action == y.action && same(x.when, y.when);
                            });
}

// Most profiles of two policies have the same filter: it is not gone through call by call.
bool same(const Table& a, const Table& b) {
  return a.fallback == b.fallback &&
         std::ranges::equal(a.rules, b.rules, [](const Rule& x, const Rule& y) {
           return x.name == y.name && same(x, y);
         });
}

bool same_denials(const Profile& a, const Profile& b) {
  const auto names = [](const Profile& profile) {
    std::set<std::string_view> all;
    for (const auto& item : profile.deny.syscalls) all.insert(item.value);
    return all;
  };
  return names(a) == names(b);
}

// Values for each argument that the conditions of both rules look at.
std::optional<std::array<std::vector<std::uint64_t>, seccomp::kArguments>> cases_of(
    const Rule* before, const Rule* after) {
  std::array<std::vector<const Term*>, seccomp::kArguments> terms;
  const auto add = [&](const seccomp::Predicate& when) {
    for (const seccomp::Conjunction& conjunction : when)
      for (const Term& term : conjunction) terms.at(term.argument).push_back(&term);
  };
  for (const Rule* rule : {before, after}) {
    if (rule == nullptr || !rule->condition) continue;
    add(rule->condition->when);
    for (const seccomp::Branch& branch : rule->condition->between) add(branch.when);
  }
  std::array<std::vector<std::uint64_t>, seccomp::kArguments> cases;
  std::size_t all = 1;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    auto values = argument_classes(terms.at(i));
    if (!values || values->size() > kMaxCases / all) return std::nullopt;
    all *= values->size();
    cases.at(i) = *std::move(values);
  }
  return cases;
}

class Comparison {
 public:
  Comparison(const Side& before, const Side& after, Findings& findings)
      : before_(before), after_(after), findings_(findings) {}

  void run() {
    std::set<std::string, std::less<>> names;
    for (const Side* side : {&before_, &after_}) {
      for (const auto& [name, rule] : side->rules()) names.insert(name);
      for (const auto& [name, origin] : side->denied()) names.emplace(name);
    }
    for (const std::string& name : names) compare(name);
    others();
  }

 private:
  void compare(const std::string& name) {
    const Rule* old = before_.rule(name);
    const Rule* now = after_.rule(name);
    if (old != nullptr && now != nullptr && same(*old, *now) &&
        before_.denied().contains(name) == after_.denied().contains(name))
      return;
    const auto cases = cases_of(old, now);
    if (!cases) {
      findings_.add(Direction::wider, "syscalls." + name,
                    std::format("the conditions of `{}` are too many to compare", name), Risk::high,
                    {before_.cause(name), after_.cause(name)});
      return;
    }
    told_.clear();
    seccomp::Call call;
    each(name, old, now, *cases, 0, call);
  }

  void each(const std::string& name, const Rule* old, const Rule* now,
            const std::array<std::vector<std::uint64_t>, seccomp::kArguments>& cases,
            std::size_t argument, seccomp::Call& call) {
    if (argument < cases.size()) {
      for (const std::uint64_t value : cases.at(argument)) {
        call.arguments.at(argument) = value;
        each(name, old, now, cases, argument + 1, call);
      }
      return;
    }
    tell(name, before_.action(name, old, call), after_.action(name, now, call), call);
  }

  void tell(const std::string& name, const Action& was, const Action& is,
            const seccomp::Call& call) {
    if (was == is) return;
    const bool lattice = allows(was) != allows(is);
    const Direction direction = lattice ? direction_of(allows(is)) : Direction::changed;
    if (!told_.insert(direction).second) return;
    std::optional<Request> witness;
    if (lattice) {
      SyscallRequest request;
      request.name = name;
      if (const auto number = seccomp::syscall_number(name)) {
        request.number = *number;
        std::ranges::copy(call.arguments, request.arguments.begin());
        witness = std::move(request);
      }
    }
    const Risk risk = !lattice                      ? Risk::low
                      : seccomp::is_dangerous(name) ? Risk::high
                                                    : Risk::medium;
    findings_.add(direction, "syscalls." + name,
                  std::format("`{}`: {}, before {}", name, to_string(is), to_string(was)), risk,
                  {before_.cause(name), after_.cause(name)}, std::move(witness));
  }

  // Calls that neither side names.
  void others() {
    told_.clear();
    for (const std::string_view name : kRare)
      if (!before_.names(name) && !after_.names(name) && seccomp::syscall_number(name))
        return tell(std::string(name), before_.action(name, nullptr, {}),
                    after_.action(name, nullptr, {}), {});
    const Action was = before_.action("", nullptr, {}), is = after_.action("", nullptr, {});
    if (was == is) return;
    const bool lattice = allows(was) != allows(is);
    findings_.add(lattice ? direction_of(allows(is)) : Direction::changed, "syscalls.default",
                  std::format("any other call: {}, before {}", to_string(is), to_string(was)),
                  Risk::high, {before_.cause(""), after_.cause("")});
  }

  const Side& before_;
  const Side& after_;
  Findings& findings_;
  std::set<Direction> told_;
};

// Where nothing but `deny` says something.
void denied_calls(const Sides& sides, Findings& findings) {
  if (!sides.before.syscalls.empty()) return;
  Table everything;
  everything.fallback = {Action::Kind::allow, 0};
  Comparison(Side(sides.before, everything), Side(sides.after, everything), findings).run();
}

}  // namespace

void compare_syscalls(const Sides& sides, Findings& findings) {
  const Table* old = filter_of(sides.before, sides.filters_before);
  const Table* now = filter_of(sides.after, sides.filters_after);
  if (old != nullptr && now != nullptr && same(*old, *now) &&
      same_denials(sides.before, sides.after))
    return;
  if (old != nullptr && now != nullptr)
    return Comparison(Side(sides.before, *old), Side(sides.after, *now), findings).run();
  // Without a filter in the policy nothing is bounded, without the one it names all is refused.
  enum class Calls { none, some, all };
  const auto calls = [](const Profile& profile, const Table* table) {
    return table != nullptr ? Calls::some : profile.syscalls.empty() ? Calls::all : Calls::none;
  };
  const Calls less = calls(sides.before, old), more = calls(sides.after, now);
  if (less == more) return denied_calls(sides, findings);
  const auto word = [](Calls of) {
    return of == Calls::all ? "any" : of == Calls::some ? "as its filter says" : "none";
  };
  findings.add(direction_of(more > less), "syscalls",
               std::format("system calls: {}, before: {}", word(more), word(less)), Risk::high,
               {origin_of(sides.before, "syscalls"), origin_of(sides.after, "syscalls")});
}

}  // namespace glovebox::policy
