#include "roles/log_client.h"

#include <utility>

#include "ipc/messages.h"

namespace glovebox::roles {

void LogClient::connect(ipc::Channel channel) {
  disconnect();
  channel_ = std::move(channel);
}

void LogClient::disconnect() {
  channel_.close();
  // What was under way is older than what waits.
  for (auto at = asked_.rbegin(); at != asked_.rend(); ++at)
    if (at->second.note) notes_.push_front(*std::move(at->second.note));
  asked_.clear();
  notes_under_way_ = 0;
}

void LogClient::note(Note note) {
  if (notes_.size() < kMostNotes) {
    notes_.push_back(std::move(note));
    return;
  }
  // Their number takes the place of the last.
  if (notes_lost_++ == 0) {
    notes_.back().session.clear();
    notes_.back().tool_use.clear();
    ++notes_lost_;
  }
  notes_.back().members = {};
  notes_.back().members.set("n", static_cast<std::int64_t>(notes_lost_));
  notes_.back().members.set("why", "not kept one by one while the log could not be written");
}

Result<void> LogClient::send_note() {
  Note note = std::move(notes_.front());
  notes_.pop_front();
  if (notes_.size() < kMostNotes) notes_lost_ = 0;
  const Note copy = note;
  ++notes_under_way_;
  return append({LogAnswer::About::note, 0, copy.session, false, std::move(note)}, copy.kind,
                copy.session, copy.tool_use, copy.members);
}

Result<void> LogClient::append(Question question, audit::RecordKind kind, std::string_view session,
                               std::string_view tool_use, codec::JsonObject members) {
  ipc::Append message;
  message.sequence = next_++;
  message.kind = std::string(audit::to_string(kind));
  // The auditor takes the ids out again and writes them in its own form.
  if (!session.empty()) members.set("sid", session);
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
  if (question.about == LogAnswer::About::note) --notes_under_way_;
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
