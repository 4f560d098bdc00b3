#include "seccomp/filter.h"

#include <format>
#include <iterator>
#include <span>
#include <utility>

#include "codec/digest.h"
#include "seccomp/bpf.h"
#include "seccomp/embedded_filters.h"
#include "seccomp/embedded_sets.h"
#include "seccomp/floor.h"
#include "seccomp/lower.h"
#include "seccomp/parse.h"
#include "seccomp/prove.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

namespace {

enum class Floor { needed, lifted };

// Role filters stand under a process of ours that makes boxes; every other text is a tool's.
Floor floor_of(std::string_view builtin) {
  return builtin.starts_with("role-") ? Floor::lifted : Floor::needed;
}

struct Proved {
  Table table;
  std::vector<Instruction> program;
};

Result<Proved> compile(std::string_view file, std::string_view text, Floor floor,
                       std::span<const DeniedCall> denied = {}) {
  auto table = parse(file, text, builtin_set);
  if (!table) {
    std::string message;
    for (const TextError& error : table.error())
      message += (message.empty() ? "" : "\n") + to_string(error);
    return Error(ErrorKind::invalid, std::move(message));
  }
  if (floor == Floor::needed) {
    std::string message;
    for (const FloorBreach& breach : check_floor(*table))
      message +=
          std::format("{}{}: error: no tool may have {}", message.empty() ? "" : "\n",
                      breach.rule != nullptr ? breach.rule->place : std::string(file), breach.what);
    if (!message.empty()) return Error(ErrorKind::invalid, std::move(message));
  }
  TRY(deny_calls(*table, denied));
  std::vector<Instruction> program = TRY_CONTEXT(lower(*table), file);
  TRY(prove(*table, program));
  return Proved{std::move(*table), std::move(program)};
}

Result<Proved> compile_shipped(std::string_view name, std::span<const DeniedCall> denied = {}) {
  // Theirs is the policy's fault, everything else is ours.
  Table none;
  TRY(deny_calls(none, denied));
  const auto text = builtin_text(name);
  if (!text) return Error(ErrorKind::not_found, std::format("no built-in filter `{}`", name));
  auto proved = compile(std::format("{}.policy", name), *text, floor_of(name), denied);
  if (!proved) return Error(ErrorKind::internal, proved.error().message());
  return proved;
}

CompiledFilter finish(std::string_view name, std::span<const Instruction> program) {
  std::string bytes = to_bytes(program);
  std::string digest = codec::sha256(bytes).hex();
  return {std::string(name), std::move(bytes), std::move(digest)};
}

FilterText show(const Proved& proved) {
  return {to_text(proved.table),
          std::format("{}; {} instructions, sha256 {}\n", disassemble(proved.program),
                      proved.program.size(), finish("", proved.program).digest)};
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

Result<CompiledFilter> compile_builtin(std::string_view name, std::span<const DeniedCall> denied) {
  return finish(name, TRY(compile_shipped(name, denied)).program);
}

Result<CompiledFilter> compile_file(std::string_view file, std::string_view text,
                                    std::span<const DeniedCall> denied) {
  return finish(file, TRY(compile(file, text, Floor::needed, denied)).program);
}

Result<FilterText> show_builtin(std::string_view name) {
  return show(TRY(compile_shipped(name)));
}

Result<FilterText> show_file(std::string_view file, std::string_view text) {
  return show(TRY(compile(file, text, Floor::needed)));
}

}  // namespace glovebox::seccomp
