#include "tools/glob_character.h"

#include <algorithm>
#include <utility>

#include "codec/utf8.h"

namespace glovebox::tools {

namespace {

constexpr std::string_view kNameEnd = ":]";

// The end of a named class of characters, as `[:digit:]`, that begins at `at`; `at` if none does.
std::size_t named_class_end(std::string_view pattern, std::size_t at) {
  if (!pattern.substr(at).starts_with("[:")) return at;
  const std::size_t end = pattern.find(kNameEnd, at + 2);
  if (end == std::string_view::npos) return at;
  const std::string_view name = pattern.substr(at + 2, end - at - 2);
  const bool is_name = std::ranges::all_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
  return is_name && !name.empty() ? end + kNameEnd.size() : at;
}

// Of ASCII; no name holds anything else.
bool named_class_has(std::string_view name, char32_t c) {
  const auto within = [c](char32_t low, char32_t high) { return low <= c && c <= high; };
  const bool is_upper = within('A', 'Z');
  const bool is_lower = within('a', 'z');
  const bool is_digit = within('0', '9');
  const bool is_alnum = is_upper || is_lower || is_digit;
  const bool is_graph = within('!', '~');
  const std::pair<std::string_view, bool> names[] = {
      {"alnum", is_alnum},
      {"alpha", is_upper || is_lower},
      {"ascii", c <= 0x7f},
      {"blank", c == ' ' || c == '\t'},
      {"cntrl", c < ' ' || c == 0x7f},
      {"digit", is_digit},
      {"graph", is_graph},
      {"lower", is_lower},
      {"print", is_graph || c == ' '},
      {"punct", is_graph && !is_alnum},
      {"space", c == ' ' || within('\t', '\r')},
      {"upper", is_upper},
      {"word", is_alnum || c == '_'},
      {"xdigit", is_digit || within('A', 'F') || within('a', 'f')},
  };
  return std::ranges::any_of(names,
                             [&](const auto& each) { return each.first == name && each.second; });
}

// The character that `text` begins with. A byte that begins none stands for itself, beyond all
// characters.
char32_t first_character(std::string_view text) {
  constexpr char32_t kNoCharacters = 0x110000;
  const codec::Utf8Step step = codec::decode_utf8(text);
  return step.point ? *step.point : kNoCharacters + static_cast<unsigned char>(text.front());
}

char32_t class_character(std::string_view body, std::size_t& i) {
  if (body[i] == '\\' && i + 1 < body.size()) ++i;
  const std::string_view rest = body.substr(i);
  i += codec::decode_utf8(rest).length;
  return first_character(rest);
}

// `body` is what stands between the brackets.
bool class_has(std::string_view body, char32_t c) {
  const bool is_negated = body.starts_with('!') || body.starts_with('^');
  if (is_negated) body.remove_prefix(1);
  bool has = false;
  for (std::size_t i = 0; i < body.size();) {
    if (const std::size_t end = named_class_end(body, i); end != i) {
      has = has || named_class_has(body.substr(i + 2, end - i - 4), c);
      i = end;
      continue;
    }
    const char32_t low = class_character(body, i);
    char32_t high = low;
    if (i + 1 < body.size() && body[i] == '-') high = class_character(body, ++i);
    has = has || (low <= c && c <= high);
  }
  return has != is_negated;
}

}  // namespace

std::size_t class_end(std::string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  bool is_first = true;
  for (; i < pattern.size(); ++i, is_first = false) {
    if (const std::size_t end = named_class_end(pattern, i); end != i) {
      i = end - 1;
      continue;
    }
    if (pattern[i] == ']' && !is_first) return i + 1;
    if (pattern[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

std::optional<Advance> match_one(std::string_view pattern, std::size_t p, std::string_view name,
                                 std::size_t n) {
  const char c = name[n];
  switch (pattern[p]) {
    case '?':
      return Advance{1, codec::decode_utf8(name.substr(n)).length};
    case '[': {
      const std::size_t end = class_end(pattern, p);
      if (end == std::string_view::npos) break;
      const std::string_view body = pattern.substr(p + 1, end - p - 2);
      const std::string_view rest = name.substr(n);
      if (!class_has(body, first_character(rest))) return std::nullopt;
      return Advance{end - p, codec::decode_utf8(rest).length};
    }
    case '\\':
      if (p + 1 < pattern.size()) {
        return pattern[p + 1] == c ? std::optional(Advance{2, 1}) : std::nullopt;
      }
      break;
    default:
      break;
  }
  return pattern[p] == c ? std::optional(Advance{1, 1}) : std::nullopt;
}

}  // namespace glovebox::tools
