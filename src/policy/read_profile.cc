#include "policy/read_profile.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <format>
#include <utility>

#include "base/units.h"
#include "policy/normal_path.h"

namespace glovebox::policy {

namespace {

constexpr std::size_t kMaxValue = 32 * kKiB;  // bytes of an environment variable
constexpr int kNewestLandlock = 64;           // far beyond any kernel: a slip of the finger

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
    profile.origins.emplace("env." + entry.key.name, entry.key.origin);
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

// The last day on which a part adds anything.
void read_expiry(DocumentReader& reader, const Value& value, ProfilePart& part) {
  const auto* date = std::get_if<DateText>(&value.data);
  constexpr std::string_view kForm = "expires must be a date";
  if (date == nullptr || date->text.size() != std::string_view("2027-03-31").size())
    return reader.report(Code::wrong_type, value, std::string(kForm), "expires = 2027-03-31");
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    const char* const begin = date->text.data() + at;
    std::from_chars(begin, begin + length, value);
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!day.ok())
    return reader.report(Code::bad_value, value, std::string(kForm), "expires = 2027-03-31");
  part.expires = Day(day);
}

void read_audit(DocumentReader& reader, const Value& value, ProfilePart& part) {
  const Table* given = reader.table(value, "audit");
  if (given == nullptr) return;
  only_keys(reader, *given, "audit", Place::audit);
  Audit& audit = part.own.audit;
  const auto note = [&](std::string name, const Origin& origin) {
    part.own.origins.emplace(name, origin);
    part.given.insert(std::move(name));
  };
  if (const Entry* level = given->find("level")) {
    audit.level = reader
                      .word<AuditLevel>(level->value, "level",
                                        {{"metadata", AuditLevel::metadata},
                                         {"args", AuditLevel::args},
                                         {"args+output", AuditLevel::args_output}})
                      .value_or(AuditLevel::args);
    note("audit.level", level->value.origin);
  }
  if (const Entry* egress = given->find("egress")) {
    audit.egress = reader
                       .word<AuditEgress>(
                           egress->value, "egress",
                           {{"ordered", AuditEgress::ordered}, {"durable", AuditEgress::durable}})
                       .value_or(AuditEgress::ordered);
    note("audit.egress", egress->value.origin);
  }
  if (const Entry* capture = given->find("capture")) {
    part.given.insert("audit.capture");
    read_texts(reader, capture->value, "capture", [&](const Value& at, const std::string& text) {
      if (text.empty() || text.size() > kMaxName)
        return reader.report(Code::bad_value, at,
                             std::format("what is captured must have 1 to {} bytes", kMaxName));
      audit.capture.insert(text);
      part.own.origins.emplace("audit.capture." + text, at.origin);
    });
  }
}

void read_devices(DocumentReader& reader, const Value& value, Profile& profile) {
  read_texts(reader, value, "devices", [&](const Value& at, const std::string& text) {
    if (!is_normal_path(text) || !is_below(text, "/dev") || text == "/dev")
      return reader.report(Code::bad_path, at, "a device is a node below /dev",
                           "devices = [ \"/dev/nvidia0\" ]");
    profile.devices.push_back(text);
    profile.origins.emplace("devices." + text, at.origin);
  });
}

// Keys whose value is not a table and not a list.
void read_single(DocumentReader& reader, const Entry& entry, ProfilePart& part) {
  const std::string& name = entry.key.name;
  const Value& value = entry.value;
  Profile& profile = part.own;
  if (name == "extends") {
    read_name(reader, value, "extends", part.extends.emplace());
  } else if (name == "why") {
    read_sentence(reader, value, "why", part.why);
  } else if (name == "expires") {
    read_expiry(reader, value, part);
  } else if (name == "root") {
    read_root(reader, value, profile.root);
  } else if (name == "syscalls") {
    read_syscalls(reader, value, profile);
  } else if (name == "landlock") {
    if (const auto abi =
            reader.integer(value, "landlock, the ABI that is needed,", 1, kNewestLandlock))
      profile.landlock_abi = static_cast<int>(*abi);
  } else if (name == "user") {
    profile.user =
        reader.word<BoxUser>(value, "user", {{"agent", BoxUser::agent}, {"root", BoxUser::root}})
            .value_or(BoxUser::agent);
  } else if (name == "background") {
    profile.background =
        reader
            .word<Background>(value, "background",
                              {{"kill", Background::kill}, {"keep", Background::keep}})
            .value_or(Background::kill);
  } else {
    return;
  }
  profile.origins.emplace(name, value.origin);
  part.given.insert(name);
}

void read_set(DocumentReader& reader, const Entry& entry, ProfilePart& part) {
  const std::string& name = entry.key.name;
  const Value& value = entry.value;
  Profile& profile = part.own;
  if (name == "mount") return read_mounts(reader, value, profile);
  if (name == "env") return read_environment(reader, value, profile);
  if (name == "limits") return read_limits(reader, value, profile.limits, part.given);
  if (name == "guard") {
    profile.origins.emplace(name, entry.key.origin);
    return read_guard(reader, value, profile.guard);
  }
  if (name == "devices") return read_devices(reader, value, profile);
  if (name == "egress") return read_egress(reader, value, profile);
  if (name == "deny") return read_deny(reader, value, profile.deny);
  if (name == "approve") return read_approvals(reader, value, profile.approvals);
  if (name == "audit") return read_audit(reader, value, part);
}

}  // namespace

void read_part(DocumentReader& reader, const Table& given, Place place, std::string_view where,
               ProfilePart& part) {
  only_keys(reader, given, where, place);
  const auto known = keys_of(place);
  for (const Entry& entry : given.entries) {
    if (std::ranges::find(known, entry.key.name, &KeyRule::name) == known.end()) continue;
    read_single(reader, entry, part);
    read_set(reader, entry, part);
  }
}

void read_profile(DocumentReader& reader, const Entry& entry,
                  std::map<std::string, ProfilePart>& parts) {
  const Table* body = reader.table(entry.value, "a profile");
  if (body == nullptr) return;
  const std::string& name = entry.key.name;
  if (name.empty() || name.size() > kMaxName)
    return reader.report(Code::bad_value, entry.key,
                         std::format("the name of a profile must have 1 to {} bytes", kMaxName));
  ProfilePart part;
  part.name = part.own.name = name;
  part.own.origin = entry.key.origin;
  read_part(reader, *body, Place::profile, std::format("profile `{}`", name), part);
  if (parts.contains(name))
    return reader.report(Code::duplicate, entry.key,
                         std::format("profile `{}` is given twice", name),
                         std::format("the other one: {}", to_string(parts.at(name).own.origin)));
  parts.emplace(name, std::move(part));
}

}  // namespace glovebox::policy
