#include "ipc/policy_messages.h"

#include "ipc/wire.h"

namespace glovebox::ipc {

std::string PolicyOrder::encode() const {
  Writer writer;
  writer.number(ticket);
  writer.number(static_cast<std::uint8_t>(act));
  writer.text(subject);
  return writer.take();
}

Result<PolicyOrder> PolicyOrder::decode(std::string_view body) {
  Reader reader(body);
  PolicyOrder message;
  message.ticket = TRY(reader.number<std::uint64_t>());
  message.act = TRY(reader.choice(PolicyAct::count));
  message.subject = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

std::string PolicyReport::encode() const {
  Writer writer;
  writer.number(ticket);
  writer.text(problem);
  writer.text(sessions);
  return writer.take();
}

Result<PolicyReport> PolicyReport::decode(std::string_view body) {
  Reader reader(body);
  PolicyReport message;
  message.ticket = TRY(reader.number<std::uint64_t>());
  message.problem = TRY(reader.text(kMaxText));
  message.sessions = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

std::string KeepPolicy::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.text(digest);
  writer.text(document);
  return writer.take();
}

Result<KeepPolicy> KeepPolicy::decode(std::string_view body) {
  Reader reader(body);
  KeepPolicy message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.digest = TRY(reader.text(kMaxName));
  message.document = TRY(reader.text(kMaxPolicyDocument));
  TRY(reader.finish());
  return message;
}

std::string PolicyKept::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.text(document);
  return writer.take();
}

Result<PolicyKept> PolicyKept::decode(std::string_view body) {
  Reader reader(body);
  PolicyKept message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.document = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

std::string FetchPolicy::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.text(digest);
  return writer.take();
}

Result<FetchPolicy> FetchPolicy::decode(std::string_view body) {
  Reader reader(body);
  FetchPolicy message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.digest = TRY(reader.text(kMaxName));
  TRY(reader.finish());
  return message;
}

std::string PolicyFetched::encode() const {
  Writer writer;
  writer.number(sequence);
  writer.text(document);
  return writer.take();
}

Result<PolicyFetched> PolicyFetched::decode(std::string_view body) {
  Reader reader(body);
  PolicyFetched message;
  message.sequence = TRY(reader.number<std::uint64_t>());
  message.document = TRY(reader.text(kMaxPolicyDocument));
  TRY(reader.finish());
  return message;
}

std::string ControlRequest::encode() const {
  Writer writer;
  writer.number(static_cast<std::uint8_t>(act));
  writer.text(subject);
  writer.number(also_revoked);
  return writer.take();
}

Result<ControlRequest> ControlRequest::decode(std::string_view body) {
  Reader reader(body);
  ControlRequest message;
  message.act = TRY(reader.choice(ControlAct::revoke));
  message.subject = TRY(reader.text(kMaxControlSubject));
  message.also_revoked = TRY(reader.flag()) ? 1 : 0;
  TRY(reader.finish());
  return message;
}

std::string ControlAnswer::encode() const {
  Writer writer;
  writer.text(problem);
  writer.text(facts);
  return writer.take();
}

Result<ControlAnswer> ControlAnswer::decode(std::string_view body) {
  Reader reader(body);
  ControlAnswer message;
  message.problem = TRY(reader.text(kMaxControlAnswer));
  message.facts = TRY(reader.text(kMaxControlAnswer));
  TRY(reader.finish());
  return message;
}

}  // namespace glovebox::ipc
