#include "seccomp/silenced.h"

#include <algorithm>

#include "seccomp/prove.h"

namespace glovebox::seccomp {

std::vector<std::string_view> filters_below_tools() {
  return {"role-supervisor", "role-boxer", "role-keeper"};
}

const Rule* find_silenced(const Table& table, const Table& below) {
  const auto is_silenced = [&](const Call& call) {
    if (evaluate(table, call).kind != Action::Kind::notify) return false;
    const Action::Kind answer = evaluate(below, call).kind;
    return answer != Action::Kind::notify && answer != Action::Kind::allow;
  };
  for (const Rule& rule : table.rules) {
    if (!notifies(rule)) continue;
    const Rule* other = below.find(rule.number);
    if (std::ranges::any_of(proof_calls(rule, table.arch), is_silenced) ||
        (other != nullptr && std::ranges::any_of(proof_calls(*other, table.arch), is_silenced)))
      return &rule;
  }
  return nullptr;
}

}  // namespace glovebox::seccomp
