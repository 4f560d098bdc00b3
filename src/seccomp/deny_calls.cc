#include "seccomp/deny_calls.h"

#include <algorithm>
#include <cerrno>
#include <format>
#include <utility>

#include "seccomp/words.h"

namespace glovebox::seccomp {

Result<void> deny_calls(Table& table, std::span<const DeniedCall> denied) {
  for (const DeniedCall& call : denied) {
    const auto number = syscall_number(call.name);
    if (!number)
      return Error(ErrorKind::invalid,
                   std::format("{}: no system call is named `{}`", call.place, call.name));
    const auto at = std::ranges::lower_bound(table.rules, *number, {}, &Rule::number);
    const bool known = at != table.rules.end() && at->number == *number;
    if (known && !at->condition && at->action.kind == Action::Kind::kill_process) continue;
    Rule rule;
    rule.name = call.name;
    rule.number = *number;
    rule.action = {Action::Kind::error, EPERM};
    rule.reason = "denied by the policy";
    rule.place = call.place;
    if (known)
      *at = std::move(rule);
    else
      table.rules.insert(at, std::move(rule));
  }
  return {};
}

}  // namespace glovebox::seccomp
