// Networks with a way out, between a session's keeper and the egress role.
#include <utility>

#include "roles/boxer.h"

namespace glovebox::roles {

// Its boxes end with it, and the networks with them.
void Boxer::drop_keeper(const std::string& name, BoxerSession& session) {
  session.keeper.reset();
  (void)egress_.close_all(name);
}

// The rules are those of the session's policy; the keeper only says which of them its plan named.
void Boxer::serve_network(const std::string& name, const BoxerSession& session,
                          box::KeeperEvent&& event) {
  const auto rules = session.policy->egress_rules.find(event.egress.rules);
  if (rules == session.policy->egress_rules.end()) {
    host_.log.error("a network with rules that its policy does not have", {{"session", name}});
    return;  // nobody listens on its sockets
  }
  EgressLink::NewNetwork network;
  network.session = name;
  network.name = event.network;
  network.shared = event.shared;
  network.profile = std::move(event.profile);
  network.policy = session.policy->digest;
  network.rules_digest = rules->first;
  network.rules = rules->second;
  network.sockets = std::move(event.sockets);
  egress_.open(std::move(network));
}

// What it did outside comes before its result in the log.
void Boxer::ended_in_network(Ticket ticket, LiveCall& call, CallResult&& result) {
  if (call.network != 0 && egress_.flush(call.session, call.network, ticket)) {
    call.held = std::move(result);
    return;
  }
  box_ended(ticket, call, std::move(result));
}

void Boxer::attend_egress() {
  egress_.look();
  for (const Ticket ticket : egress_.take_settled()) {
    const auto call = calls_.find(ticket);
    if (call == calls_.end() || !call->second.held) continue;
    CallResult result = *std::exchange(call->second.held, std::nullopt);
    box_ended(ticket, call->second, std::move(result));
  }
  for (const std::string& name : egress_.take_closed()) {
    const auto session = sessions_.find(name);
    if (session == sessions_.end() || !session->second.awaits_egress) continue;
    session->second.awaits_egress = false;
    finish_close(name, session->second);
  }
}

void Boxer::finish_close(const std::string& name, BoxerSession& session) {
  if (!sweep_beside(name, session)) record_end(name, session);
}

}  // namespace glovebox::roles
