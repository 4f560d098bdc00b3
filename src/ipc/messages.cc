#include "ipc/messages.h"

#include "ipc/policy_messages.h"
#include "ipc/wire.h"

namespace glovebox::ipc {

namespace {

std::string list_bytes(const std::vector<std::string>& items) {
  Writer writer;
  writer.number(static_cast<std::uint32_t>(items.size()));
  for (const std::string& item : items) writer.text(item);
  return writer.take();
}

Result<std::vector<std::string>> read_list(const std::string& bytes) {
  Reader reader(bytes);
  std::vector<std::string> items;  // grows with the bytes that are there, not with the count
  for (std::size_t left = TRY(reader.count()); left > 0; --left)
    items.push_back(TRY(reader.text(kMaxBlob)));
  TRY(reader.finish());
  return items;
}

}  // namespace

std::string Start::encode() const {
  Writer writer;
  writer.text(configuration);
  return writer.take();
}

Result<Start> Start::decode(std::string_view body) {
  Reader reader(body);
  Start message;
  message.configuration = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

Result<Ready> Ready::decode(std::string_view body) {
  TRY(Reader(body).finish());
  return Ready{};
}

std::string Peer::encode() const {
  Writer writer;
  writer.text(name);
  return writer.take();
}

Result<Peer> Peer::decode(std::string_view body) {
  Reader reader(body);
  Peer message;
  message.name = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

Result<Stop> Stop::decode(std::string_view body) {
  TRY(Reader(body).finish());
  return Stop{};
}

std::string Fatal::encode() const {
  Writer writer;
  writer.number(exit_code);
  writer.text(message);
  return writer.take();
}

Result<Fatal> Fatal::decode(std::string_view body) {
  Reader reader(body);
  Fatal message;
  message.exit_code = TRY(reader.number<std::uint8_t>());
  message.message = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string Update::encode() const {
  Writer writer;
  writer.text(configuration);
  return writer.take();
}

Result<Update> Update::decode(std::string_view body) {
  Reader reader(body);
  Update message;
  message.configuration = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

std::string SecretRefused::encode() const {
  Writer writer;
  writer.text(name);
  return writer.take();
}

Result<SecretRefused> SecretRefused::decode(std::string_view body) {
  Reader reader(body);
  SecretRefused message;
  message.name = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

std::string Observe::encode() const {
  Writer writer;
  writer.number(ticket);
  writer.number(prove);
  return writer.take();
}

Result<Observe> Observe::decode(std::string_view body) {
  Reader reader(body);
  Observe message;
  message.ticket = TRY(reader.number<std::uint64_t>());
  message.prove = TRY(reader.flag()) ? 1 : 0;
  TRY(reader.finish());
  return message;
}

std::string Observed::encode() const {
  Writer writer;
  writer.number(ticket);
  writer.text(role);
  writer.text(numbers);
  writer.text(problem);
  return writer.take();
}

Result<Observed> Observed::decode(std::string_view body) {
  Reader reader(body);
  Observed message;
  message.ticket = TRY(reader.number<std::uint64_t>());
  message.role = TRY(reader.text(kMaxName));
  message.numbers = TRY(reader.text(kMaxBlob));
  message.problem = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string OpenSession::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(environment);
  writer.text(agent);
  writer.text(work);
  writer.text(unserved);
  return writer.take();
}

Result<OpenSession> OpenSession::decode(std::string_view body) {
  Reader reader(body);
  OpenSession message;
  message.session = TRY(reader.text(kMaxName));
  message.environment = TRY(reader.text(kMaxName));
  message.agent = TRY(reader.text(kMaxName));
  message.work = TRY(reader.text(kMaxName));
  message.unserved = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string SessionOpened::encode() const {
  Writer writer;
  writer.text(session);
  writer.number(index);
  writer.text(list_bytes(kept));
  return writer.take();
}

Result<SessionOpened> SessionOpened::decode(std::string_view body) {
  Reader reader(body);
  SessionOpened message;
  message.session = TRY(reader.text(kMaxName));
  message.index = TRY(reader.number<std::uint64_t>());
  message.kept = TRY(read_list(TRY(reader.text(kMaxBlob))));
  TRY(reader.finish());
  return message;
}

std::string Call::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(tool_use);
  writer.text(tool);
  writer.text(input);
  writer.number(time_limit_ms);
  return writer.take();
}

Result<Call> Call::decode(std::string_view body) {
  Reader reader(body);
  Call message;
  message.session = TRY(reader.text(kMaxName));
  message.tool_use = TRY(reader.text(kMaxName));
  message.tool = TRY(reader.text(kMaxName));
  message.input = TRY(reader.text(kMaxBlob));
  message.time_limit_ms = TRY(reader.number<std::uint64_t>());
  TRY(reader.finish());
  return message;
}

std::string Execute::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(tool_use);
  writer.text(list_bytes(arguments));
  writer.number(time_limit_ms);
  return writer.take();
}

Result<Execute> Execute::decode(std::string_view body) {
  Reader reader(body);
  Execute message;
  message.session = TRY(reader.text(kMaxName));
  message.tool_use = TRY(reader.text(kMaxName));
  message.arguments = TRY(read_list(TRY(reader.text(kMaxBlob))));
  message.time_limit_ms = TRY(reader.number<std::uint64_t>());
  TRY(reader.finish());
  return message;
}

std::string Cancel::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(tool_use);
  writer.number(shutting_down);
  return writer.take();
}

Result<Cancel> Cancel::decode(std::string_view body) {
  Reader reader(body);
  Cancel message;
  message.session = TRY(reader.text(kMaxName));
  message.tool_use = TRY(reader.text(kMaxName));
  message.shutting_down = TRY(reader.flag()) ? 1 : 0;
  TRY(reader.finish());
  return message;
}

std::string Settled::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(tool_use);
  return writer.take();
}

Result<Settled> Settled::decode(std::string_view body) {
  Reader reader(body);
  Settled message;
  message.session = TRY(reader.text(kMaxName));
  message.tool_use = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

std::string CloseSession::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(reason);
  return writer.take();
}

Result<CloseSession> CloseSession::decode(std::string_view body) {
  Reader reader(body);
  CloseSession message;
  message.session = TRY(reader.text(kMaxName));
  message.reason = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string SessionClosed::encode() const {
  Writer writer;
  writer.text(session);
  return writer.take();
}

Result<SessionClosed> SessionClosed::decode(std::string_view body) {
  Reader reader(body);
  SessionClosed message;
  message.session = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

std::string CallDone::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(tool_use);
  writer.text(outcome);
  writer.number(is_error);
  writer.signed_number(status);
  writer.text(content);
  writer.text(rule);
  writer.text(detail);
  writer.number(index);
  writer.signed_number(wall_us);
  writer.signed_number(cpu_us);
  writer.signed_number(peak_kib);
  writer.text(protection);
  return writer.take();
}

Result<CallDone> CallDone::decode(std::string_view body) {
  Reader reader(body);
  CallDone message;
  message.session = TRY(reader.text(kMaxName));
  message.tool_use = TRY(reader.text(kMaxName));
  message.outcome = TRY(reader.text(kMaxName));
  message.is_error = TRY(reader.flag()) ? 1 : 0;
  message.status = TRY(reader.signed_number());
  message.content = TRY(reader.text(kMaxBlob));
  message.rule = TRY(reader.text(kMaxText));
  message.detail = TRY(reader.text(kMaxText));
  message.index = TRY(reader.number<std::uint64_t>());
  message.wall_us = TRY(reader.signed_number());
  message.cpu_us = TRY(reader.signed_number());
  message.peak_kib = TRY(reader.signed_number());
  message.protection = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string Refused::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(tool_use);
  writer.text(message);
  writer.number(settled_before);
  return writer.take();
}

Result<Refused> Refused::decode(std::string_view body) {
  Reader reader(body);
  Refused message;
  message.session = TRY(reader.text(kMaxName));
  message.tool_use = TRY(reader.text(kMaxName));
  message.message = TRY(reader.text(kMaxText));
  message.settled_before = TRY(reader.flag()) ? 1 : 0;
  TRY(reader.finish());
  return message;
}

std::string ShowPlan::encode() const {
  Writer writer;
  writer.text(session);
  writer.text(tool);
  writer.text(list_bytes(arguments));
  return writer.take();
}

Result<ShowPlan> ShowPlan::decode(std::string_view body) {
  Reader reader(body);
  ShowPlan message;
  message.session = TRY(reader.text(kMaxName));
  message.tool = TRY(reader.text(kMaxName));
  message.arguments = TRY(read_list(TRY(reader.text(kMaxBlob))));
  TRY(reader.finish());
  return message;
}

std::string PlanText::encode() const {
  Writer writer;
  writer.text(text);
  writer.text(denied);
  return writer.take();
}

Result<PlanText> PlanText::decode(std::string_view body) {
  Reader reader(body);
  PlanText message;
  message.text = TRY(reader.text(kMaxBlob));
  message.denied = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string Append::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.text(kind);
  writer.text(members);
  return writer.take();
}

Result<Append> Append::decode(std::string_view body) {
  Reader reader(body);
  Append message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.kind = TRY(reader.text(kMaxName));
  message.members = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

std::string Appended::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.number(index);
  writer.text(hash);
  return writer.take();
}

Result<Appended> Appended::decode(std::string_view body) {
  Reader reader(body);
  Appended message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.index = TRY(reader.number<std::uint64_t>());
  message.hash = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

std::string AppendFailed::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.text(message);
  return writer.take();
}

Result<AppendFailed> AppendFailed::decode(std::string_view body) {
  Reader reader(body);
  AppendFailed message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.message = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string FindCall::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.text(session);
  writer.text(tool_use);
  return writer.take();
}

Result<FindCall> FindCall::decode(std::string_view body) {
  Reader reader(body);
  FindCall message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.session = TRY(reader.text(kMaxName));
  message.tool_use = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

std::string CallFound::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.number(static_cast<std::uint8_t>(state));
  return writer.take();
}

Result<CallFound> CallFound::decode(std::string_view body) {
  Reader reader(body);
  CallFound message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.state = TRY(reader.choice(CallState::resulted));
  TRY(reader.finish());
  return message;
}

std::string OpenFile::encode() const {
  Writer writer;
  writer.text(path);
  return writer.take();
}

Result<OpenFile> OpenFile::decode(std::string_view body) {
  Reader reader(body);
  OpenFile message;
  message.path = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string FileOpened::encode() const {
  Writer writer;
  writer.number(error);
  return writer.take();
}

Result<FileOpened> FileOpened::decode(std::string_view body) {
  Reader reader(body);
  FileOpened message;
  message.error = TRY(reader.number<std::uint32_t>());
  TRY(reader.finish());
  return message;
}

std::string RunCommand::encode() const {
  return {};
}

Result<RunCommand> RunCommand::decode(std::string_view body) {
  TRY(Reader(body).finish());
  return RunCommand{};
}

std::string CommandRan::encode() const {
  Writer writer;
  writer.text(problem);
  writer.text(said);
  return writer.take();
}

Result<CommandRan> CommandRan::decode(std::string_view body) {
  Reader reader(body);
  CommandRan message;
  message.problem = TRY(reader.text(kMaxText));
  message.said = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

bool accepts(Connection connection, std::uint16_t type) {
  switch (connection) {
    case Connection::role_of_supervisor:
      return type == Start::kType || type == Peer::kType || type == Stop::kType ||
             type == Update::kType || type == Observe::kType || type == Observed::kType ||
             type == PolicyOrder::kType;
    case Connection::supervisor_of_role:
      return type == Ready::kType || type == Fatal::kType || type == Observed::kType;
    case Connection::supervisor_of_worker:
      return accepts(Connection::supervisor_of_role, type) || type == SecretRefused::kType ||
             type == Observe::kType;
    case Connection::supervisor_of_boxer:
      return accepts(Connection::supervisor_of_role, type) || type == PolicyReport::kType;
    case Connection::boxer_of_worker:
      return type == OpenSession::kType || type == Call::kType || type == Cancel::kType ||
             type == Settled::kType || type == CloseSession::kType;
    case Connection::boxer_of_command:
      return accepts(Connection::boxer_of_worker, type) || type == Execute::kType ||
             type == ShowPlan::kType;
    case Connection::worker_of_boxer:
      return type == SessionOpened::kType || type == SessionClosed::kType ||
             type == CallDone::kType || type == Refused::kType || type == PlanText::kType;
    case Connection::auditor_of_boxer:
      return type == Append::kType || type == FindCall::kType;
    case Connection::boxer_of_auditor:
      return type == Appended::kType || type == AppendFailed::kType || type == CallFound::kType;
    case Connection::auditor_of_supervisor:
      return type == Append::kType || type == KeepPolicy::kType || type == FetchPolicy::kType;
    case Connection::supervisor_of_auditor:
      return type == Appended::kType || type == AppendFailed::kType || type == PolicyKept::kType ||
             type == PolicyFetched::kType;
    case Connection::supervisor_of_operator:
      return type == ControlRequest::kType;
    case Connection::operator_of_supervisor:
      return type == ControlAnswer::kType;
  }
  return false;
}

}  // namespace glovebox::ipc
