#include "box/guard_rules.h"

#include <utility>

#include "policy/guard_name.h"

namespace glovebox::box {

namespace {

using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;

constexpr std::size_t kMaxPath = 4096;

// Relative, with nothing in it that leads elsewhere.
Result<std::string> read_relative(Reader& reader) {
  std::string path = TRY(reader.text(kMaxPath));
  for (const std::string_view part : parts_of(path)) {
    if (part.empty() || part == "." || part == "..")
      return Error(ErrorKind::protocol, "guard: a path that is not plain");
  }
  if (path.find('\0') != std::string::npos)
    return Error(ErrorKind::protocol, "guard: a path with a NUL byte");
  return path;
}

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
    rule.name = TRY(read_relative(reader));
    if (!policy::has_plain_pattern(rule.name))
      return Error(ErrorKind::protocol, "guard: a pattern that is not plain");
    rule.protection = TRY(reader.choice(Protection::hidden));
    rule.reach = TRY(reader.choice(Reach::repositories));
    rule.rule = TRY(reader.text(kMaxText));
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::string encode_guarded(const GuardedNames& names) {
  Writer writer;
  writer.number(static_cast<std::uint32_t>(names.size()));
  for (const GuardedName& name : names) {
    writer.text(name.path).number(name.depth);
    write_choice(writer, name.protection);
    write_choice(writer, name.type);
    writer.number(name.identity.device).number(name.identity.inode).text(name.rule);
  }
  return writer.take();
}

Result<GuardedNames> decode_guarded(std::string_view bytes) {
  Reader reader(bytes);
  GuardedNames names;
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    GuardedName name;
    name.path = TRY(read_relative(reader));
    name.depth = TRY(reader.number<std::uint32_t>());
    if (name.depth >= parts_of(name.path).size())
      return Error(ErrorKind::protocol, "guard: a name above its root");
    name.protection = TRY(reader.choice(Protection::hidden));
    name.type = TRY(reader.choice(os::FileType::other));
    name.identity.device = TRY(reader.number<std::uint64_t>());
    name.identity.inode = TRY(reader.number<std::uint64_t>());
    name.rule = TRY(reader.text(kMaxText));
    names.push_back(std::move(name));
  }
  TRY(reader.finish());
  return names;
}

}  // namespace glovebox::box
