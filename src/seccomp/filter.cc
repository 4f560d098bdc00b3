#include "seccomp/filter.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <iterator>
#include <utility>

#include "base/nearest_word.h"
#include "codec/digest.h"
#include "seccomp/bpf.h"
#include "seccomp/embedded_filters.h"
#include "seccomp/embedded_sets.h"
#include "seccomp/floor.h"
#include "seccomp/lower.h"
#include "seccomp/parse.h"
#include "seccomp/prove.h"
#include "seccomp/silenced.h"

namespace glovebox::seccomp {

namespace {

FilterUser user_of(std::string_view builtin) {
  return builtin.starts_with("role-") ? FilterUser::role : FilterUser::shipped_tool;
}

// The text of a file that a place may name: the text itself, or a set that it includes.
std::string_view text_of(std::string_view named, std::string_view file, std::string_view text) {
  constexpr std::string_view kSet = ".set";
  if (named == file) return text;
  if (!named.ends_with(kSet)) return {};  // a line of the policy that denies a call
  return builtin_set(named.substr(0, named.size() - kSet.size())).value_or("");
}

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number && !text.empty(); ++line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find('\n'));
}

// An error at a place that a table names, `file:line:column`.
TextError error_at(std::string_view place, std::string_view file, std::string_view text) {
  const auto number_behind = [&](std::size_t colon) {
    std::uint32_t number = 1;
    std::from_chars(place.data() + colon + 1, place.data() + place.size(), number);
    return number;
  };
  const std::size_t column = place.rfind(':');
  const std::size_t line = place.rfind(':', column - 1);
  TextError error{.file = std::string(place.substr(0, line)),
                  .line = number_behind(line),
                  .column = number_behind(column)};
  error.source = line_of(text_of(error.file, file, text), error.line);
  return error;
}

std::vector<TextError> floor_errors(const Table& table, std::string_view file,
                                    std::string_view text) {
  std::vector<TextError> errors;
  for (const FloorBreach& breach : check_floor(table)) {
    TextError error =
        error_at(breach.rule != nullptr ? breach.rule->place : table.fallback_place, file, text);
    error.code = Code::floor;
    error.message = "no tool may have " + breach.what;
    error.hint = "this is the floor of every filter of a tool; refuse it: errno(EPERM)";
    errors.push_back(std::move(error));
  }
  return errors;
}

// The listener of a filter leaves the box by a message, after the filter stands. A call that was
// itself reported by then would wait for a listener that nobody has.
std::vector<TextError> way_out_errors(const Table& table, std::string_view file,
                                      std::string_view text) {
  const auto reports =
      std::ranges::find_if(table.rules, [](const Rule& rule) { return notifies(rule); });
  if (reports == table.rules.end()) return {};
  std::vector<TextError> errors;
  for (const std::string_view name : {"sendmsg", "close"}) {
    const auto rule = std::ranges::find(table.rules, name, &Rule::name);
    if (rule != table.rules.end() && !rule->condition && rule->action.kind == Action::Kind::allow)
      continue;
    TextError error = error_at(reports->place, file, text);
    error.code = Code::no_way_out;
    error.message =
        std::format("a filter that reports calls (`notify`) needs the line `{}: allow`", name);
    error.hint = "by it the way to report leaves the box";
    errors.push_back(std::move(error));
  }
  return errors;
}

std::vector<TextError> silenced_errors(const Table& table, std::string_view file,
                                       std::string_view text) {
  for (const std::string_view name : filters_below_tools()) {
    const auto below = parse(name, builtin_text(name).value_or(""), builtin_set, table.arch);
    if (!below) return below.error();
    const Rule* rule = find_silenced(table, *below);
    if (rule == nullptr) continue;
    TextError error = error_at(rule->place, file, text);
    error.code = Code::silenced;
    error.message = std::format(
        "`{}: notify` is never reported for some of its calls: glovebox's "
        "own filter {} answers them",
        rule->name, name);
    error.hint = "errno(NAME): refused without a record";
    return {std::move(error)};
  }
  return {};
}

std::vector<ReportingRule> reports_of(const Table& table) {
  std::vector<ReportingRule> reports;
  for (const Rule& rule : table.rules) {
    if (!notifies(rule)) continue;
    reports.push_back({rule.number, rule.name, rule.place.substr(0, rule.place.rfind(':'))});
  }
  return reports;
}

CompiledFilter compiled(std::string_view name, Proved proved) {
  return {std::string(name), std::move(proved.program), std::move(proved.digest),
          reports_of(proved.table)};
}

// What a policy denies is its own fault, everything else is the text's.
Result<void> check_calls(std::span<const DeniedCall> denied) {
  Table none;
  return deny_calls(none, denied);
}

