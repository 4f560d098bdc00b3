#include "audit/export_ocsf.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "codec/digest.h"

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonObject;

constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;
constexpr std::int64_t kOther = 99;  // the number for what no other one says, everywhere

struct Class {
  std::int64_t uid;
  std::string_view name;
  std::int64_t category;
  std::string_view category_name;
};
constexpr Class kFile{1001, "File System Activity", 1, "System Activity"};
constexpr Class kProcess{1007, "Process Activity", 1, "System Activity"};
constexpr Class kNetwork{4001, "Network Activity", 4, "Network Activity"};
constexpr Class kHttp{4002, "HTTP Activity", 4, "Network Activity"};
constexpr Class kConfig{5019, "Device Config State Change", 5, "Discovery"};
constexpr Class kLifecycle{6002, "Application Lifecycle", 6, "Application Activity"};
constexpr Class kApi{6003, "API Activity", 6, "Application Activity"};

struct Activity {
  std::int64_t id;
  std::string_view name;
};

const Class& class_of(const Record& record) {
  switch (record.kind) {
    case RecordKind::net_open:
    case RecordKind::net_deny:
      return record.json.get_string("meth") != nullptr ? kHttp : kNetwork;
    case RecordKind::exec_start:
    case RecordKind::sys_deny:
      return kProcess;
    case RecordKind::fs_deny:
      return kFile;
    case RecordKind::policy_load:
    case RecordKind::policy_reject:
    case RecordKind::config:
    case RecordKind::operator_action:
      return kConfig;
    case RecordKind::session_open:
    case RecordKind::session_close:
    case RecordKind::tool_intent:
    case RecordKind::tool_deny:
    case RecordKind::tool_result:
    case RecordKind::tool_orphan:
    case RecordKind::approval_ask:
    case RecordKind::approval_answer:
    case RecordKind::secret_use:
      return kApi;
    case RecordKind::boot:
    case RecordKind::stop:
    case RecordKind::heartbeat:
    case RecordKind::epoch_rotate:
    case RecordKind::anchor:
    case RecordKind::gap:
    case RecordKind::recovery:
    case RecordKind::erase:
    case RecordKind::prune:
      return kLifecycle;
  }
  std::unreachable();
}

Activity http_activity(std::string_view method) {
  struct Row {
    std::string_view method;
    Activity activity;
  };
  constexpr std::array<Row, 9> kMethods = {{{"CONNECT", {1, "Connect"}},
                                            {"DELETE", {2, "Delete"}},
                                            {"GET", {3, "Get"}},
                                            {"HEAD", {4, "Head"}},
                                            {"OPTIONS", {5, "Options"}},
                                            {"POST", {6, "Post"}},
                                            {"PUT", {7, "Put"}},
                                            {"TRACE", {8, "Trace"}},
                                            {"PATCH", {9, "Patch"}}}};
  const auto* found = std::ranges::find(kMethods, method, &Row::method);
  return found != kMethods.end() ? found->activity : Activity{kOther, method};
}

// A connection is recorded when it begins, meanwhile, and at its end.
Activity network_activity(const Record& record) {
  if (record.kind == RecordKind::net_deny) return {5, "Refuse"};
  if (record.json.get("why") != nullptr) return {4, "Fail"};
  const std::string at = member_text(record, "at");
  if (at == "beginning") return {1, "Open"};
  return at == "meanwhile" ? Activity{6, "Traffic"} : Activity{2, "Close"};
}

// Valid as long as the record.
Activity activity_of(const Record& record, const Class& class_) {
  if (class_.uid == kHttp.uid) return http_activity(*record.json.get_string("meth"));
  if (class_.uid == kNetwork.uid) return network_activity(record);
  if (class_.uid == kConfig.uid) return {1, "Log"};
  if (record.kind == RecordKind::boot) return {3, "Start"};
  if (record.kind == RecordKind::stop) return {4, "Stop"};
  if (record.kind == RecordKind::exec_start) return {1, "Launch"};
  return {kOther, to_string(record.kind)};
}

void set_text(JsonObject& into, const char* key, std::string text) {
  if (!text.empty()) into.set(key, std::move(text));
}
void set_int(JsonObject& into, const char* key, const Record& record, std::string_view member) {
  if (const auto value = record.json.get_int(member)) into.set(key, *value);
}

