#include "egress/egress.h"

#include <iterator>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "ipc/egress_messages.h"
#include "ipc/messages.h"
#include "os/inet.h"

namespace glovebox::egress {

namespace {

Error broken(std::string_view what) {
  return Error(ErrorKind::protocol, "boxer: " + std::string(what));
}

Result<NetworkListeners> listeners_of(std::vector<UniqueFd> fds) {
  if (fds.size() < ipc::kDnsSockets) return broken("a network without its sockets");
  NetworkListeners listeners;
  listeners.dns.push_back(std::move(fds[0]));
  listeners.dns.push_back(std::move(fds[1]));
  listeners.dns_tcp = std::move(fds[2]);
  for (std::size_t i = ipc::kDnsSockets; i < fds.size(); ++i) {
    const std::uint16_t port = TRY(os::local_port(fds[i].get()));
    listeners.tcp.push_back({port, std::move(fds[i])});
  }
  return listeners;
}

}  // namespace

void Egress::connect(ipc::Channel boxer) {
  if (boxer_.open()) lose("it was replaced");
  boxer_ = std::move(boxer);
  ++connection_;
  there_.set();
}

void Egress::lose(std::string_view why) {
  if (!boxer_.open()) return;
  if (!networks_.empty())
    host_.log.warning("the boxer is gone, every connection ends", {{"why", why}});
  ended_.push_back(std::exchange(boxer_, {}));
  there_.clear();
  reading_.cancel();
  for (const auto& [number, network] : std::exchange(networks_, {})) network->end();
  rules_.clear();
  recent_ = {};
}

void Egress::note_rules(const std::string& digest) {
  (void)recent_.note(digest);
  if (const auto forgotten = recent_.forget_oldest()) rules_.erase(*forgotten);
}

net::Task<void> Egress::serve() {
  for (;;) {
    ended_.clear();
    if (!co_await there_.wait()) co_return;
    reading_ = net::CancelSource();
    const auto ready =
        co_await host_.loop.readable(boxer_.fd(), {.deadline = {}, .token = reading_.token()});
    if (reading_.cancelled() || !boxer_.open()) continue;
    if (!ready) {
      lose(ready.error().message());
      continue;
    }
    auto message = boxer_.receive();
    if (!message) {
      lose(message.error().message());
    } else if (!*message) {
      lose("it ended");
    } else if (auto taken = take(std::move(**message)); !taken) {
      host_.log.error("the boxer broke the protocol", {{"why", taken.error().message()}});
      lose(taken.error().message());
    }
  }
}

Result<void> Egress::take(ipc::Envelope envelope) {
  if (!ipc::accepts(ipc::Connection::egress_of_boxer, envelope.type))
    return broken("a message that it may not send");
  if (envelope.type == ipc::ServeNetwork::kType) return open(std::move(envelope));
  if (!envelope.fds.empty()) return broken("descriptors that do not belong there");
  const auto network_of = [this](std::uint64_t number) {
    const auto at = networks_.find(number);
    return at == networks_.end() ? nullptr : at->second;
  };
  switch (envelope.type) {
    case ipc::EgressRulesMessage::kType: {
      const auto message = TRY(ipc::EgressRulesMessage::decode(envelope.body));
      if (codec::sha256(message.rules).hex() != message.digest)
        return broken("rules that are not those of their digest");
      rules_[message.digest] = TRY(EgressRules::decode(message.rules));
      note_rules(message.digest);
      return {};
    }
    case ipc::NetworkCall::kType: {
      auto message = TRY(ipc::NetworkCall::decode(envelope.body));
      if (const auto network = network_of(message.network))
        network->name_call(std::move(message.tool_use), std::move(message.tool));
      return {};
    }
    case ipc::FlushNetwork::kType: {
      const auto message = TRY(ipc::FlushNetwork::decode(envelope.body));
      if (const auto network = network_of(message.network))
        host_.loop.spawn(settle(network, network->flush(), message.ticket));
      else
        answer(message.ticket);
      return {};
    }
    default: {
      const auto message = TRY(ipc::CloseNetwork::decode(envelope.body));
      const auto at = networks_.find(message.network);
      if (at == networks_.end()) {
        answer(message.ticket);
        return {};
      }
      const auto network = networks_.extract(at).mapped();
      host_.loop.spawn(settle(network, network->close(), message.ticket));
      return {};
    }
  }
}

Result<void> Egress::open(ipc::Envelope envelope) {
  const auto message = TRY(ipc::ServeNetwork::decode(envelope.body));
  const auto rules = rules_.find(message.rules);
  if (rules == rules_.end()) return broken("a network whose rules were not told");
  note_rules(message.rules);
  if (networks_.contains(message.network)) return broken("a network that is served already");
  NetworkTags tags;
  tags.session = message.session;
  tags.profile = message.profile;
  tags.policy = message.policy;
  networks_[message.network] =
      Network::start(host_, std::move(tags), message.shared != 0 ? Shared::by_session : Shared::no,
                     rules->second, TRY(listeners_of(std::move(envelope.fds))));
  return {};
}

net::Task<void> Egress::settle(std::shared_ptr<Network> network, net::Task<Result<void>> work,
                               std::uint64_t ticket) {
  const std::uint64_t asked_on = connection_;
  if (const auto settled = co_await std::move(work); !settled)
    host_.log.error("not everything of a network is on record",
                    {{"session", network->tags().session}, {"why", settled.error().message()}});
  if (asked_on == connection_) answer(ticket);
}

void Egress::answer(std::uint64_t ticket) {
  if (!boxer_.open()) return;
  const ipc::NetworkFlushed done{ticket};
  if (auto sent = boxer_.send(ipc::NetworkFlushed::kType, done.encode()); !sent)
    lose(sent.error().message());
}

}  // namespace glovebox::egress
