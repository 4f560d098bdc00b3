#include "tools/glob_pattern.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/units.h"
#include "tools/glob_character.h"

namespace glovebox::tools {
namespace {

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

// Without groups.
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

bool matches_plain(std::string_view component, std::string_view name) {
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

}  // namespace

bool matches_component(std::string_view component, std::string_view name) {
  const auto grouped = GroupedComponent::parse(component);
  return grouped ? grouped->matches(name) : matches_plain(component, name);
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
        if (!is_repeated) compiled.parts_.push_back({PartKind::any_folders, "", {}});
        if (is_file_named) compiled.parts_.push_back({PartKind::component, "*", {}});
      } else {
        compiled.parts_.push_back(
            {PartKind::component, std::string(component), GroupedComponent::parse(component)});
      }
    }
    // `dir/` names a folder, and only files are found: a component that no name matches.
    if (!is_file_named) compiled.parts_.push_back({PartKind::component, "", {}});
    compiled.parts_.push_back({PartKind::end, "", {}});
    if (compiled.parts_.size() > kMaxGlobSegments) {
      return std::unexpected(GlobError::too_many_alternatives);
    }
  }
  return compiled;
}

bool GlobPattern::matches(const Part& part, std::string_view name) {
  return part.groups ? part.groups->matches(name) : matches_plain(part.text, name);
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
    } else if (here.kind == PartKind::component && matches(here, name)) {
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
           matches(parts_[part], name);
  });
}

std::string GlobPattern::literal_folder() const {
  std::string folder;
  if (starts_.size() != 1) return folder;
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.kind != PartKind::component || part.groups || !is_literal(part.text) ||
        part.text.empty())
      break;
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