Json metadata(const ExportRecord& record, const ExportOrigin& from) {
  JsonObject members;
  members.set("version", kOcsfVersion);
  members.set(
      "product",
      Json::object({{"name", "glovebox"}, {"vendor_name", "glovebox"}, {"version", from.version}}));
  members.set("profiles", Json::array({"host", "security_control"}));
  members.set("uid", record.leaf.hex());
  members.set("sequence", static_cast<std::int64_t>(record.index));
  members.set("log_name", from.origin);
  members.set("event_code", to_string(record.record.kind));
  set_text(members, "correlation_uid", record.record.tool_use);
  members.set("original_time", to_rfc3339(record.record.wall));
  return members;
}

Json actor(const Record& record) {
  JsonObject members;
  const std::string agent = member_text(record, "agent");
  members.set("app_name", agent.empty() ? "glovebox" : agent);
  if (!record.session.empty()) members.set("session", Json::object({{"uid", record.session}}));
  return members;
}

Json device(const ExportOrigin& from) {
  const std::string machine = machine_of(from.origin);
  return Json::object(
      {{"type_id", 0}, {"type", "Unknown"}, {"hostname", machine.empty() ? from.origin : machine}});
}

Json box(const Record& record) {
  JsonObject members;
  members.set("name", "box");
  set_text(members, "instance_uid", record.session);
  return members;
}

Json policy(const Record& record) {
  JsonObject members;
  set_text(members, "uid", member_text(record, "pol"));
  set_text(members, "name", member_text(record, "prof"));
  set_text(members, "desc", member_text(record, "polfile"));
  return members;
}

void add_answer(JsonObject& event, const Record& record) {
  const Answer answer = answer_of(record);
  const Json applied = policy(record);
  const bool has_policy =
      applied.get("uid") != nullptr || applied.get("name") != nullptr;  // it needs one of them
  if (has_policy) event.set("policy", applied);
  if (answer == Answer::none) return;
  const bool denied = answer == Answer::denied;
  event.set("action_id", denied ? 2 : 1);
  event.set("action", denied ? "Denied" : "Allowed");
  event.set("disposition_id", denied ? 2 : 1);
  event.set("disposition", denied ? "Blocked" : "Allowed");
  event.set("is_alert", denied);
  if (std::string rule = member_text(record, "rule"); !rule.empty())
    event.set("firewall_rule", Json::object({{"name", std::move(rule)}}));
  JsonObject authorization;
  authorization.set("decision", denied ? "deny" : "allow");
  if (has_policy) authorization.set("policy", applied);
  event.set("authorizations", Json::array({std::move(authorization)}));
}

void add_status(JsonObject& event, const Record& record) {
  const bool failed = weight_of(record) != Weight::info || record.json.get_bool("err") == true ||
                      (record.kind == RecordKind::net_open && record.json.get("why") != nullptr);
  event.set("status_id", failed ? 2 : 1);
  event.set("status", failed ? "Failure" : "Success");
  set_text(event, "status_code", member_text(record, "outcome"));
  set_text(event, "status_detail", member_text(record, "why"));
}

void add_api(JsonObject& event, const Record& record) {
  JsonObject api;
  std::string operation = member_text(record, "tool");
  api.set("operation", operation.empty() ? std::string(to_string(record.kind)) : operation);
  if (!record.tool_use.empty()) {
    JsonObject request;
    request.set("uid", record.tool_use);
    if (const Json* arguments = record.json.get("arg")) request.set("data", *arguments);
    api.set("request", std::move(request));
  }
  JsonObject response;
  set_int(response, "code", record, "exit");
  if (record.json.get_bool("err") == true) response.set("error", member_text(record, "outcome"));
  if (!response.empty()) api.set("response", std::move(response));
  event.set("api", std::move(api));
  event.set("src_endpoint", box(record));
}

void add_process(JsonObject& event, const Record& record) {
  JsonObject process;
  // What is known in every record: the call, or else the session, in whose box it was.
  process.set("uid", !record.tool_use.empty()  ? record.tool_use
                     : !record.session.empty() ? record.session
                                               : std::string("unknown"));
  set_text(process, "name", member_text(record, "comm"));
  set_int(process, "pid", record, "pid");
  event.set("process", std::move(process));
}

