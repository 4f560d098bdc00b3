#include "policy/read_profile.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "base/units.h"
#include "policy/normal_path.h"

namespace glovebox::policy {

namespace {

constexpr std::size_t kMaxValue = 32 * kKiB;  // bytes of an environment variable
constexpr int kNewestLandlock = 64;           // far beyond any kernel: a slip of the finger

// Keys of the policy language that a later version of glovebox carries out.
constexpr std::array<std::string_view, 8> kLater = {"extends", "why",   "expires", "egress",
                                                    "approve", "audit", "deny",    "devices"};

void read_root(DocumentReader& reader, const Value& value, Root& root) {
  const std::string* given = reader.text(value, "root");
  if (given == nullptr) return;
  root.origin = value.origin;
  if (*given == "host") return;
  constexpr std::string_view kImage = "image:";
  if (!given->starts_with(kImage) || given->size() == kImage.size())
    return reader.report(Code::bad_value, value, "root must be \"host\" or \"image:NAME\"");
  root.kind = Root::Kind::image;
  root.image = given->substr(kImage.size());
}

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && name.size() <= 256 && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void read_environment(DocumentReader& reader, const Value& value, Profile& profile) {
  const Table* given = reader.table(value, "env");
  if (given == nullptr) return;
  for (const Entry& entry : given->entries) {
    if (!is_variable_name(entry.key.name)) {
      reader.report(Code::bad_value, entry.key,
                    "an environment variable is letters, digits and `_`");
      continue;
    }
    const std::string* literal = reader.text(entry.value, "an environment variable");
    if (literal == nullptr) continue;
    if (literal->find('\0') != std::string::npos || literal->size() > kMaxValue) {
      reader.report(Code::bad_value, entry.value, "a value has no NUL and at most 32 KiB");
      continue;
    }
    profile.env.emplace(entry.key.name, *literal);
  }
}

void read_syscalls(DocumentReader& reader, const Value& value, Profile& profile) {
  const std::string* given = reader.text(value, "syscalls");
  if (given == nullptr) return;
  constexpr std::string_view kBuiltin = "builtin:";
  if (given->starts_with(kBuiltin)) {
    const std::string_view name = std::string_view(*given).substr(kBuiltin.size());
    if (name != "bash" && name != "file" && name != "search")
      return reader.report(Code::undefined, value,
                           std::format("no built-in filter named `{}`", name),
                           "builtin:bash, builtin:file, builtin:search");
    profile.syscalls = *given;
    return;
  }
  if (is_normal_path(*given)) {
    profile.syscalls = *given;
    return;
  }
  // Relative to the file that it stands in, never to the current directory.
  const std::string& file = value.origin.file;
  if (given->empty() || !is_normal_path("/" + *given) || file.starts_with(kBuiltin))
    return reader.report(Code::bad_path, value,
                         "a filter is builtin:NAME or a path without `.`, `..`, `//` and slash at "
                         "its end",
                         "builtin:bash, builtin:file, builtin:search");
  const auto slash = file.rfind('/');
  profile.syscalls = (slash == std::string::npos ? "" : file.substr(0, slash + 1)) + *given;
}

void read_key(DocumentReader& reader, const Entry& entry, Profile& profile) {
  const std::string& name = entry.key.name;
  const Value& value = entry.value;
  if (name == "root") return read_root(reader, value, profile.root);
  if (name == "mount") return read_mounts(reader, value, profile);
  if (name == "guard") return read_guard(reader, value, profile.guard);
  if (name == "env") return read_environment(reader, value, profile);
  if (name == "limits") return read_limits(reader, value, profile.limits);
  if (name == "syscalls") return read_syscalls(reader, value, profile);
  if (name == "landlock") {
    if (const auto abi =
            reader.integer(value, "landlock, the ABI that is needed,", 1, kNewestLandlock))
      profile.landlock_abi = static_cast<int>(*abi);
    return;
  }
  if (name == "user") {
    if (const auto user = reader.word<BoxUser>(
            value, "user", {{"agent", BoxUser::agent}, {"root", BoxUser::root}}))
      profile.user = *user;
    return;
  }
  if (name == "background") {
    if (const auto background = reader.word<Background>(
            value, "background", {{"kill", Background::kill}, {"keep", Background::keep}}))
      profile.background = *background;
    return;
  }
  if (std::ranges::find(kLater, name) != kLater.end()) return report_later(reader, entry.key);
  reader.unknown_key(
      entry.key, std::format("profile `{}`", profile.name),
      {"root", "mount", "env", "background", "user", "limits", "syscalls", "landlock", "guard"});
}

}  // namespace

void read_profile(DocumentReader& reader, const Entry& entry, Policy& policy) {
  const Table* body = reader.table(entry.value, "a profile");
  if (body == nullptr) return;
  Profile profile;
  profile.name = entry.key.name;
  profile.origin = entry.key.origin;
  for (const Entry& inner : body->entries) read_key(reader, inner, profile);
  policy.profiles.emplace(profile.name, std::move(profile));
}

}  // namespace glovebox::policy
