#include "tools/glob_pattern.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/units.h"
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

// The end of the class that begins at `[`, behind its `]`; npos if it has none (then `[` is a
// plain character).
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

// One step of the pattern at `p` against the name at `n`: how far both move; nullopt: no match.
// Not for `*`.
struct Advance {
  std::size_t pattern;
  std::size_t name;
};
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

bool names_dot(std::string_view component) {
  return component.starts_with('.') || component.starts_with("\\.");
}

std::string unquoted(std::string_view component) {
  std::string text;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\' && i + 1 < component.size()) ++i;
    text += component[i];
  }
  return text;
}

bool is_literal(std::string_view component) {
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '*' || component[i] == '?' || component[i] == '[') return false;
    if (component[i] == '\\') ++i;
  }
  return true;
}

struct Braces {
  std::size_t open = 0;
  std::size_t close = 0;
  std::vector<std::string> choices;
};

std::vector<std::string> range_choices(std::string_view body) {
  const std::size_t dots = body.find("..");
  if (dots == std::string_view::npos) return {};
  const std::string_view first = body.substr(0, dots);
  const std::string_view last = body.substr(dots + 2);
  const auto number = [](std::string_view text) -> std::optional<int> {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  const auto from = number(first);
  const auto to = number(last);
  std::vector<std::string> choices;
  if (from && to) {
    const std::int64_t step = *from <= *to ? 1 : -1;
    for (std::int64_t i = *from; choices.size() <= kMaxGlobAlternatives; i += step) {
      choices.push_back(std::to_string(i));
      if (i == *to) break;
    }
  } else if (first.size() == 1 && last.size() == 1) {
    const int from_byte = static_cast<unsigned char>(first[0]);
    const int to_byte = static_cast<unsigned char>(last[0]);
    const int step = from_byte <= to_byte ? 1 : -1;
    for (int c = from_byte;; c += step) {
      choices.emplace_back(1, static_cast<char>(c));
      if (c == to_byte) break;
    }
  }
  return choices;
}

// The first braces that offer a choice. `{}`, `{a}` and an unclosed `{` are plain text.
std::optional<Braces> first_braces(std::string_view pattern, std::size_t from) {
  for (std::size_t open = from; open < pattern.size(); ++open) {
    if (pattern[open] == '\\') {
      ++open;
      continue;
    }
    if (pattern[open] != '{') continue;
    Braces braces{.open = open, .close = 0, .choices = {}};
    std::size_t depth = 0;
    std::size_t start = open + 1;
    for (std::size_t i = open; i < pattern.size(); ++i) {
      if (pattern[i] == '\\') {
        ++i;
      } else if (pattern[i] == '{') {
        ++depth;
      } else if (pattern[i] == ',' && depth == 1) {
        braces.choices.emplace_back(pattern.substr(start, i - start));
        start = i + 1;
      } else if (pattern[i] == '}' && --depth == 0) {
        braces.close = i;
        break;
      }
    }
    if (braces.close == 0) return std::nullopt;  // nothing behind it is closed outside of it
    if (braces.choices.empty()) {
      braces.choices = range_choices(pattern.substr(start, braces.close - start));
      if (braces.choices.empty()) continue;
    } else {
      braces.choices.emplace_back(pattern.substr(start, braces.close - start));
    }
    return braces;
  }
  return std::nullopt;
}

// All patterns without choices that `pattern` stands for; nullopt: too many, or too much text.
std::optional<std::vector<std::string>> without_braces(std::string_view pattern) {
  constexpr std::size_t kMostText = 1024 * kKiB;
  std::vector<std::string> done;
  struct Open {
    std::string text;
    std::size_t from;
  };
  std::vector<Open> open{{std::string(pattern), 0}};
  std::size_t text = pattern.size();
  while (!open.empty()) {
    const Open next = std::move(open.back());
    open.pop_back();
    const auto braces = first_braces(next.text, next.from);
    if (!braces) {
      done.push_back(next.text);
      continue;
    }
    const std::string_view whole = next.text;
    for (const std::string& choice : braces->choices) {
      std::string one(whole.substr(0, braces->open));
      one += choice;
      one += whole.substr(braces->close + 1);
      text += one.size();
      open.push_back({std::move(one), braces->open});
      if (open.size() + done.size() > kMaxGlobAlternatives || text > kMostText) return std::nullopt;
    }
  }
  return done;
}

}  // namespace

