// The boxer's end of its connection to the auditor: what was asked, until it is answered.
//
// At most one connection at a time. What was asked on a connection that ended is forgotten; the
// gate decides what that means. Owns the channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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
  // What happened in a session beside its calls. Nobody waits for the answer to a note; what was
  // under way on a connection that ended is sent again on the next one (it may then be in the log
  // twice). While there is none at most kMostNotes are kept; of more, only how many there were.
  struct Note {
    audit::RecordKind kind = audit::RecordKind::sys_deny;
    std::string session, tool_use;  // may be empty
    codec::JsonObject members;
  };
  static constexpr std::size_t kMostNotes = 4096;
  void note(Note note);
  bool has_notes() const { return !notes_.empty(); }
  // The next one. Only when connected; whoever has many reads answers in between: see
  // notes_under_way().
  Result<void> send_note();
  // Sent and not answered. Each side waits for the other if one only ever writes.
  std::size_t notes_under_way() const { return notes_under_way_; }
  static constexpr std::size_t kMostUnderWay = 64;

  Result<void> find(Ticket ticket, std::string_view session, std::string_view tool_use);
  // Blocks for one message. nullopt: the auditor is gone. Error: it broke the protocol.
  Result<std::optional<LogAnswer>> receive();

 private:
  struct Question {
    LogAnswer::About about;
    Ticket ticket;
    std::string session;
    bool may_be_known = false;  // an intent or a denial: the answer may be what the log knows
    std::optional<Note> note{};
  };
  Result<void> append(Question question, audit::RecordKind kind, std::string_view session,
                      std::string_view tool_use, codec::JsonObject members);
  Result<Question> answered(std::uint64_t sequence);

  ipc::Channel channel_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Question> asked_;
  std::deque<Note> notes_;  // oldest first
  std::uint64_t notes_lost_ = 0;
  std::size_t notes_under_way_ = 0;
};

}  // namespace glovebox::roles
