#include "policy/diagnostic.h"

#include <algorithm>
#include <format>

#include "base/log.h"

namespace glovebox::policy {

namespace {

constexpr std::size_t kShownColumns = 160;

std::string_view line_of(std::string_view source, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const auto end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  return source.substr(0, std::min(source.find('\n'), source.size()));
}

}  // namespace

std::string to_text(const Diagnostic& diagnostic, std::string_view source) {
  const Origin& at = diagnostic.origin;
  std::string text =
      std::format("{}:{}:{}: error GB{:04}: {}\n", at.file, at.line, at.column,
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

}  // namespace glovebox::policy
