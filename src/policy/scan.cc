#include "policy/scan.h"

#include <cstdint>
#include <format>
#include <string>

namespace glovebox::policy {

namespace {

// Steps over one UTF-8 sequence; 0 for bytes that are none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text, char32_t& point) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  point = length == 1 ? lead : static_cast<char32_t>(lead & (0x7F >> length));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
    point = (point << 6) | (at(i) & 0x3F);
  }
  if ((length == 3 && point < 0x800) || (length == 4 && point < 0x10000)) return 0;
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return 0;
  return length;
}

// Nobody sees what a private character means, and document.cc has a use of its own for them.
constexpr char32_t kPrivatePlanes = 0xF0000;

bool unseen(char32_t point) {
  if (point < 0x20) return point != '\t' && point != '\n' && point != '\r';
  return (point >= 0x7F && point < 0xA0) || point == 0x061C || point == 0x200B || point == 0x200E ||
         point == 0x200F || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x2069) || point == 0xFEFF ||
         (point >= 0xE0000 && point <= 0xE007F) || point >= kPrivatePlanes;
}

class Scanner {
 public:
  Scanner(std::string_view file, std::string_view text) : file_(file), text_(text) {}

  std::optional<Diagnostic> run() {
    while (!text_.empty()) {
      char32_t point = 0;
      const std::size_t length = sequence_length(text_, point);
      if (length == 0) return problem(Code::not_text, "bytes that are not UTF-8", "");
      if (unseen(point)) {
        return problem(Code::not_text,
                       std::format("character U+{:04X}, which no reviewer sees",
                                   static_cast<std::uint32_t>(point)),
                       "remove it; write it as an escape if a string really needs it");
      }
      if (text_.starts_with("\\U000F") || text_.starts_with("\\U000f") ||
          text_.starts_with("\\U0010"))
        return problem(Code::not_text, "an escape for a private character", "");
      if (auto found = structure(static_cast<char>(length == 1 ? point : 'x'))) return found;
      // Whatever a trick with strings hides from the bracket counting, no line is long enough to
      // nest deep.
      if (++column_ > kMaxLineColumns)
        return problem(Code::too_deep,
                       std::format("line of more than {} characters", kMaxLineColumns), "");
      if (point == '\n') next_line();
      text_.remove_prefix(length);
    }
    return std::nullopt;
  }

 private:
  // Counts brackets and dots outside strings and comments, line by line. Strings over several
  // lines are only ever values, and brackets inside them are counted as too many at worst.
  std::optional<Diagnostic> structure(char c) {
    if (quote_ != 0) {
      if (c == '\\' && quote_ == '"') {
        escaped_ = !escaped_;
      } else if (c == quote_ && !escaped_) {
        quote_ = 0;
      } else {
        escaped_ = false;
      }
      return std::nullopt;
    }
    if (comment_) return std::nullopt;
    switch (c) {
      case '#':
        comment_ = true;
        break;
      case '"':
      case '\'':
        quote_ = c;
        break;
      case '[':
        if (text_.starts_with("[[[") && at_line_start_)
          return problem(Code::syntax, "three brackets in a row", "a table array is [[name]]");
        [[fallthrough]];
      case '{':
        after_equals_ = false;
        dots_ = 0;
        if (++depth_ > kMaxNesting)
          return problem(Code::too_deep, std::format("nesting deeper than {}", kMaxNesting), "");
        break;
      case ']':
      case '}':
        depth_ -= depth_ > 0 ? 1 : 0;
        break;
      case '.':
        if (!after_equals_ && ++dots_ >= kMaxKeyParts)
          return problem(Code::too_deep, std::format("key of more than {} parts", kMaxKeyParts),
                         "");
        break;
      case '=':
        after_equals_ = true;
        break;
      case ',':
        after_equals_ = false;
        dots_ = 0;
        break;
      default:
        break;
    }
    if (c != ' ' && c != '\t') at_line_start_ = false;
    return std::nullopt;
  }

  void next_line() {
    ++line_;
    column_ = 1;
    comment_ = after_equals_ = escaped_ = false;
    at_line_start_ = true;
    quote_ = 0;
    dots_ = 0;
  }

  Diagnostic problem(Code code, std::string message, std::string hint) const {
    return {code, {std::string(file_), line_, column_}, 1, std::move(message), std::move(hint)};
  }

  std::string_view file_;
  std::string_view text_;
  std::uint32_t line_ = 1, column_ = 1;
  int depth_ = 0, dots_ = 0;
  char quote_ = 0;
  bool comment_ = false, after_equals_ = false, escaped_ = false, at_line_start_ = true;
};

}  // namespace

std::optional<Diagnostic> scan(std::string_view file, std::string_view text) {
  const auto whole = [&](std::string message, std::string hint) {
    return Diagnostic{
        Code::unreadable, {std::string(file), 1, 1}, 1, std::move(message), std::move(hint)};
  };
  if (text.empty()) return whole("the file is empty", "");
  if (text.size() > kMaxPolicyBytes)
    return whole(std::format("{} bytes, at most {} are read", text.size(), kMaxPolicyBytes), "");
  return Scanner(file, text).run();
}

}  // namespace glovebox::policy
