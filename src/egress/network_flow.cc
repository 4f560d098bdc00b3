// Connections: whose name it is, what the rules say, the way there, and the bytes.
#include <format>
#include <optional>
#include <utility>

#include "egress/flow.h"
#include "net/address.h"
#include "net/dial.h"
#include "os/capture.h"
#include "os/inet.h"

namespace glovebox::egress {

namespace {

// The first byte of every TLS connection (RFC 8446 §5.1).
constexpr char kHandshakeRecord = 0x16;

// Closing it will tell the program at once, as a firewall's reset does.
void turn_away(int socket) {
  os::reset_on_close(socket);
}

}  // namespace

void Network::tell_flows() {
  for (Flow* flow : flows_)
    if (!flow->is_told()) record(flow->so_far(Opened::At::meanwhile));
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
  const codec::IpAddress address = net::from_os(*near);
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
  const NetVerdict verdict = rules_->judge(policy::ConnectRequest{{host, port}});
  if (!verdict.allowed) {
    refused.rule = verdict.place;
    refused.why = verdict.words;
    refuse(std::move(refused));
    co_return;
  }
  const net::Patience patience{.deadline = {}, .token = flowing_.token()};
  const EgressRules::Ways ways = rules_->ways(host, port);
  Target target{{host, port}, ways.raw};
  if (target.rule == nullptr && ways.plain != nullptr && ways.tls != nullptr) {
    const auto first = co_await first_byte(inside.get(), patience);
    if (!first) co_return;
    target.rule = *first == kHandshakeRecord ? ways.tls : ways.plain;
  }
  if (target.rule == nullptr) target.rule = ways.tls != nullptr ? ways.tls : ways.plain;
  // The rules were asked about host and port before.
  if (target.rule == nullptr) co_return;
  switch (target.rule->mode) {
    case policy::EgressMode::raw:
      co_return co_await carry_raw(target, std::move(inside), patience);
    case policy::EgressMode::sni:
      co_return co_await carry_named(target, std::move(inside), patience);
    case policy::EgressMode::http:
      co_return co_await carry_requests(target, std::move(inside), patience);
    case policy::EgressMode::inspect:
      co_return co_await carry_inspected(target, std::move(inside), patience);
  }
}

net::Task<Result<char>> Network::first_byte(int inside, net::Patience patience) {
  patience = patience.no_later_than(host_.loop.now() + kHelloTime);
  for (;;) {
    CO_TRY(co_await host_.loop.readable(inside, patience));
    char byte = 0;
    const auto got = CO_TRY(os::peek_byte(inside, byte));
    if (!got) continue;
    if (*got == 0) co_return Error(ErrorKind::closed, "nothing was sent");
    co_return byte;
  }
}

}  // namespace glovebox::egress
