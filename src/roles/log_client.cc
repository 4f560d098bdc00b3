#include "roles/log_client.h"

#include <utility>

#include "ipc/messages.h"

namespace glovebox::roles {

void LogClient::connect(ipc::Channel channel) {
  channel_ = std::move(channel);
  asked_.clear();
}

void LogClient::disconnect() {
  channel_.close();
  asked_.clear();
}

Result<void> LogClient::append(Question question, audit::RecordKind kind, std::string_view session,
                               std::string_view tool_use, codec::JsonObject members) {
  ipc::Append message;
  message.sequence = next_++;
  message.kind = std::string(audit::to_string(kind));
  // The auditor takes the ids out again and writes them in its own form.
  members.set("sid", session);
  if (!tool_use.empty()) members.set("tu", tool_use);
  message.members = codec::to_json(std::move(members));
  asked_.emplace(message.sequence, std::move(question));
  return channel_.send(ipc::Append::kType, message.encode());
}

Result<void> LogClient::append_call(Ticket ticket, audit::RecordKind kind, std::string_view session,
                                    std::string_view tool_use, codec::JsonObject members) {
  const bool may_be_known =
      kind == audit::RecordKind::tool_intent || kind == audit::RecordKind::tool_deny;
  return append({LogAnswer::About::call, ticket, "", may_be_known}, kind, session, tool_use,
                std::move(members));
}

Result<void> LogClient::append_session(audit::RecordKind kind, std::string_view session,
                                       codec::JsonObject members) {
  return append({LogAnswer::About::session, 0, std::string(session), false}, kind, session, "",
                std::move(members));
}

Result<void> LogClient::append_note(audit::RecordKind kind, std::string_view session,
                                    std::string_view tool_use, codec::JsonObject members) {
  return append({LogAnswer::About::note, 0, std::string(session), false}, kind, session, tool_use,
                std::move(members));
}

Result<void> LogClient::find(Ticket ticket, std::string_view session, std::string_view tool_use) {
  ipc::FindCall message;
  message.sequence = next_++;
  message.session = std::string(session);
  message.tool_use = std::string(tool_use);
  asked_.emplace(message.sequence, Question{LogAnswer::About::found, ticket, "", false});
  return channel_.send(ipc::FindCall::kType, message.encode());
}

Result<LogClient::Question> LogClient::answered(std::uint64_t sequence) {
  const auto at = asked_.find(sequence);
  if (at == asked_.end()) return Error(ErrorKind::protocol, "auditor: answer to no question");
  Question question = std::move(at->second);
  asked_.erase(at);
  return question;
}

Result<std::optional<LogAnswer>> LogClient::receive() {
  auto envelope = TRY(channel_.receive());
  if (!envelope) return std::optional<LogAnswer>{};
  if (!ipc::accepts(ipc::Connection::boxer_of_auditor, envelope->type))
    return Error(ErrorKind::protocol, "auditor: unexpected message");
  LogAnswer answer;
  Question question;
  if (envelope->type == ipc::Appended::kType) {
    const auto message = TRY(ipc::Appended::decode(envelope->body));
    question = TRY(answered(message.sequence));
    answer.index = message.index;
  } else if (envelope->type == ipc::AppendFailed::kType) {
    auto message = TRY(ipc::AppendFailed::decode(envelope->body));
    question = TRY(answered(message.sequence));
    answer.recorded = CallGate::Recorded::refused;
    answer.message = std::move(message.message);
  } else {
    const auto message = TRY(ipc::CallFound::decode(envelope->body));
    question = TRY(answered(message.sequence));
    answer.knows = message.state == ipc::CallState::unknown    ? LogKnows::nothing
                   : message.state == ipc::CallState::intended ? LogKnows::intent
                                                               : LogKnows::end;
  }
  answer.about = question.about;
  if (envelope->type == ipc::CallFound::kType) {
    // Also instead of a record of a call: the log knows the call already.
    const bool is_told = question.about == LogAnswer::About::found ||
                         (question.may_be_known && answer.knows != LogKnows::nothing);
    if (!is_told) return Error(ErrorKind::protocol, "auditor: answer to another question");
    answer.about = LogAnswer::About::found;
  } else if (question.about == LogAnswer::About::found) {
    return Error(ErrorKind::protocol, "auditor: answer to another question");
  }
  answer.ticket = question.ticket;
  answer.session = std::move(question.session);
  return std::optional<LogAnswer>(std::move(answer));
}

}  // namespace glovebox::roles