bool matches_component(std::string_view component, std::string_view name) {
  if (name.starts_with('.') && !names_dot(component)) return false;
  std::size_t p = 0;
  std::size_t n = 0;
  // Where to go on if the rest does not match: behind the last `*`, one byte of name further.
  std::size_t retry_p = std::string_view::npos;
  std::size_t retry_n = 0;
  while (n < name.size()) {
    if (p < component.size() && component[p] == '*') {
      retry_p = ++p;
      retry_n = n;
      continue;
    }
    if (p < component.size()) {
      if (const auto advance = match_one(component, p, name, n)) {
        p += advance->pattern;
        n += advance->name;
        continue;
      }
    }
    if (retry_p == std::string_view::npos) return false;
    p = retry_p;
    n = ++retry_n;
  }
  while (p < component.size() && component[p] == '*') ++p;
  return p == component.size();
}

std::expected<GlobPattern, GlobError> GlobPattern::compile(std::string_view pattern) {
  const auto alternatives = without_braces(pattern);
  if (!alternatives) return std::unexpected(GlobError::too_many_alternatives);
  GlobPattern compiled;
  for (std::string_view rest : *alternatives) {
    if (rest.starts_with('/')) return std::unexpected(GlobError::absolute);
    compiled.starts_.push_back(static_cast<std::uint32_t>(compiled.parts_.size()));
    bool is_file_named = false;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      const std::string_view component = rest.substr(0, end);
      is_file_named = end == rest.size();
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (unquoted(component) == "..") return std::unexpected(GlobError::dot_dot);
      if (component.empty() || component == ".") continue;
      if (component == "**") {
        const bool is_repeated = compiled.starts_.back() < compiled.parts_.size() &&
                                 compiled.parts_.back().kind == PartKind::any_folders;
        if (!is_repeated) compiled.parts_.push_back({PartKind::any_folders, ""});
        if (is_file_named) compiled.parts_.push_back({PartKind::component, "*"});
      } else {
        compiled.parts_.push_back({PartKind::component, std::string(component)});
      }
    }
    // `dir/` names a folder, and only files are found: a component that no name matches.
    if (!is_file_named) compiled.parts_.push_back({PartKind::component, ""});
    compiled.parts_.push_back({PartKind::end, ""});
    if (compiled.parts_.size() > kMaxGlobSegments) {
      return std::unexpected(GlobError::too_many_alternatives);
    }
  }
  return compiled;
}

void GlobPattern::add(Progress& to, std::uint32_t part) const {
  to.push_back(part);
  if (parts_[part].kind == PartKind::any_folders) add(to, part + 1);
}

GlobPattern::Progress GlobPattern::start() const {
  Progress progress;
  for (const std::uint32_t part : starts_) add(progress, part);
  return progress;
}

GlobPattern::Progress GlobPattern::step(const Progress& at, std::string_view name) const {
  Progress next;
  for (const std::uint32_t part : at) {
    const Part& here = parts_[part];
    if (here.kind == PartKind::any_folders) {
      if (!name.starts_with('.')) add(next, part);
    } else if (here.kind == PartKind::component && matches_component(here.text, name)) {
      add(next, part + 1);
    }
  }
  std::sort(next.begin(), next.end());
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

GlobPattern::Progress GlobPattern::enter(const Progress& at, std::string_view folder) const {
  Progress next = step(at, folder);
  std::erase_if(next, [&](std::uint32_t part) { return parts_[part].kind == PartKind::end; });
  return next;
}

bool GlobPattern::matches_file(const Progress& at, std::string_view name) const {
  return std::any_of(at.begin(), at.end(), [&](std::uint32_t part) {
    return parts_[part].kind == PartKind::component && parts_[part + 1].kind == PartKind::end &&
           matches_component(parts_[part].text, name);
  });
}

std::string GlobPattern::literal_folder() const {
  std::string folder;
  if (starts_.size() != 1) return folder;
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.kind != PartKind::component || !is_literal(part.text) || part.text.empty()) break;
    if (parts_[i + 1].kind == PartKind::end) break;
    if (!folder.empty()) folder += '/';
    folder += unquoted(part.text);
  }
  return folder;
}

GlobPattern GlobPattern::below_literal_folder() const {
  const std::string folder = literal_folder();
  GlobPattern rest = *this;
  if (folder.empty()) return rest;
  const auto count = 1 + std::count(folder.begin(), folder.end(), '/');
  rest.parts_.erase(rest.parts_.begin(), rest.parts_.begin() + count);
  return rest;
}

}  // namespace glovebox::tools
