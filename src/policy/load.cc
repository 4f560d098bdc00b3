#include "policy/load.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "policy/document.h"
#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

constexpr int kSchemaVersion = 1;
constexpr std::size_t kMaxName = 256;  // bytes of an id, of a tool's name, of the policy's name

// Keys of the policy language that a later version of glovebox carries out.
constexpr std::array<std::string_view, 7> kLater = {"cap",  "include", "secret",    "test",
                                                    "tool", "sign",    "deployment"};

void check_version(DocumentReader& reader, const Table& root, const Value& document) {
  const Entry* version = root.find("glovebox");
  if (version == nullptr)
    return reader.report(Code::missing_key, document, "`glovebox = 1` must be the first key");
  if (version != root.entries.data())
    reader.report(Code::bad_value, version->key, "`glovebox` must be the first key");
  const auto* number = std::get_if<std::int64_t>(&version->value.data);
  if (number == nullptr)
    return reader.report(Code::wrong_type, version->value, "glovebox must be an integer");
  if (*number != kSchemaVersion)
    reader.report(Code::bad_value, version->value,
                  std::format("schema version {} is not known, this binary reads {}", *number,
                              kSchemaVersion));
}

void read_name(DocumentReader& reader, const Value& value, std::string_view what,
               std::string& name) {
  const std::string* given = reader.text(value, what);
  if (given == nullptr) return;
  if (given->empty() || given->size() > kMaxName)
    return reader.report(Code::bad_value, value,
                         std::format("{} must have 1 to {} bytes", what, kMaxName));
  name = *given;
}

void read_tools(DocumentReader& reader, const Value& value, Bind& bind) {
  const Table* tools = reader.table(value, "tools");
  if (tools == nullptr) return;
  if (tools->entries.empty())
    reader.report(Code::inert, value, "a bind without any tool allows nothing");
  for (const Entry& entry : tools->entries) {
    const std::string& pattern = entry.key.name;
    const auto star = pattern.find('*');
    if (pattern.empty() || pattern.size() > kMaxName ||
        (star != std::string::npos && star + 1 != pattern.size())) {
      reader.report(Code::bad_value, entry.key,
                    "a tool is a name, or a prefix with `*` at its end");
      continue;
    }
    if (const std::string* profile = reader.text(entry.value, "the name of a profile"))
      bind.tools.push_back({pattern, *profile, entry.value.origin});
  }
}

void read_bind(DocumentReader& reader, const Value& value, Policy& policy) {
  const Table* given = reader.table(value, "a bind");
  if (given == nullptr) return;
  reader.only_keys(*given, "[[bind]]", {"environment", "agent", "tools"});
  Bind bind;
  bind.origin = value.origin;
  const auto id = [&](std::string_view key, std::optional<std::string>& place) {
    if (const Entry* entry = given->find(key))
      read_name(reader, entry->value, key, place.emplace());
  };
  id("environment", bind.environment);
  id("agent", bind.agent);
  if (const Entry* tools = given->find("tools")) {
    read_tools(reader, tools->value, bind);
  } else {
    reader.report(Code::missing_key, value, "a bind needs tools",
                  "tools = { \"*\" = \"PROFILE\" }");
  }
  policy.binds.push_back(std::move(bind));
}

void read_top_key(DocumentReader& reader, const Entry& entry, Policy& policy) {
  const std::string& name = entry.key.name;
  if (name == "glovebox") return;
  if (name == "name") return read_name(reader, entry.value, "name", policy.name);
  if (name == "bind") {
    if (const Array* binds = reader.array(entry.value, "bind"))
      for (const Value& bind : *binds) read_bind(reader, bind, policy);
    return;
  }
  if (name == "profile") {
    if (const Table* profiles = reader.table(entry.value, "profile"))
      for (const Entry& profile : profiles->entries) read_profile(reader, profile, policy);
    return;
  }
  if (std::ranges::find(kLater, name) != kLater.end()) return report_later(reader, entry.key);
  reader.unknown_key(entry.key, "the policy", {"glovebox", "name", "bind", "profile"});
}

bool overlap(const Bind& a, const Bind& b) {
  const auto meet = [](const auto& x, const auto& y) { return !x || !y || *x == *y; };
  return meet(a.environment, b.environment) && meet(a.agent, b.agent);
}

void check_binds(DocumentReader& reader, const Policy& policy) {
  for (const Bind& bind : policy.binds) {
    for (const ToolRule& rule : bind.tools) {
      if (policy.profiles.contains(rule.profile)) continue;
      reader.report({Code::undefined, rule.origin,
                     static_cast<std::uint32_t>(rule.profile.size() + 2),
                     std::format("no profile named `{}`", rule.profile), ""});
    }
  }
  for (std::size_t i = 0; i < policy.binds.size(); ++i) {
    for (std::size_t j = i + 1; j < policy.binds.size(); ++j) {
      if (!overlap(policy.binds[i], policy.binds[j])) continue;
      reader.report({Code::overlap, policy.binds[j].origin, 1,
                     std::format("this bind and the one of line {} can apply to the same call",
                                 policy.binds[i].origin.line),
                     "exactly one bind must apply: name environment or agent in both"});
    }
  }
}

}  // namespace

void report_later(DocumentReader& reader, const Key& key) {
  reader.report(Code::not_in_this_version, key,
                std::format("`{}` is not in this version of glovebox", key.name),
                "remove it: what cannot be enforced is refused, never ignored");
}

Loaded load(const std::string& file, std::string_view text) {
  Loaded loaded;
  const auto document = parse_document(file, text);
  if (!document) {
    loaded.diagnostics.push_back(document.error());
    if (text.empty())
      loaded.diagnostics.back().hint = "start from `glovebox policy show builtin:default`";
    return loaded;
  }
  DocumentReader reader;
  Policy policy;
  policy.file = file;
  const Table& root = std::get<Table>(document->data);
  check_version(reader, root, *document);
  for (const Entry& entry : root.entries) read_top_key(reader, entry, policy);
  if (root.find("bind") == nullptr)
    reader.report({Code::missing_key,
                   {file, 1, 1},
                   1,
                   "no [[bind]]: nothing would be allowed",
                   "bind tools to a profile: [[bind]] tools = { bash = \"NAME\" }"});
  check_binds(reader, policy);
  loaded.diagnostics = reader.take_diagnostics();
  if (loaded.diagnostics.empty()) loaded.policy = std::move(policy);
  return loaded;
}

}  // namespace glovebox::policy
