// The boxer's end of its connection to the auditor: what was asked, until it is answered.
//
// At most one connection at a time. What was asked on a connection that ended is forgotten; the
// gate decides what that means. Owns the channel.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record_kind.h"
#include "base/result.h"
#include "codec/json.h"
#include "ipc/channel.h"
#include "roles/call_gate.h"

namespace glovebox::roles {

struct LogAnswer {
  enum class About : std::uint8_t { call, session, found, note } about = About::call;
  Ticket ticket = 0;    // call, found
  std::string session;  // session, note
  CallGate::Recorded recorded = CallGate::Recorded::yes;
  std::uint64_t index = 0;  // of the record
  std::string message;      // when it was refused
  LogKnows knows = LogKnows::nothing;
};

class LogClient {
 public:
  void connect(ipc::Channel channel);
  void disconnect();
  bool connected() const { return channel_.open(); }
  int fd() const { return channel_.fd(); }

  // The answer to an intent or a denial may be about what the log knows of the call, `found`: then
  // nothing was recorded.
  // Errors: the connection is lost (whatever the kind); the caller then disconnects.
  Result<void> append_call(Ticket ticket, audit::RecordKind kind, std::string_view session,
                           std::string_view tool_use, codec::JsonObject members);
  Result<void> append_session(audit::RecordKind kind, std::string_view session,
                              codec::JsonObject members);
  // What nobody waits for but who keeps it until it is answered; `tool_use` may be empty.
  Result<void> append_note(audit::RecordKind kind, std::string_view session,
                           std::string_view tool_use, codec::JsonObject members);
  Result<void> find(Ticket ticket, std::string_view session, std::string_view tool_use);
  // Blocks for one message. nullopt: the auditor is gone. Error: it broke the protocol.
  Result<std::optional<LogAnswer>> receive();

 private:
  struct Question {
    LogAnswer::About about;
    Ticket ticket;
    std::string session;
    bool may_be_known = false;  // an intent or a denial: the answer may be what the log knows
  };
  Result<void> append(Question question, audit::RecordKind kind, std::string_view session,
                      std::string_view tool_use, codec::JsonObject members);
  Result<Question> answered(std::uint64_t sequence);

  ipc::Channel channel_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Question> asked_;
};

}  // namespace glovebox::roles