void add_set_hints(std::vector<TextError>& errors) {
  std::vector<std::string_view> sets;
  std::string all;
  for (const auto& [set, text] : kEmbeddedSets) {
    sets.push_back(set);
    all += std::format("{}@{}", all.empty() ? "" : " ", set);
  }
  for (TextError& error : errors) {
    if (error.code != Code::unknown_set) continue;
    const std::string_view line = std::string_view(error.source).substr(error.column - 1);
    const std::string_view nearest = nearest_word(line.substr(0, line.find_first_of(" #")), sets);
    error.hint =
        nearest.empty() ? "the sets are " + all : std::format("did you mean `@{}`?", nearest);
  }
}

Error all_of(const std::vector<TextError>& errors, ErrorKind kind) {
  std::string message = to_text(errors);
  while (message.ends_with('\n')) message.pop_back();
  return Error(kind, std::move(message));
}

}  // namespace

std::optional<std::string_view> builtin_text(std::string_view name) {
  for (const auto& [file, text] : kEmbeddedFilters)
    if (file == name) return text;
  return std::nullopt;
}

std::vector<std::string_view> builtin_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kEmbeddedFilters));
  for (const auto& [file, text] : kEmbeddedFilters) names.push_back(file);
  return names;
}

std::optional<std::string_view> builtin_set(std::string_view name) {
  for (const auto& [set, text] : kEmbeddedSets)
    if (set == name) return text;
  return std::nullopt;
}

std::expected<Proved, std::vector<TextError>> prove_text(std::string_view file,
                                                         std::string_view text, FilterUser user,
                                                         Arch arch,
                                                         std::span<const DeniedCall> denied) {
  auto table = parse(file, text, builtin_set, arch);
  if (!table) {
    add_set_hints(table.error());
    return std::unexpected(std::move(table.error()));
  }
  if (user != FilterUser::role)
    if (auto errors = floor_errors(*table, file, text); !errors.empty())
      return std::unexpected(std::move(errors));
  const auto not_proved = [&](const Error& error) {
    TextError found = error_at(table->fallback_place, file, text);
    found.code = Code::not_proved;
    found.message = std::format("{}: {}", to_string(arch), error.message());
    return std::unexpected(std::vector<TextError>{std::move(found)});
  };
  if (const auto known = deny_calls(*table, denied); !known) return not_proved(known.error());
  if (user != FilterUser::role)
    if (auto errors = way_out_errors(*table, file, text); !errors.empty())
      return std::unexpected(std::move(errors));
  if (user == FilterUser::tool)
    if (auto errors = silenced_errors(*table, file, text); !errors.empty())
      return std::unexpected(std::move(errors));
  const auto program = lower(*table);
  if (!program) return not_proved(program.error());
  if (const auto proved = prove(*table, *program); !proved) return not_proved(proved.error());
  Proved result{.table = std::move(*table), .program = to_bytes(*program), .digest = {}};
  result.digest = codec::sha256(result.program).hex();
  return result;
}

std::optional<std::expected<Proved, std::vector<TextError>>> prove_builtin(std::string_view name,
                                                                           Arch arch) {
  const auto text = builtin_text(name);
  if (!text) return std::nullopt;
  return prove_text(std::format("{}.policy", name), *text, user_of(name), arch);
}

Result<CompiledFilter> compile_builtin(std::string_view name, std::span<const DeniedCall> denied) {
  TRY(check_calls(denied));
  const auto text = builtin_text(name);
  if (!text) return Error(ErrorKind::not_found, std::format("no built-in filter `{}`", name));
  auto proved = prove_text(std::format("{}.policy", name), *text, user_of(name), kHostArch, denied);
  if (!proved)
    return all_of(proved.error(), denied.empty() ? ErrorKind::internal : ErrorKind::invalid);
  return compiled(name, *std::move(proved));
}

Result<CompiledFilter> compile_file(std::string_view file, std::string_view text,
                                    std::span<const DeniedCall> denied) {
  TRY(check_calls(denied));
  auto proved = prove_text(file, text, FilterUser::tool, kHostArch, denied);
  if (!proved) return all_of(proved.error(), ErrorKind::invalid);
  return compiled(file, *std::move(proved));
}

FilterText to_text(const Proved& proved) {
  const auto program = from_bytes(proved.program);
  if (!program) return {to_text(proved.table), {}};
  return {to_text(proved.table),
          std::format("{}; {}: {} instructions, sha256 {}\n", disassemble(*program),
                      to_string(proved.table.arch), program->size(), proved.digest)};
}

Result<FilterText> artefacts_of(std::string_view name) {
  FilterText all;
  for (const Arch arch : kArches) {
    const auto proved = prove_builtin(name, arch);
    if (!proved) return Error(ErrorKind::not_found, std::format("no built-in filter `{}`", name));
    if (!*proved) return all_of(proved->error(), ErrorKind::internal);
    const FilterText one = to_text(**proved);
    all.table += one.table;
    all.program += one.program;
  }
  return all;
}

}  // namespace glovebox::seccomp
