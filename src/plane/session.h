// One session: its object, its events, its calls, and whose turn it is.
//
// A turn begins with a message and ends with `session.status_idle`. In a turn a session is either
// `running` (the brain is to move) or `idle` with requires_action (calls wait for a worker or a
// person). This class keeps status, status events and calls consistent; what the brain does is
// decided by its caller: while wants_move() holds, emit() or end_turn() must follow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "codec/json.h"
#include "plane/call_table.h"
#include "plane/credential.h"
#include "plane/event_log.h"
#include "plane/message.h"

namespace glovebox::plane {

enum class SessionStatus : std::uint8_t { idle, running, terminated };
std::string_view to_string(SessionStatus status);

// What a session is made of at its creation.
struct SessionSeed {
  std::uint64_t number = 0;
  std::string id;
  std::string environment;
  std::optional<std::string> title;
  codec::JsonObject metadata;
  codec::JsonArray resources;
  codec::JsonArray vault_ids;
  codec::Json budget;
  codec::Json agent;  // the snapshot
};

// What a batch of posted events did.
struct Posted {
  codec::JsonArray echo;            // as the send request answers them
  bool needs_worker = false;        // a message, an outcome or an interrupt was among them
  codec::JsonArray results;         // stored result events
  std::vector<std::string> denied;  // ids of calls that a confirmation denied
};

class Session {
 public:
  Session(const Clock& clock, Random& random, SessionSeed seed);

  const SessionSeed& seed() const { return seed_; }
  const EventLog& log() const { return log_; }
  SessionStatus status() const { return status_; }
  bool archived() const { return archived_.has_value(); }
  bool deleted() const { return deleted_; }
  WallTime created() const { return created_; }
  codec::Json to_json() const;
  codec::Json thread_json() const;  // its one thread

  // All of `events` (checked by event_check.h) or none. Errors: 400; 403 for a tool result under
  // an API key.
  Answer<Posted> post(const codec::JsonArray& events, CredentialKind sender);
  // Title, metadata, vault_ids, budget, agent.tools. Errors: 400.
  Answer<void> update(const codec::Json& body);

  bool wants_move() const { return in_turn_ && calls_.waiting().empty(); }
  // Appends what the brain does, each event with its type; begins a turn if none runs. Gives the
  // ids of the stored events, one for each.
  std::vector<std::string> emit(const codec::JsonArray& events);
  void end_turn(std::string_view stop_reason = "end_turn");

  void archive();  // terminates it
  void remove();   // archived or not; streams end after `session.deleted`

 private:
  void begin_turn();
  void settle();
  void go_idle(codec::Json stop_reason);
  void terminate();
  void touch() { updated_ = clock_.wall(); }

  const Clock& clock_;
  SessionSeed seed_;
  std::string thread_;
  EventLog log_;
  CallTable calls_;
  SessionStatus status_ = SessionStatus::idle;
  bool in_turn_ = false;
  bool deleted_ = false;
  std::vector<std::string> announced_;  // the ids of the last requires_action
  WallTime created_;
  WallTime updated_;
  std::optional<WallTime> archived_;
};

}  // namespace glovebox::plane
