#include "roles/recorded_request.h"

#include <format>
#include <string_view>
#include <utility>

#include "codec/host.h"
#include "roles/policy_calendar.h"
#include "seccomp/shown_arguments.h"
#include "seccomp/words.h"

namespace glovebox::roles {

namespace {

using audit::Record;
using audit::RecordKind;

Error unsaid(const audit::RecordedDecision& decision, std::string_view what) {
  return {ErrorKind::invalid, std::format("record {}: {}", decision.index, what)};
}

Result<std::string> text_of(const audit::RecordedDecision& decision, const Record& record,
                            std::string_view key) {
  if (const std::string* text = record.json.get_string(key)) return *text;
  return unsaid(decision, std::format("its {} does not say `{}` in plain words",
                                      audit::to_string(record.kind), key));
}

// In the words that a person would ask with, so that one grammar says what is a request.
Result<policy::Request> asked(const audit::RecordedDecision& decision, const std::string& words) {
  auto request = policy::parse_request(words);
  if (!request) return unsaid(decision, request.error().message());
  return *std::move(request);
}

Result<policy::Request> syscall_of(const audit::RecordedDecision& decision) {
  const Record& record = decision.record;
  if (record.json.get("call") == nullptr)
    return unsaid(decision, "it stands for several system calls, of which none is named");
  policy::SyscallRequest request;
  request.name = TRY(text_of(decision, record, "call"));
  const auto number = seccomp::syscall_number(request.name);
  if (!number) return unsaid(decision, "its system call has no name that is known here");
  request.number = *number;
  if (const auto* arguments = record.json.get_object("arg"))
    for (const auto& [name, value] : *arguments) {
      const std::string* text = value.as_string();
      const auto argument =
          text == nullptr ? std::nullopt : seccomp::read_shown(request.name, name, *text);
      if (!argument) return unsaid(decision, "an argument of its system call cannot be read back");
      request.arguments.at(argument->index) = argument->value;
    }
  return policy::Request(std::move(request));
}

Result<policy::Request> file_of(const audit::RecordedDecision& decision) {
  if (decision.record.json.get("name") == nullptr)
    return unsaid(decision, "it stands for several files, of which none is named");
  const std::string path = TRY(text_of(decision, decision.record, "name"));
  return asked(decision, "write " + path);
}

Result<policy::Request> traffic_of(const audit::RecordedDecision& decision) {
  const Record& record = decision.record;
  const std::string mode = TRY(text_of(decision, record, "l7"));
  if (record.json.get("host") == nullptr) return unsaid(decision, "it names no host");
  const std::string host = TRY(text_of(decision, record, "host"));
  if (mode == "dns") return asked(decision, "resolve " + host);
  const auto port = record.json.get_int("port");
  if (!port) return unsaid(decision, "it names no port");
  const auto parsed = codec::parse_host(host);
  if (!parsed) return unsaid(decision, "its host: " + parsed.error().message());
  const std::string where = std::format("{}:{}", codec::to_url_host(*parsed), *port);
  const bool seen = record.json.get("meth") != nullptr && record.json.get("path") != nullptr;
  if (!seen) return asked(decision, "connect " + where);
  return asked(decision, std::format("{} {}://{}{}", TRY(text_of(decision, record, "meth")),
                                     mode == "http" ? "http" : "https", where,
                                     TRY(text_of(decision, record, "path"))));
}

bool is_traffic(const Record& record) {
  return record.kind == RecordKind::net_open || record.kind == RecordKind::net_deny;
}

Result<policy::Request> request_in(const audit::RecordedDecision& decision,
                                   const std::string& tool) {
  switch (decision.record.kind) {
    case RecordKind::sys_deny:
      return syscall_of(decision);
    case RecordKind::fs_deny:
      return file_of(decision);
    default:
      return policy::Request(policy::ToolRequest{tool});
  }
}

}  // namespace

Result<RecordedRequest> request_of(const audit::RecordedDecision& decision) {
  if (!decision.session)
    return unsaid(decision, "the session.open of its session is not in this log");
  RecordedRequest recorded;
  recorded.day = day_of(decision.record.wall);
  recorded.who.environment = TRY(text_of(decision, *decision.session, "env"));
  recorded.who.agent = TRY(text_of(decision, *decision.session, "agent"));
  if (is_traffic(decision.record)) {
    recorded.policy = TRY(text_of(decision, decision.record, "pol"));
    recorded.who.tool.clear();
    if (decision.record.json.get("tool") != nullptr)
      recorded.who.tool = TRY(text_of(decision, decision.record, "tool"));
    else
      recorded.profile = TRY(text_of(decision, decision.record, "prof"));
    recorded.request = TRY(traffic_of(decision));
    return recorded;
  }
  if (!decision.call)
    return unsaid(decision,
                  decision.record.tool_use.empty()
                      ? "it belongs to no call, so that no tool says which profile was in force"
                      : "what was decided about its call is not in this log");
  recorded.policy = TRY(text_of(decision, *decision.call, "pol"));
  recorded.who.tool = TRY(text_of(decision, *decision.call, "tool"));
  recorded.request = TRY(request_in(decision, recorded.who.tool));
  return recorded;
}

}  // namespace glovebox::roles
