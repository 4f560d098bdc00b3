#include "egress/network.h"

#include <utility>

namespace glovebox::egress {

Network::Network(EgressHost& host, NetworkTags tags, Shared shared,
                 std::shared_ptr<const EgressRules> rules)
    : host_(host),
      tags_(std::move(tags)),
      shared_(shared),
      rules_(std::move(rules)),
      flowing_(listening_.token()),
      running_(host.loop) {}

std::shared_ptr<Network> Network::start(EgressHost& host, NetworkTags tags, Shared shared,
                                        std::shared_ptr<const EgressRules> rules,
                                        NetworkListeners listeners) {
  const std::shared_ptr<Network> network(
      new Network(host, std::move(tags), shared, std::move(rules)));
  for (UniqueFd& socket : listeners.dns)
    host.loop.spawn(network->serve_datagrams(network, std::move(socket)));
  host.loop.spawn(network->accept_queries(network, std::move(listeners.dns_tcp)));
  for (NetworkListeners::Port& port : listeners.tcp)
    host.loop.spawn(network->accept_on(network, std::move(port.socket), port.port));
  return network;
}

void Network::name_call(std::string tool_use, std::string tool) {
  if (shared_ == Shared::by_session) return;
  tags_.tool_use = std::move(tool_use);
  tags_.tool = std::move(tool);
  tell_held();
}

void Network::hold_or_tell(Happened what) {
  if (!is_held()) return tell(what);
  held_.push_back(std::move(what));
  if (held_.size() < kMostHeld) return;
  host_.log.error("more than can be kept happened in a network whose call is not named: it ends",
                  {{"session", tags_.session}, {"most", static_cast<std::int64_t>(kMostHeld)}});
  end();
}

void Network::tell(const Happened& what) {
  if (const auto* opened = std::get_if<Opened>(&what))
    (void)host_.journal.record(audit::RecordKind::net_open, open_members(tags_, *opened));
  else
    (void)host_.journal.record(audit::RecordKind::net_deny,
                               deny_members(tags_, std::get<Refusals>(what)));
}

void Network::tell_held() {
  for (const Happened& one : std::exchange(held_, {})) tell(one);
}

void Network::count(std::uint64_t up, std::uint64_t down) {
  host_.numbers.add(codec::Metric::egress_bytes_total, {"up"}, up);
  host_.numbers.add(codec::Metric::egress_bytes_total, {"down"}, down);
}

void Network::refuse(Refused refused) {
  host_.numbers.add(codec::Metric::denials_total, {"network"});
  for (const Refusals& told :
       refusals_.add(std::move(refused), host_.loop.clock().wall(), host_.loop.now()))
    record(told);
}

net::Task<Result<void>> Network::flush() {
  const std::shared_ptr<Network> self = shared_from_this();
  const net::Patience patience{.deadline = host_.loop.now() + kRecordTime, .token = {}};
  if (shared_ == Shared::no) {
    // The call is over: what still flows belongs to nobody.
    flowing_.cancel();
    CO_TRY(co_await running_.wait(patience));
  } else {
    tell_flows();
  }
  for (const Refusals& told : refusals_.take_all()) record(told);
  co_return co_await host_.journal.settled(host_.journal.last(), patience);
}

net::Task<Result<void>> Network::close() {
  const std::shared_ptr<Network> self = shared_from_this();
  const net::Patience patience{.deadline = host_.loop.now() + kRecordTime, .token = {}};
  end();
  CO_TRY(co_await running_.wait(patience));
  co_return co_await host_.journal.settled(host_.journal.last(), patience);
}

void Network::end() {
  if (ended_) return;
  ended_ = true;
  listening_.cancel();
  tell_held();  // of a box that nothing ran in, or whose call is not known any more
  for (const Refusals& told : refusals_.take_all()) record(told);
}

}  // namespace glovebox::egress
