// Everything a plane holds, and what its parts do to each other.
//
// Nothing is kept on disk. The handlers of the API (api.h) work on this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"
#include "plane/credential.h"
#include "plane/environment_store.h"
#include "plane/fault.h"
#include "plane/message.h"
#include "plane/page.h"
#include "plane/rehearsal.h"
#include "plane/rehearsal_run.h"
#include "plane/session.h"
#include "plane/trace.h"
#include "plane/work_queue.h"

namespace glovebox::plane {

constexpr std::string_view kFirstEnvironment = "env_plane_rehearsal";

// What the `secret` of a poll answer looks like; all but `usual` are for tests.
enum class SecretForm : std::uint8_t { usual, with_base_url, none, garbage, empty_token };
enum class EmptyPoll : std::uint8_t { null_body, no_content, empty_body };
// Who plays a session without a rehearsal: nobody, so that a turn ends at once, or a test through
// the control routes.
enum class Brain : std::uint8_t { none, rehearsal, manual };

struct PlaneSettings {
  seconds ttl = kDefaultTtl;
  PageSizes pages;
  SecretForm secret = SecretForm::usual;
  EmptyPoll empty_poll = EmptyPoll::null_body;
  std::string base_url;  // of this plane; known once it listens
};

struct LiveSession {
  Session session;
  Brain brain = Brain::none;
  std::unique_ptr<RehearsalRun> run;  // Brain::rehearsal only
};

class State {
 public:
  State(const Clock& clock, Random& random, PlaneSettings settings, Rehearsals rehearsals);

  // From a create request. Errors: 400, 404 for the environment.
  Answer<LiveSession*> create_session(const codec::Json& body);
  // Errors: 404, also for a deleted one and for one of another environment or token than the
  // caller's.
  Answer<LiveSession*> find_session(std::string_view id, const Caller& caller);
  LiveSession* find_session(std::string_view id);  // deleted ones too; nullptr
  const std::vector<std::unique_ptr<LiveSession>>& sessions() const { return sessions_; }

  // Checked events into a session, and what follows: the queue, and the brain's moves.
  Answer<codec::JsonArray> post(LiveSession& live, const codec::JsonArray& events,
                                CredentialKind sender);
  // Events of the brain, from a test.
  std::vector<std::string> emit(LiveSession& live, const codec::JsonArray& events);
  void end_session(LiveSession& live, std::string_view why);

  std::string make_secret(const WorkItem& item);

  const Clock& clock;
  Random& random;
  PlaneSettings settings;
  Rehearsals rehearsals;
  EnvironmentStore environments;
  WorkQueue work;
  EnvironmentKeys keys;
  SessionsTokens tokens;
  Faults faults;
  Trace trace;

 private:
  void play(LiveSession& live);

  std::vector<std::unique_ptr<LiveSession>> sessions_;
};

}  // namespace glovebox::plane