void add_file(JsonObject& event, const Record& record) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 3> kTypes = {
      {{"file", 1}, {"folder", 2}, {"symlink", 7}}};
  const auto* type = std::ranges::find(kTypes, member_text(record, "type"),
                                       &std::pair<std::string_view, std::int64_t>::first);
  const std::string path = member_text(record, "name");
  JsonObject file;
  const std::string name = path.substr(path.rfind('/') + 1);
  file.set("name", name.empty() ? "unnamed" : name);
  set_text(file, "path", path);
  file.set("type_id", type != kTypes.end() ? type->second : std::int64_t{0});
  event.set("file", std::move(file));
}

void add_network(JsonObject& event, const Record& record, const Class& class_) {
  JsonObject to;
  const std::string host = member_text(record, "host");
  set_text(to, "hostname", host);
  set_text(to, "ip", member_text(record, "addr"));
  if (!to.empty()) {
    set_int(to, "port", record, "port");
    event.set("dst_endpoint", std::move(to));
  }
  event.set("src_endpoint", box(record));
  event.set("connection_info", Json::object({{"direction_id", 2}, {"direction", "Outbound"}}));
  set_text(event, "app_protocol_name", member_text(record, "l7"));
  const auto up = record.json.get_int("up"), down = record.json.get_int("down");
  if (up && down) event.set("traffic", Json::object({{"bytes_out", *up}, {"bytes_in", *down}}));
  if (class_.uid != kHttp.uid) return;
  JsonObject url;
  const std::string path = member_text(record, "path");
  url.set("path", path.empty() ? "/" : path);  // it needs one
  set_text(url, "hostname", host);
  set_int(url, "port", record, "port");
  event.set("http_request",
            Json::object({{"http_method", member_text(record, "meth")}, {"url", std::move(url)}}));
  if (const auto status = record.json.get_int("status"))
    event.set("http_response", Json::object({{"code", *status}}));
}

void add_of_class(JsonObject& event, const Record& record, const Class& class_,
                  const ExportOrigin& from) {
  switch (class_.uid) {
    case kApi.uid:
      return add_api(event, record);
    case kProcess.uid:
      return add_process(event, record);
    case kFile.uid:
      return add_file(event, record);
    case kNetwork.uid:
    case kHttp.uid:
      return add_network(event, record, class_);
    case kLifecycle.uid:
      event.set("app", Json::object({{"name", "glovebox"}, {"version", from.version}}));
      return;
    default:
      return;
  }
}

std::pair<std::int64_t, std::string_view> severity_of(Weight weight) {
  switch (weight) {
    case Weight::info:
      return {1, "Informational"};
    case Weight::warning:
      return {3, "Medium"};
    case Weight::alarm:
      return {5, "Critical"};
  }
  std::unreachable();
}

// Several refusals in one record.
void add_count(JsonObject& event, const Record& record) {
  const auto times = record.json.get_int("n");
  const auto first = record.json.get_int("t1"), last = record.json.get_int("t2");
  if (!times || !first || !last) return;
  event.set("count", *times);
  event.set("start_time", *first / kMicrosecondsPerMillisecond);
  event.set("end_time", *last / kMicrosecondsPerMillisecond);
}

}  // namespace

Json ocsf_event(const ExportRecord& record, const ExportOrigin& from) {
  const Record& read = record.record;
  const Class& class_ = class_of(read);
  const Activity activity = activity_of(read, class_);
  const auto [severity_id, severity] = severity_of(weight_of(read));
  JsonObject event;
  event.set("class_uid", class_.uid);
  event.set("class_name", class_.name);
  event.set("category_uid", class_.category);
  event.set("category_name", class_.category_name);
  event.set("activity_id", activity.id);
  event.set("activity_name", activity.name);
  event.set("type_uid", class_.uid * 100 + activity.id);
  event.set("severity_id", severity_id);
  event.set("severity", severity);
  event.set("time", read.wall.microseconds / kMicrosecondsPerMillisecond);
  event.set("message", words_for(read.kind));
  event.set("metadata", metadata(record, from));
  event.set("actor", actor(read));
  event.set("device", device(from));
  add_status(event, read);
  add_answer(event, read);
  add_of_class(event, read, class_, from);
  add_count(event, read);
  event.set("raw_data", record.bytes);
  event.set("raw_data_size", static_cast<std::int64_t>(record.bytes.size()));
  event.set("raw_data_hash", Json::object({{"algorithm", "SHA-256"},
                                           {"algorithm_id", 3},
                                           {"value", codec::sha256(record.bytes).hex()}}));
  return event;
}

}  // namespace glovebox::audit
