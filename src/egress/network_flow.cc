// Connections: whose name it is, what the rules say, the way there, and the bytes.
#include <format>
#include <optional>
#include <utility>

#include "egress/network.h"
#include "net/dial.h"
#include "os/capture.h"
#include "os/inet.h"

namespace glovebox::egress {

namespace {

std::string_view word_of(policy::EgressMode mode) {
  switch (mode) {
    case policy::EgressMode::http:
      return "http";
    case policy::EgressMode::inspect:
      return "inspect";
    case policy::EgressMode::sni:
      return "sni";
    case policy::EgressMode::raw:
      break;
  }
  return "raw";
}

// Closing it will tell the program at once, as a firewall's reset does.
void turn_away(int socket) {
  os::reset_on_close(socket);
}

}  // namespace

// One connection that a rule allows, while it goes on.
struct Network::Flow {
  Flow(Network& of, Opened what) : network(of), opened(std::move(what)) {
    began = network.host_.loop.now();
    place = network.flows_.insert(network.flows_.end(), this);
  }
  ~Flow() {
    network.carried_.up += carried.up;
    network.carried_.down += carried.down;
    network.flows_.erase(place);
  }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  Opened so_far(Opened::At at) const {
    Opened told = opened;
    told.up = carried.up;
    told.down = carried.down;
    told.lasted = network.host_.loop.now() - began;
    told.at = at;
    return told;
  }
  void end(std::string failure) {
    opened.failure = std::move(failure);
    network.record(so_far(Opened::At::end));
  }

  Network& network;
  Opened opened;
  Carried carried;
  Duration began{};
  std::list<Flow*>::iterator place;
};

void Network::tell_flows() {
  for (const Flow* flow : flows_) record(flow->so_far(Opened::At::meanwhile));
}

bool Network::may_begin(const codec::Host& host, std::uint16_t port) {
  const auto say = [&](std::string why) {
    Refused refused;
    refused.asked = codec::to_string(host);
    refused.port = port;
    refused.mode = "tcp";
    refused.why = std::move(why);
    refuse(std::move(refused));
    return false;
  };
  if (!host_.journal.usable()) return say("the audit log cannot be written");
  if (running_.running() > kMostConnections)
    return say(std::format("more than {} connections at once", kMostConnections));
  if (!connections_.take(host_.loop.now())) return say("too many connections in a short time");
  if (carried_.up > kMostBytes || carried_.down > kMostBytes)
    return say("more bytes than one network may send");
  return true;
}

net::Task<void> Network::accept_on(std::shared_ptr<Network> self, UniqueFd socket,
                                   std::uint16_t port) {
  net::Listener listener = net::Listener::adopt(host_.loop, std::move(socket));
  while (true) {
    auto inside = co_await listener.accept({.deadline = {}, .token = listening_.token()});
    if (inside) {
      running_.spawn(serve(self, *std::move(inside), port));
      continue;
    }
    if (inside.error().kind() == ErrorKind::cancelled) co_return;
    // No descriptor is left: those that wait are served when some are back.
    host_.log.warning("a connection cannot be taken", {{"why", inside.error().message()}});
    if (!co_await host_.loop.sleep(milliseconds(100),
                                   {.deadline = {}, .token = listening_.token()}))
      co_return;
  }
}

net::Task<void> Network::serve(std::shared_ptr<Network> /*self*/, UniqueFd inside,
                               std::uint16_t port) {
  const auto near = os::near_end(inside.get());
  if (!near) co_return;
  const codec::IpAddress address = from_os(*near);
  turn_away(inside.get());  // unless it is carried to its end
  // The box's own loopback has no way out, also not on a port that is open to the outside.
  if (address.is_loopback()) co_return;
  const codec::HostName* const name = names_.name_of(address);
  const codec::Host host = name != nullptr ? codec::Host(*name) : codec::Host(address);
  if (!may_begin(host, port)) co_return;
  Refused refused;
  refused.asked = codec::to_string(host);
  refused.port = port;
  refused.mode = "tcp";
  if (name == nullptr && NameTable::is_made_up(address)) {
    refused.why = "no name was asked for that has this address";
    refuse(std::move(refused));
    co_return;
  }
  const Verdict verdict = rules_->judge(policy::ConnectRequest{{host, port}});
  if (!verdict.allowed || verdict.rule == nullptr) {
    refused.rule = verdict.place;
    refused.why = verdict.words;
    refuse(std::move(refused));
    co_return;
  }
  Opened opened;
  opened.host = codec::to_string(host);
  opened.port = port;
  opened.mode = word_of(verdict.rule->mode);
  opened.rule = verdict.place;
  Flow flow(*this, std::move(opened));
  const net::Patience patience{.deadline = {}, .token = flowing_.token()};
  if (rules_->is_durable()) {
    record(flow.so_far(Opened::At::beginning));
    if (!co_await host_.journal.settled(host_.journal.last(),
                                        patience.no_later_than(host_.loop.now() + kRecordTime)))
      co_return;
  }
  auto reached = co_await host_.upstream.reach(*verdict.rule, {host, port}, patience);
  if (!reached) {
    if (reached.error().kind() == ErrorKind::denied) {
      refused.mode = flow.opened.mode;
      refused.rule = verdict.place;
      refused.why = reached.error().message();
      refuse(std::move(refused));
    } else {
      flow.end(reached.error().message());
    }
    co_return;
  }
  flow.opened.address = reached->address;
  const auto carried =
      co_await relay(host_.loop, host_.pipes, inside.get(), reached->socket.get(), flow.carried,
                     {.idle = kIdleTime, .up = kMostBytes, .down = kMostBytes}, patience);
  if (carried) os::close_in_order(inside.get());
  flow.end(carried ? std::string() : carried.error().message());
}

}  // namespace glovebox::egress
