#include "policy/canonical.h"

#include <algorithm>
#include <set>
#include <vector>

#include "codec/digest.h"
#include "codec/jcs.h"
#include "policy/normal_path.h"

namespace glovebox::policy {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

Json number(std::uint64_t value) {
  return Json(static_cast<std::int64_t>(value));
}

// A list whose order means nothing.
Json set_of(JsonArray items) {
  std::vector<std::pair<std::string, Json>> keyed;
  for (Json& item : items) {
    std::string key = codec::to_json(item);
    keyed.emplace_back(std::move(key), std::move(item));
  }
  std::ranges::sort(keyed, {}, [](const auto& pair) { return pair.first; });
  JsonArray sorted;
  for (std::size_t i = 0; i < keyed.size(); ++i)
    if (i == 0 || keyed[i].first != keyed[i - 1].first)
      sorted.push_back(std::move(keyed[i].second));
  return sorted;
}

// Without what lies in another of them; of two that lie in each other the first stays.
template <class T, class In, class Write>
Json widest_of(const std::vector<T>& items, const In& in, const Write& write) {
  JsonArray kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    bool covered = false;
    for (std::size_t j = 0; j < items.size() && !covered; ++j)
      covered = i != j && in(items[i], items[j]) && (j < i || !in(items[j], items[i]));
    if (!covered) kept.push_back(write(items[i]));
  }
  return set_of(std::move(kept));
}

Json mount_form(const Mount& mount) {
  JsonObject form;
  form.set("at", mount.at);
  form.set("mode", static_cast<int>(mount.mode));
  if (mount.mode == MountMode::hide) return form;
  form.set("exec", mount.exec == Exec::yes);
  if (mount.mode == MountMode::tmpfs) {
    if (mount.size) form.set("size", number(mount.size->bytes()));
    return form;
  }
  if (!mount.at.starts_with('@')) {
    form.set("from", mount.from.value_or(mount.at));
    form.set("public", mount.data == Data::public_data);
  }
  return form;
}

// What lies below a hidden place is not there, however it is mounted.
Json mounts_form(const std::vector<Mount>& mounts) {
  const auto hidden = [&](const Mount& mount) {
    return std::ranges::any_of(mounts, [&](const Mount& other) {
      return other.mode == MountMode::hide && &other != &mount && other.at != mount.at &&
             is_below(mount.at, other.at);
    });
  };
  JsonArray all;
  for (const Mount& mount : mounts)
    if (!hidden(mount)) all.push_back(mount_form(mount));
  return set_of(std::move(all));
}

Json request_form(const HttpRule& rule) {
  JsonArray segments;
  for (const std::string& segment : rule.path.segments) segments.emplace_back(segment);
  return Json::object(
      {{"method", rule.method}, {"path", std::move(segments)}, {"open", rule.path.open}});
}

Json rule_form(const EgressRule& rule) {
  JsonObject form;
  form.set("target", to_string(rule.target));
  form.set("first", static_cast<int>(rule.ports.first));
  form.set("last", static_cast<int>(rule.ports.last));
  form.set("mode", static_cast<int>(rule.mode));
  if (rule.whole_host)
    form.set("whole", true);
  else
    form.set("allow", widest_of(rule.allow, request_lies_in, request_form));
  form.set("trusted", rule.trusted);
  form.set("private", rule.private_addresses);
  if (rule.inject) form.set("inject", *rule.inject);
  return form;
}

template <class T>
Json limit_form(const Limit<T>& limit, std::uint64_t value) {
  return Json::object({{"value", number(value)}, {"wall", limit.enforce == Enforce::wall}});
}

Json limits_form(const Limits& limits) {
  const auto time = [](const Limit<milliseconds>& limit) {
    return limit_form(limit, static_cast<std::uint64_t>(limit.value.count()));
  };
  const auto bytes = [](const Limit<ByteLimit>& limit) {
    return limit_form(limit, limit.value.bytes());
  };
  const auto count = [](const Limit<std::uint32_t>& limit) {
    return limit_form(limit, limit.value);
  };
  return Json::object({{"wall", time(limits.wall)},
                       {"cpu", time(limits.cpu)},
                       {"cores", count(limits.cores)},
                       {"pids", count(limits.pids)},
                       {"files", count(limits.files)},
                       {"memory", bytes(limits.memory)},
                       {"disk", bytes(limits.disk)},
                       {"tmp", bytes(limits.tmp)},
                       {"output", bytes(limits.output)}});
}

Json deny_form(const Deny& deny) {
  JsonArray syscalls;
  for (const auto& item : deny.syscalls) syscalls.emplace_back(item.value);
  return Json::object(
      {{"tools",
        widest_of(
            deny.tools, [](const auto& a, const auto& b) { return tools_lie_in(a.value, b.value); },
            [](const auto& item) { return Json(item.value); })},
       {"paths",
        widest_of(
            deny.paths, [](const auto& a, const auto& b) { return is_below(a.value, b.value); },
            [](const auto& item) { return Json(item.value); })},
       {"egress",
        widest_of(
            deny.egress, [](const auto& a, const auto& b) { return lies_in(a.value, b.value); },
            [](const auto& item) { return Json(to_string(item.value)); })},
       {"syscalls", set_of(std::move(syscalls))}});
}

