#include "policy/diagnostic.h"

#include <algorithm>
#include <array>
#include <format>
#include <tuple>

#include "base/log.h"

namespace glovebox::policy {

namespace {

constexpr std::size_t kShownColumns = 160;

using enum Code;
constexpr std::array kCodes = {unreadable,
                               not_text,
                               syntax,
                               too_deep,
                               unknown_key,
                               wrong_type,
                               bad_value,
                               missing_key,
                               duplicate,
                               undefined,
                               inert,
                               not_in_this_version,
                               overlap,
                               conflict,
                               bad_path,
                               forbidden_mount,
                               bad_include,
                               bad_extends,
                               bad_cap,
                               untrusted_file,
                               not_enforced,
                               nothing_holds,
                               loosened_by_date,
                               dead,
                               shadowed,
                               never_matches,
                               unused,
                               expired,
                               expires_soon,
                               beyond_cap,
                               beyond_parent,
                               secret_reach,
                               exfiltration,
                               write_and_run,
                               local_reach,
                               tool_unbound,
                               audit_below_cap,
                               no_floor,
                               without_why};
static_assert(std::ranges::is_sorted(kCodes));

std::string_view line_of(std::string_view source, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const auto end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  return source.substr(0, std::min(source.find('\n'), source.size()));
}

std::string_view text_of(const std::string& file, std::span<const SourceFile> files) {
  const auto at = std::ranges::find(files, file, &SourceFile::name);
  return at == files.end() ? std::string_view() : std::string_view(at->text);
}

}  // namespace

std::span<const Code> all_codes() {
  return kCodes;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "error";
}

std::string to_text(const Diagnostic& diagnostic, std::string_view source) {
  const Origin& at = diagnostic.origin;
  std::string text = std::format(
      "{}:{}:{}: {} GB{:04}: {}\n", at.file, at.line, at.column, to_string(diagnostic.severity),
      static_cast<unsigned>(diagnostic.code), escape_for_terminal(diagnostic.message));
  const std::string_view line = line_of(source, at.line);
  if (!line.empty() && at.column >= 1 && at.column <= line.size() + 1 &&
      at.column < kShownColumns) {
    const std::size_t before = at.column - 1;
    const std::size_t room = line.size() > before ? line.size() - before : 1;
    text += std::format("  {}\n  {}{}\n", escape_for_terminal(line.substr(0, kShownColumns)),
                        std::string(before, ' '),
                        std::string(std::clamp<std::size_t>(diagnostic.width, 1, room), '^'));
  }
  if (!diagnostic.hint.empty()) text += std::format("  hint: {}\n", diagnostic.hint);
  return text;
}

std::string to_text(const std::vector<Diagnostic>& diagnostics, std::string_view source) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += to_text(diagnostic, source);
  return text;
}

std::string to_text(const std::vector<Diagnostic>& diagnostics, std::span<const SourceFile> files) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics)
    text += to_text(diagnostic, text_of(diagnostic.origin.file, files));
  return text;
}

void sort_by_place(std::vector<Diagnostic>& diagnostics, std::span<const SourceFile> files) {
  std::ranges::stable_sort(diagnostics, {}, [&](const Diagnostic& diagnostic) {
    return std::tuple(std::ranges::find(files, diagnostic.origin.file, &SourceFile::name),
                      diagnostic.origin.line, diagnostic.origin.column);
  });
}

}  // namespace glovebox::policy
