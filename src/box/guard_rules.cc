#include "box/guard_rules.h"

#include <utility>

#include "policy/guard_name.h"

namespace glovebox::box {

namespace {

using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;

constexpr std::size_t kMaxPath = 4096;

template <class E>
void write_choice(Writer& writer, E value) {
  writer.number(static_cast<std::uint8_t>(value));
}

}  // namespace

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

bool stands_for(std::string_view pattern, std::string_view component) {
  if (!pattern.ends_with('*')) return pattern == component;
  return component.starts_with(pattern.substr(0, pattern.size() - 1));
}

Result<std::string> read_plain_path(Reader& reader) {
  std::string path = TRY(reader.text(kMaxPath));
  for (const std::string_view part : parts_of(path)) {
    if (part.empty() || part == "." || part == "..")
      return Error(ErrorKind::protocol, "guard: a path that is not plain");
  }
  if (path.find('\0') != std::string::npos)
    return Error(ErrorKind::protocol, "guard: a path with a NUL byte");
  return path;
}

void write_guard_rules(Writer& writer, const std::vector<GuardRule>& rules) {
  writer.number(static_cast<std::uint32_t>(rules.size()));
  for (const GuardRule& rule : rules) {
    writer.text(rule.name);
    write_choice(writer, rule.protection);
    write_choice(writer, rule.reach);
    writer.text(rule.rule);
  }
}

Result<std::vector<GuardRule>> read_guard_rules(Reader& reader) {
  std::vector<GuardRule> rules;
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    GuardRule rule;
    rule.name = TRY(read_plain_path(reader));
    if (!policy::has_plain_pattern(rule.name))
      return Error(ErrorKind::protocol, "guard: a pattern that is not plain");
    rule.protection = TRY(reader.choice(Protection::hidden));
    rule.reach = TRY(reader.choice(Reach::repositories));
    rule.rule = TRY(reader.text(kMaxText));
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace glovebox::box
