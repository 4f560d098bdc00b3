#include "seccomp/explain.h"

#include <algorithm>
#include <format>
#include <utility>

#include "seccomp/expression.h"
#include "seccomp/floor.h"
#include "seccomp/words.h"

namespace glovebox::seccomp {

namespace {

Error wrong(std::string message, std::string_view meant = {}) {
  if (!meant.empty()) message += std::format("\nhint: did you mean `{}`?", meant);
  return Error(ErrorKind::invalid, std::move(message));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Result<void> read_argument(std::string_view text, CallQuestion& question) {
  const std::string_view piece = trimmed(text);
  const std::size_t sign = piece.find('=');
  const std::string_view name = trimmed(piece.substr(0, std::min(sign, piece.size())));
  if (sign == std::string_view::npos || name.size() != 4 || !name.starts_with("arg") ||
      name[3] < '0' || name[3] >= '0' + kArguments)
    return wrong(std::format("`{}` is no argument\nhint: arg0=VALUE … arg5=VALUE", piece));
  std::size_t position = sign + 1;
  const auto value = parse_value(piece, position);
  if (!value) {
    Error error = wrong(std::format("{}: {}", name, value.error().message));
    if (!value.error().hint.empty())
      error = wrong(std::format("{}\nhint: {}", error.message(), value.error().hint));
    return error;
  }
  if (position != piece.size())
    return wrong(std::format("{}: not understood: `{}`", name, piece.substr(position)));
  auto& known = question.arguments.at(static_cast<std::size_t>(name[3] - '0'));
  if (known) return wrong(std::format("{} is given twice", name));
  known = *value;
  return {};
}

// What is left of a predicate when some arguments are known.
struct Rest {
  bool always = false;
  Predicate predicate;  // empty and not always: never
};

Rest rest_of(const Predicate& predicate, const CallQuestion& question) {
  Rest rest;
  for (const Conjunction& conjunction : predicate) {
    Conjunction open;
    const bool possible = std::ranges::all_of(conjunction, [&](const Term& term) {
      const auto& known = question.arguments.at(term.argument);
      if (!known) open.push_back(term);
      return !known || term.holds(*known);
    });
    if (!possible) continue;
    if (open.empty()) return {.always = true, .predicate = {}};
    rest.predicate.push_back(std::move(open));
  }
  return rest;
}

std::vector<Outcome> outcomes_of(const Rule& rule, const CallQuestion& question) {
  if (!rule.condition) return {{rule.action, std::nullopt}};
  std::vector<Outcome> outcomes;
  // Whether it decides, so that nothing behind it counts.
  const auto add = [&](const Predicate& when, const Action& action) {
    Rest rest = rest_of(when, question);
    if (rest.always)
      outcomes.push_back({action, std::nullopt});
    else if (!rest.predicate.empty())
      outcomes.push_back({action, std::move(rest.predicate)});
    return rest.always;
  };
  if (add(rule.condition->when, rule.action)) return outcomes;
  for (const Branch& branch : rule.condition->between)
    if (add(branch.when, branch.action)) return outcomes;
  outcomes.push_back({rule.condition->otherwise, std::nullopt});
  return outcomes;
}

// `file:line` of `file:line:column`.
std::string line_of(const std::string& place) {
  return place.substr(0, place.rfind(':'));
}

}  // namespace

Result<CallQuestion> parse_question(std::string_view text) {
  CallQuestion question;
  text = trimmed(text);
  const std::size_t open = text.find('(');
  const std::string_view name = trimmed(text.substr(0, open));
  if (!is_syscall(name))
    return wrong(std::format("no system call named `{}`", name), nearest_syscall(name));
  question.name = name;
  if (open == std::string_view::npos) return question;
  if (!text.ends_with(')')) return wrong(std::format("`)` is missing: {}", text));
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  if (trimmed(rest).empty()) return question;
  while (true) {
    const std::size_t comma = rest.find(',');
    TRY(read_argument(rest.substr(0, comma), question));
    if (comma == std::string_view::npos) return question;
    rest.remove_prefix(comma + 1);
  }
}

std::string to_string(const CallQuestion& question) {
  std::string arguments;
  for (std::size_t i = 0; i < question.arguments.size(); ++i)
    if (const auto& known = question.arguments.at(i))
      arguments += std::format("{}arg{}={:#x}", arguments.empty() ? "" : ", ", i, *known);
  return arguments.empty() ? question.name : std::format("{}({})", question.name, arguments);
}

Explanation explain(const Table& table, const CallQuestion& question) {
  Explanation answer{.question = question, .arch = table.arch};
  answer.number = syscall_number(question.name, table.arch);
  answer.floor = floor_of(question.name);
  if (!answer.number) {
    const auto absent = std::ranges::find(table.absent, question.name, &Absent::name);
    answer.named = absent != table.absent.end();
    answer.place = line_of(answer.named ? absent->place : table.fallback_place);
    return answer;
  }
  if (const Rule* rule = table.find(*answer.number)) {
    answer.named = true;
    answer.outcomes = outcomes_of(*rule, question);
    answer.place = line_of(rule->place);
    answer.reason = rule->reason;
    return answer;
  }
  answer.outcomes = {{table.fallback, std::nullopt}};
  answer.place = line_of(table.fallback_place);
  return answer;
}

std::string to_text(const Explanation& answer) {
  std::string text;
  if (!answer.number) {
    text = std::format("{}: {} has no such call, so no program can make it\n", answer.question.name,
                       to_string(answer.arch));
  } else if (answer.outcomes.size() == 1) {
    text = std::format("{} on {} (number {}): {}\n", to_string(answer.question),
                       to_string(answer.arch), *answer.number,
                       to_string(answer.outcomes.front().action));
  } else {
    text = std::format("{} on {} (number {}): it depends\n", to_string(answer.question),
                       to_string(answer.arch), *answer.number);
    for (const Outcome& outcome : answer.outcomes)
      text += std::format("  {} {}\n", to_string(outcome.action),
                          outcome.when ? "if " + to_string(*outcome.when) : "otherwise");
  }
  text += std::format("  line: {}{}\n", answer.place,
                      answer.named ? "" : ", the default: no line names this call");
  if (!answer.reason.empty()) text += std::format("  reason: {}\n", answer.reason);
  text +=
      std::format("  floor: {}\n", answer.floor.empty() ? "says nothing about it" : answer.floor);
  return text;
}

}  // namespace glovebox::seccomp