Json names(const auto& items) {
  JsonArray all;
  for (const std::string& item : items) all.emplace_back(item);
  return set_of(std::move(all));
}

Json profile_form(const Profile& profile, const FilterDigest& filter) {
  JsonObject form;
  form.set("root", profile.root.kind == Root::Kind::host ? "host" : "image:" + profile.root.image);
  form.set("mount", mounts_form(profile.mounts));
  JsonObject environment;
  for (const auto& [name, value] : profile.env) environment.set(name, value);
  form.set("env", std::move(environment));
  form.set("background", static_cast<int>(profile.background));
  form.set("user", static_cast<int>(profile.user));
  form.set("limits", limits_form(profile.limits));
  form.set("syscalls", profile.syscalls.empty() ? Json() : Json(filter(profile)));
  form.set("landlock", profile.landlock_abi);
  JsonArray guards, approvals;
  for (const Guard& guard : profile.guard) guards.emplace_back(guard.name);
  form.set("guard", set_of(std::move(guards)));
  form.set("devices", names(profile.devices));
  form.set("egress", widest_of(profile.egress, rule_lies_in, rule_form));
  form.set("deny", deny_form(profile.deny));
  for (const Approval& approval : profile.approvals)
    approvals.push_back(
        Json::object({{"tool", approval.tool},
                      {"by", approval.by},
                      {"timeout", static_cast<std::int64_t>(approval.timeout.count())}}));
  form.set("approve", set_of(std::move(approvals)));
  form.set("audit", Json::object({{"level", static_cast<int>(profile.audit.level)},
                                  {"egress", static_cast<int>(profile.audit.egress)},
                                  {"capture", names(profile.audit.capture)}}));
  return form;
}

// One form for each stretch of days on which the profile is the same; null: it allows nothing.
Json stretches(const Policy& policy, const std::string& name, const FilterDigest& filter) {
  std::set<Day> ends;
  for (std::optional<std::string> at = name; at; at = policy.parts.at(*at).extends)
    if (const auto& expires = policy.parts.at(*at).expires) ends.insert(*expires);
  JsonArray all;
  const auto add = [&](Day day, Json until) {
    Json form;
    if (ended(policy.parts, name, day) == nullptr)
      form = profile_form(flatten(policy.parts, name, day), filter);
    all.push_back(Json::object({{"until", std::move(until)}, {"profile", std::move(form)}}));
  };
  for (const Day end : ends) add(end, to_string(end));
  add(Day::max(), Json());
  return all;
}

Json bind_form(const Bind& bind) {
  JsonObject tools;
  for (const ToolRule& rule : bind.tools) tools.set(rule.pattern, rule.profile);
  return Json::object({{"environment", bind.environment ? Json(*bind.environment) : Json()},
                       {"agent", bind.agent ? Json(*bind.agent) : Json()},
                       {"tools", std::move(tools)}});
}

Json secret_form(const SecretRule& secret) {
  JsonArray only;
  for (const Endpoint& endpoint : secret.only)
    only.push_back(Json::object({{"host", to_string(EgressTarget(endpoint.host))},
                                 {"port", static_cast<int>(endpoint.port)}}));
  return Json::object({{"from", secret.from},
                       {"only", set_of(std::move(only))},
                       {"expose", static_cast<int>(secret.expose)},
                       {"tools", names(secret.tools)}});
}

// Arguments keep their order.
Json command_form(const std::vector<std::string>& command) {
  JsonArray words;
  for (const std::string& word : command) words.emplace_back(word);
  return words;
}

Json tool_form(const CustomTool& tool) {
  return Json::object({{"description", tool.description},
                       {"command", command_form(tool.command)},
                       {"mcp_command", tool.mcp_command ? command_form(*tool.mcp_command) : Json()},
                       {"mcp_url", tool.mcp_url ? Json(*tool.mcp_url) : Json()}});
}

}  // namespace

Json canonical(const Policy& policy, const FilterDigest& filter) {
  JsonObject profiles, secrets, tools;
  JsonArray binds;
  for (const auto& [name, part] : policy.parts) profiles.set(name, stretches(policy, name, filter));
  for (const Bind& bind : policy.binds) binds.push_back(bind_form(bind));
  for (const auto& [name, secret] : policy.secrets) secrets.set(name, secret_form(secret));
  for (const auto& [name, tool] : policy.tools) tools.set(name, tool_form(tool));
  return Json::object({{"glovebox", 1},
                       {"bind", set_of(std::move(binds))},
                       {"profile", std::move(profiles)},
                       {"cap", policy.cap ? profile_form(*policy.cap, filter) : Json()},
                       {"secret", std::move(secrets)},
                       {"tool", std::move(tools)}});
}

Result<std::string> digest_of(const Policy& policy, const FilterDigest& filter) {
  return codec::sha256(TRY(codec::to_jcs(canonical(policy, filter)))).hex();
}

}  // namespace glovebox::policy
