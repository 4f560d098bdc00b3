#include "roles/egress_link.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ipc/egress_messages.h"
#include "ipc/messages.h"

namespace glovebox::roles {

void EgressLink::connect(ipc::Channel channel) {
  lose("it was replaced");
  channel_ = std::move(channel);
  told_ = {};
  for (const Network& network : networks_) tell(network);
}

// What it was asked is answered by its end: its connections are closed, and it records nothing
// more.
void EgressLink::lose(std::string_view why) {
  if (!channel_.open()) return;
  channel_.close();
  if (!networks_.empty())
    log_.error("the egress role is gone, nothing gets out until it is back", {{"why", why}});
  while (!asked_.empty()) answered(asked_.begin()->first);
}

template <class Message>
void EgressLink::send(const Message& message, const std::vector<int>& fds) {
  if (!channel_.open()) return;
  if (auto sent = channel_.send(Message::kType, message.encode(), fds); !sent)
    lose(sent.error().message());
}

void EgressLink::receive() {
  auto message = channel_.receive();
  if (!message) return lose(message.error().message());
  if (!*message) return lose("it ended");
  if (!ipc::accepts(ipc::Connection::boxer_of_egress, (*message)->type) || !(*message)->fds.empty())
    return lose("a message that it may not send");
  const auto flushed = ipc::NetworkFlushed::decode((*message)->body);
  if (!flushed) return lose(flushed.error().message());
  answered(flushed->ticket);
}

void EgressLink::tell(const Network& network) {
  const NewNetwork& facts = network.facts;
  if (!told_.note(facts.rules_digest))
    send(ipc::EgressRulesMessage{facts.rules_digest, facts.rules});
  (void)told_.forget_oldest();
  ipc::ServeNetwork serve;
  serve.network = network.number;
  serve.session = facts.session;
  serve.profile = facts.profile;
  serve.policy = facts.policy;
  serve.rules = facts.rules_digest;
  serve.shared = facts.shared ? 1 : 0;
  std::vector<int> fds;
  for (const UniqueFd& socket : facts.sockets) fds.push_back(socket.get());
  send(serve, fds);
  if (!network.tool_use.empty())
    send(ipc::NetworkCall{network.number, network.tool_use, network.tool});
}

void EgressLink::open(NewNetwork network) {
  networks_.push_back({std::move(network), ++last_network_, {}, {}});
  tell(networks_.back());
}

EgressLink::Network* EgressLink::find(std::string_view session, std::uint64_t name) {
  const auto at = std::ranges::find_if(networks_, [&](const Network& network) {
    return network.facts.session == session && network.facts.name == name;
  });
  return at == networks_.end() ? nullptr : &*at;
}

void EgressLink::name_call(std::string_view session, std::uint64_t name, std::string_view tool_use,
                           std::string_view tool) {
  Network* const network = find(session, name);
  if (network == nullptr || network->facts.shared) return;
  network->tool_use = tool_use;
  network->tool = tool;
  send(ipc::NetworkCall{network->number, network->tool_use, network->tool});
}

std::uint64_t EgressLink::ask(Question question) {
  question.until = clock_.monotonic() + kPatience;
  asked_.emplace(++last_ticket_, std::move(question));
  return last_ticket_;
}

bool EgressLink::flush(std::string_view session, std::uint64_t name, Ticket ticket) {
  const Network* const network = find(session, name);
  if (network == nullptr || !channel_.open()) return false;
  const std::uint64_t number = network->number;
  send(ipc::FlushNetwork{number, ask({.call = ticket, .session = {}})});
  return true;  // also when that showed that it is gone: then it is settled already
}

void EgressLink::close(Network&& network) {
  if (!channel_.open()) return;
  send(ipc::CloseNetwork{network.number, ask({.call = {}, .session = network.facts.session})});
}

void EgressLink::close(std::string_view session, std::uint64_t name) {
  const auto at = std::ranges::find_if(networks_, [&](const Network& network) {
    return network.facts.session == session && network.facts.name == name;
  });
  if (at == networks_.end()) return;
  Network network = std::move(*at);
  networks_.erase(at);
  close(std::move(network));
}

bool EgressLink::close_all(const std::string& session) {
  std::vector<Network> left;
  for (auto at = networks_.begin(); at != networks_.end();) {
    if (at->facts.session != session) {
      ++at;
      continue;
    }
    left.push_back(std::move(*at));
    at = networks_.erase(at);
  }
  for (Network& network : left) close(std::move(network));
  const bool waits = std::ranges::any_of(asked_, [&](const auto& entry) {
    return !entry.second.call && entry.second.session == session;
  });
  if (waits) wanted_.insert(session);
  return waits;
}

void EgressLink::answered(std::uint64_t ticket) {
  const auto at = asked_.find(ticket);
  if (at == asked_.end()) return;  // given up
  const Question question = std::move(at->second);
  asked_.erase(at);
  if (question.call) {
    settled_.push_back(*question.call);
    return;
  }
  const bool more = std::ranges::any_of(asked_, [&](const auto& entry) {
    return !entry.second.call && entry.second.session == question.session;
  });
  if (!more && wanted_.erase(question.session) > 0) closed_.push_back(question.session);
}

std::vector<Ticket> EgressLink::take_settled() {
  return std::exchange(settled_, {});
}

std::vector<std::string> EgressLink::take_closed() {
  return std::exchange(closed_, {});
}

Duration EgressLink::next_look() const {
  // What was answered while nobody was looking, too.
  if (!settled_.empty() || !closed_.empty()) return Duration{};
  return asked_.empty() ? Duration::max() : asked_.begin()->second.until;
}

void EgressLink::look() {
  const Duration now = clock_.monotonic();
  while (!asked_.empty() && asked_.begin()->second.until <= now) {
    log_.error("the egress role does not answer, the call goes on without it");
    answered(asked_.begin()->first);
  }
}

}  // namespace glovebox::roles
