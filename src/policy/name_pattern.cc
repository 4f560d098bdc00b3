#include "policy/name_pattern.h"

#include <algorithm>
#include <format>
#include <set>

namespace glovebox::policy {

namespace {

// What follows a prefix in a name that no pattern spells out: a readable word if it can be one.
constexpr std::string_view kWords[] = {"any", "other", "x1"};
constexpr std::string_view kCharacters =
    "xyzabcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+:/@,=~%!#$&'()?[]^`{|};<>\"";

using Literals = std::set<std::string, std::less<>>;

// No literal that is longer than `prefix` begins `name`, which is no literal itself.
bool is_fresh(const Literals& literals, std::string_view prefix, std::string_view name) {
  for (std::size_t length = prefix.size() + 1; length <= name.size(); ++length)
    if (literals.contains(name.substr(0, length))) return false;
  return true;
}

std::optional<std::string> fresh_below(const Literals& literals, const std::string& prefix) {
  for (const std::string_view word : kWords) {
    const std::string name = prefix + std::string(word);
    if (is_fresh(literals, prefix, name)) return name;
  }
  for (const char c : kCharacters) {
    const std::string name = prefix + c;
    if (is_fresh(literals, prefix, name)) return name;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> closeness(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    if (!name.starts_with(pattern)) return std::nullopt;
    return pattern.size();
  }
  if (pattern != name) return std::nullopt;
  return pattern.size() + 1;
}

std::vector<std::string> name_classes(std::span<const std::string_view> patterns) {
  Literals whole, prefixes;
  for (const std::string_view pattern : patterns) {
    const bool open = pattern.ends_with('*');
    (open ? prefixes : whole).emplace(pattern.substr(0, pattern.size() - (open ? 1 : 0)));
  }
  Literals literals = whole;
  literals.insert(prefixes.begin(), prefixes.end());
  literals.emplace("");
  whole.erase("");
  std::vector<std::string> names(whole.begin(), whole.end());
  for (const std::string& literal : literals)
    if (auto name = fresh_below(literals, literal)) names.push_back(*std::move(name));
  for (const std::string& prefix : prefixes)
    if (!prefix.empty() && !whole.contains(prefix)) names.push_back(prefix);
  return names;
}

std::vector<std::string> whole_name_classes(std::span<const std::string_view> names) {
  const std::set<std::string_view> known(names.begin(), names.end());
  std::vector<std::string> classes(known.begin(), known.end());
  // What a caller is called who has no name of his own.
  std::string other = "local";
  for (int i = 1; known.contains(other); ++i) other = std::format("other{}", i);
  classes.push_back(std::move(other));
  return classes;
}

}  // namespace glovebox::policy
