#include "roles/call_record.h"

#include <algorithm>
#include <format>
#include <utility>

#include "base/error.h"
#include "box/plan_text.h"
#include "seccomp/shown_arguments.h"
#include "seccomp/words.h"

namespace glovebox::roles {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using policy::AuditLevel;

std::string_view name_of(box::Enforced by) {
  return by == box::Enforced::walled ? "walled" : "watched";
}

// The commitment to the bytes that came, and the arguments as a value if they may be told.
void add_input(JsonObject& members, const CallText& call, AuditLevel level,
               const audit::Salt& salt) {
  members.set(std::string(audit::kSaltMember), salt.hex());
  members.set("tool", call.tool);
  const bool told = level != AuditLevel::metadata;
  if (!call.program.empty()) {
    JsonArray program;
    for (const std::string& word : call.program) program.emplace_back(word);
    const Json value = std::move(program);
    members.set("in", salt.commitment(codec::to_json(value)));
    if (told) members.set("arg", value);
    return;
  }
  members.set("in", salt.commitment(call.input));
  if (!told) return;
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
      {"guard", static_cast<std::int64_t>(plan.guards.size())},
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
  members.set("polfile", active.file());
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
                          const box::BoxPlan& plan, AuditLevel level, const audit::Salt& salt) {
  JsonObject members;
  add_input(members, call, level, salt);
  members.set("pol", active.digest);
  members.set("prof", plan.profile);
  members.set("rule", plan.rule);
  members.set("dec", "allow");
  members.set("prot", protection_of(plan));
  return members;
}

JsonObject deny_members(const CallText& call, const ActivePolicy& active, const Denial& denial,
                        AuditLevel level, const audit::Salt& salt) {
  JsonObject members;
  add_input(members, call, level, salt);
  members.set("pol", active.digest);
  if (!denial.profile.empty()) members.set("prof", denial.profile);
  members.set("rule", denial.rule);
  members.set("dec", "deny");
  members.set("outcome", box::to_string(denial.outcome));
  members.set("why", denial.why);
  return members;
}

JsonObject refusal_members(const box::Refusal& refusal, const ActivePolicy& active,
                           const std::string& filter) {
  JsonObject members;
  members.set("dec", "deny");
  if (refusal.number == box::kSeveralCalls) {
    members.set("why", "several calls of several kinds, too many to tell apart");
  } else {
    const std::string name =
        seccomp::syscall_name(refusal.number).value_or(std::format("number {}", refusal.number));
    members.set("call", name);
    JsonObject shown;
    for (const auto& [argument, value] : seccomp::shown_arguments(name, refusal.arguments))
      shown.set(std::string(argument), value);
    if (!shown.empty()) members.set("arg", std::move(shown));
    members.set("errno", errno_name(refusal.error));
    if (const auto rules = active.reports.find(filter); rules != active.reports.end()) {
      const auto rule =
          std::ranges::find(rules->second, refusal.number, &seccomp::ReportingRule::number);
      if (rule != rules->second.end()) members.set("rule", rule->place);
    }
  }
  if (refusal.pid != 0) members.set("pid", static_cast<std::int64_t>(refusal.pid));
  if (!refusal.process.empty()) members.set("comm", refusal.process);
  if (refusal.late) members.set("late", true);
  if (refusal.times > 1) {
    members.set("n", static_cast<std::int64_t>(refusal.times));
    members.set("t1", refusal.first.microseconds);
    members.set("t2", refusal.last.microseconds);
  }
  return members;
}

std::vector<JsonObject> taken_members(const box::GuardReport& report) {
  std::vector<JsonObject> records;
  for (const box::SweptName& name : report.names) {
    JsonObject members;
    members.set("name", std::format("{}/{}", box::kWorkspace, name.path));
    members.set("type", box::kind_name(name.type));
    members.set("rule", name.rule);
    members.set("did", box::to_string(name.moved.fate));
    if (!name.moved.place.empty())
      members.set(name.moved.fate == box::Fate::left ? "why" : "to", name.moved.place);
    members.set("size", static_cast<std::int64_t>(name.moved.size.bytes));
    members.set("count", static_cast<std::int64_t>(name.moved.size.files));
    // What is too much to be kept is not counted to its end.
    if (!name.moved.size.is_whole) members.set("counted", "in part");
    records.push_back(std::move(members));
  }
  if (report.more > 0) {
    JsonObject members;
    members.set("more", static_cast<std::int64_t>(report.more));
    records.push_back(std::move(members));
  }
  return records;
}

JsonObject result_members(const CallResult& result, AuditLevel level, const audit::Salt& salt) {
  JsonObject members;
  members.set(std::string(audit::kSaltMember), salt.hex());
  members.set("outcome", box::to_string(result.verdict.outcome));
  members.set(result.verdict.outcome == box::Outcome::signalled ? "sig" : "exit",
              result.verdict.status);
  if (!result.verdict.detail.empty()) members.set("why", result.verdict.detail);
  members.set("err", result.is_error);
  members.set("out", salt.commitment(result.content));
  if (level == AuditLevel::args_output)
    if (auto value = codec::parse_json(result.content)) members.set("res", std::move(*value));
  constexpr std::int64_t kNanoseconds = 1000;
  members.set("ns", result.usage.wall_us * kNanoseconds);
  members.set("cpu", result.usage.cpu_us * kNanoseconds);
  members.set("rss", result.usage.peak_kib);
  if (result.start) members.set("box", box::kind_of(*result.start));
  if (result.background > 0) members.set("left", static_cast<std::int64_t>(result.background));
  if (!result.guard.is_whole) members.set("guard", "searched in part");
  return members;
}

JsonObject orphan_members(std::string_view why) {
  JsonObject members;
  members.set("why", why);
  return members;
}

}  // namespace glovebox::roles
