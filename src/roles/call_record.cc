#include "roles/call_record.h"

#include <utility>

#include "audit/bounded_value.h"
#include "box/plan_text.h"

namespace glovebox::roles {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

std::string_view name_of(box::Enforced by) {
  return by == box::Enforced::walled ? "walled" : "watched";
}

// The arguments as a value, and the commitment to the bytes that came.
void add_input(JsonObject& members, const CallText& call) {
  members.set("tool", call.tool);
  if (!call.program.empty()) {
    JsonArray program;
    for (const std::string& word : call.program) program.emplace_back(word);
    const Json value = std::move(program);
    members.set("in", audit::commitment(codec::to_json(value)));
    members.set("arg", value);
    return;
  }
  members.set("in", audit::commitment(call.input));
  if (auto value = codec::parse_json(call.input)) members.set("arg", std::move(*value));
}

}  // namespace

Json protection_of(const box::BoxPlan& plan) {
  JsonArray layers;
  for (box::Layer layer : box::kAllLayers)
    if (plan.layers.has(layer)) layers.emplace_back(box::to_string(layer));
  return Json::object({
      {"rung", static_cast<int>(plan.rung)},
      {"layers", std::move(layers)},
      {"landlock", plan.landlock_abi},
      {"filter", plan.filter_name},
      {"bpf", plan.filter_digest},
      {"cgroup", box::to_string(plan.cgroups)},
      {"background", box::to_string(plan.background)},
      {"memory", name_of(plan.limits.memory_by)},
      {"cpu", name_of(plan.limits.cpu_by)},
      {"disk", name_of(plan.limits.disk_by)},
  });
}

JsonObject session_open_members(const SessionFacts& session, const ActivePolicy& active,
                                const box::HostFacts& host, StartedAs started) {
  JsonObject members;
  members.set("env", session.environment);
  members.set("agent", session.agent);
  members.set("work", session.work);
  members.set("pol", active.digest);
  members.set("polfile", active.policy.file);
  if (session.last_close) members.set("last", static_cast<std::int64_t>(*session.last_close));
  if (auto unserved = codec::parse_json(session.unserved);
      unserved && unserved->as_array() && !unserved->as_array()->empty())
    members.set("unserved", std::move(*unserved));
  members.set("prot", Json::object({
                          {"rung", static_cast<int>(host.rung)},
                          {"kernel", host.kernel},
                          {"landlock", host.landlock_abi},
                          {"cgroup", box::to_string(host.cgroups)},
                          // Between the roles themselves.
                          {"roles", started == StartedAs::root ? "ids" : "landlock and seccomp"},
                      }));
  return members;
}

JsonObject session_close_members(std::string_view why, std::uint32_t ended) {
  JsonObject members;
  members.set("why", why);
  if (ended > 0) members.set("ended", static_cast<std::int64_t>(ended));
  return members;
}

JsonObject intent_members(const CallText& call, const ActivePolicy& active,
                          const box::BoxPlan& plan) {
  JsonObject members;
  add_input(members, call);
  members.set("pol", active.digest);
  members.set("prof", plan.profile);
  members.set("rule", plan.rule);
  members.set("dec", "allow");
  members.set("prot", protection_of(plan));
  return members;
}

JsonObject deny_members(const CallText& call, const ActivePolicy& active, const Denial& denial) {
  JsonObject members;
  add_input(members, call);
  members.set("pol", active.digest);
  if (!denial.profile.empty()) members.set("prof", denial.profile);
  members.set("rule", denial.rule);
  members.set("dec", "deny");
  members.set("outcome", box::to_string(denial.outcome));
  members.set("why", denial.why);
  return members;
}

JsonObject result_members(const CallResult& result) {
  JsonObject members;
  members.set("outcome", box::to_string(result.verdict.outcome));
  members.set(result.verdict.outcome == box::Outcome::signalled ? "sig" : "exit",
              result.verdict.status);
  if (!result.verdict.detail.empty()) members.set("why", result.verdict.detail);
  members.set("err", result.is_error);
  members.set("out", audit::commitment(result.content));
  constexpr std::int64_t kNanoseconds = 1000;
  members.set("ns", result.usage.wall_us * kNanoseconds);
  members.set("cpu", result.usage.cpu_us * kNanoseconds);
  members.set("rss", result.usage.peak_kib);
  if (result.start) members.set("box", box::kind_of(*result.start));
  if (result.background > 0) members.set("left", static_cast<std::int64_t>(result.background));
  return members;
}

JsonObject orphan_members(std::string_view why) {
  JsonObject members;
  members.set("why", why);
  return members;
}

}  // namespace glovebox::roles
