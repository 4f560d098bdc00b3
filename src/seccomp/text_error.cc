#include "seccomp/text_error.h"

#include <algorithm>
#include <cstddef>
#include <format>

#include "base/log.h"

namespace glovebox::seccomp {

namespace {

constexpr std::size_t kShownColumns = 160;

// Columns that the caret underlines: the word that begins there, or one.
std::size_t width_at(std::string_view line, std::size_t begin) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::size_t end = begin;
  while (end < line.size() && is_word(line[end])) ++end;
  return std::max<std::size_t>(end - begin, 1);
}

}  // namespace

std::string to_string(Code code) {
  return std::format("GB{:04}", static_cast<unsigned>(code));
}

std::string to_string(const TextError& error) {
  return std::format("{}:{}:{}: error {}: {}", escape_for_terminal(error.file), error.line,
                     error.column, to_string(error.code), escape_for_terminal(error.message));
}

std::string to_text(const TextError& error) {
  std::string text = to_string(error) + "\n";
  const std::string_view shown = std::string_view(error.source).substr(0, kShownColumns);
  const std::size_t before = error.column - 1;
  if (!shown.empty() && before <= shown.size()) {
    // What is escaped takes more columns than it has bytes.
    const std::string lead = escape_for_terminal(shown.substr(0, before));
    text += std::format("  {}\n  {}{}\n", escape_for_terminal(shown), std::string(lead.size(), ' '),
                        std::string(width_at(shown, before), '^'));
  }
  if (!error.hint.empty()) text += std::format("  hint: {}\n", escape_for_terminal(error.hint));
  return text;
}

std::string to_text(const std::vector<TextError>& errors) {
  std::string text;
  for (const TextError& error : errors) text += to_text(error);
  return text;
}

}  // namespace glovebox::seccomp
