#include "plane/state.h"

#include <format>
#include <utility>

#include "base/result.h"
#include "codec/base64.h"
#include "plane/agent.h"
#include "plane/event_check.h"
#include "plane/ids.h"

namespace glovebox::plane {

State::State(const Clock& clock_in, Random& random_in, PlaneSettings settings_in,
             Rehearsals rehearsals_in)
    : clock(clock_in),
      random(random_in),
      settings(std::move(settings_in)),
      rehearsals(std::move(rehearsals_in)),
      environments(clock_in, random_in),
      work(clock_in, random_in, settings.ttl),
      trace(clock_in) {
  environments.add_named(std::string(kFirstEnvironment), "rehearsals");
}

Answer<LiveSession*> State::create_session(const codec::Json& body) {
  const std::optional<std::string> id = TRY(string_field(body, "environment_id"));
  if (!id) return invalid_request("environment_id: is required");
  const Environment* environment = TRY(environments.find(*id));
  if (environment->archived)
    return invalid_request("the environment is archived", "environment_archived");
  SessionSeed seed;
  seed.environment = environment->id;
  seed.title = TRY(string_field(body, "title"));
  seed.metadata = TRY(merged_metadata({}, body.get("metadata"), EmptyValue::keeps_key));
  seed.resources = TRY(session_resources(body, *environment));
  if (const codec::JsonArray* vaults = body.get_array("vault_ids")) seed.vault_ids = *vaults;
  if (const codec::Json* budget = body.get("budget")) seed.budget = *budget;
  seed.agent = TRY(agent_snapshot(body));
  const codec::JsonArray initial = TRY(check_initial_events(body));

  Brain brain = Brain::none;
  std::unique_ptr<RehearsalRun> run;
  if (const codec::Json* name = seed.metadata.find("rehearsal")) {
    const auto found = rehearsals.find(*name->as_string());
    if (found == rehearsals.end())
      return invalid_request(
          std::format("metadata.rehearsal: this plane has no rehearsal {}", *name->as_string()));
    brain = Brain::rehearsal;
    run = std::make_unique<RehearsalRun>(found->second);
  } else if (const codec::Json* who = seed.metadata.find("brain")) {
    if (*who->as_string() == "manual") brain = Brain::manual;
  }
  seed.number = sessions_.size() + 1;
  seed.id = make_id(random, "sesn_");
  sessions_.push_back(std::make_unique<LiveSession>(
      LiveSession{Session(clock, random, std::move(seed)), brain, std::move(run)}));
  LiveSession& live = *sessions_.back();
  if (!initial.empty()) TRY(post(live, initial, CredentialKind::api_key));
  return &live;
}

LiveSession* State::find_session(std::string_view id) {
  for (const auto& live : sessions_)
    if (live->session.seed().id == id) return live.get();
  return nullptr;
}

Answer<LiveSession*> State::find_session(std::string_view id, const Caller& caller) {
  LiveSession* live = find_session(id);
  const auto hidden = [&] {
    if (live == nullptr || live->session.deleted()) return true;
    switch (caller.kind) {
      case CredentialKind::api_key:
        return false;
      case CredentialKind::environment_key:
        return live->session.seed().environment != caller.environment;
      case CredentialKind::sessions_token:
        return live->session.seed().id != caller.session;
    }
    return true;
  };
  if (hidden()) return not_found(std::format("session {} not found", id));
  return live;
}

Answer<codec::JsonArray> State::post(LiveSession& live, const codec::JsonArray& events,
                                     CredentialKind sender) {
  Answer<Posted> posted = live.session.post(events, sender);
  if (!posted) {
    if (live.run != nullptr)
      for (const codec::Json& event : events)
        if (const std::string* id = event.get_string("tool_use_id");
            id != nullptr && *event.get_string("type") == "user.tool_result")
          live.run->refused(*id);
    return std::move(posted).error();
  }
  if (live.run != nullptr) {
    for (const codec::Json& result : posted->results) live.run->answered(result);
    for (const std::string& call : posted->denied) live.run->denied(call);
    for (const codec::Json& event : events)
      if (*event.get_string("type") == "user.interrupt") live.run->stopped("interrupted");
  }
  const SessionSeed& seed = live.session.seed();
  if (posted->needs_worker && !work.has_live_item(seed.id))
    work.add(seed.environment, WorkKind::session, seed.id);
  play(live);
  return std::move(posted->echo);
}

std::vector<std::string> State::emit(LiveSession& live, const codec::JsonArray& events) {
  std::vector<std::string> ids = live.session.emit(events);
  const SessionSeed& seed = live.session.seed();
  if (live.session.status() != SessionStatus::terminated && !work.has_live_item(seed.id))
    work.add(seed.environment, WorkKind::session, seed.id);
  return ids;
}

// Lets the brain move until a call waits or the turn is over.
void State::play(LiveSession& live) {
  while (live.session.wants_move()) {
    if (live.brain == Brain::manual) return;
    if (live.run == nullptr) return live.session.end_turn();
    Move move = live.run->next();
    if (move.ends_turn) return live.session.end_turn();
    const codec::JsonArray confirmations = live.run->emitted(live.session.emit(move.events));
    if (confirmations.empty()) continue;
    const Answer<Posted> posted = live.session.post(confirmations, CredentialKind::api_key);
    if (posted)
      for (const std::string& call : posted->denied) live.run->denied(call);
  }
}

void State::end_session(LiveSession& live, std::string_view why) {
  work.end_session(live.session.seed().id);
  if (live.run != nullptr) live.run->stopped(why);
}

std::string State::make_secret(const WorkItem& item) {
  if (settings.secret == SecretForm::garbage) return "not base64url!";
  if (settings.secret == SecretForm::none) return "";
  Caller caller{CredentialKind::sessions_token, item.environment, item.id,
                item.kind == WorkKind::session ? item.subject : ""};
  codec::Json secret =
      codec::Json::object({{"sessions_token", settings.secret == SecretForm::empty_token
                                                  ? std::string()
                                                  : tokens.issue(random, std::move(caller))}});
  if (settings.secret == SecretForm::with_base_url)
    secret.as_object()->set("api_base_url", settings.base_url);
  return codec::base64url_encode(codec::to_json(secret));
}

}  // namespace glovebox::plane
