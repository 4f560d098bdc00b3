#include "roles/policy_log.h"

#include <utility>

#include "ipc/messages.h"
#include "ipc/policy_messages.h"

namespace glovebox::roles {

namespace {

template <class Message>
Result<std::uint64_t> ask(const ipc::Channel& channel, const Message& message) {
  TRY(channel.send(Message::kType, message.encode()));
  return message.sequence;
}

}  // namespace

Result<std::uint64_t> PolicyLog::append(audit::RecordKind kind, codec::JsonObject members) {
  return ask(channel_, ipc::Append{next_++, std::string(audit::to_string(kind)),
                                   codec::to_json(std::move(members))});
}

Result<std::uint64_t> PolicyLog::keep(std::string_view digest, std::string document) {
  return ask(channel_, ipc::KeepPolicy{next_++, std::string(digest), std::move(document)});
}

Result<std::uint64_t> PolicyLog::fetch(std::string_view digest) {
  return ask(channel_, ipc::FetchPolicy{next_++, std::string(digest)});
}

Result<std::optional<PolicyLog::Answer>> PolicyLog::receive() {
  auto envelope = TRY(channel_.receive());
  if (!envelope) return std::optional<Answer>{};
  if (!ipc::accepts(ipc::Connection::supervisor_of_auditor, envelope->type) ||
      !envelope->fds.empty())
    return Error(ErrorKind::protocol, "auditor: unexpected message");
  Answer answer;
  switch (envelope->type) {
    case ipc::Appended::kType: {
      const auto message = TRY(ipc::Appended::decode(envelope->body));
      answer.sequence = message.sequence;
      answer.index = message.index;
      break;
    }
    case ipc::PolicyKept::kType: {
      auto message = TRY(ipc::PolicyKept::decode(envelope->body));
      answer.sequence = message.sequence;
      answer.document = std::move(message.document);
      break;
    }
    case ipc::PolicyFetched::kType: {
      auto message = TRY(ipc::PolicyFetched::decode(envelope->body));
      answer.sequence = message.sequence;
      answer.document = std::move(message.document);
      break;
    }
    default: {
      auto message = TRY(ipc::AppendFailed::decode(envelope->body));
      answer.sequence = message.sequence;
      answer.refused = std::move(message.message);
    }
  }
  return std::optional<Answer>(std::move(answer));
}

}  // namespace glovebox::roles
