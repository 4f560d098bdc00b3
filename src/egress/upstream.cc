#include "egress/upstream.h"

#include <format>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "egress/limits.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/event.h"
#include "os/capture.h"

namespace glovebox::egress {

bool is_own_address(const codec::IpAddress& address) {
  return os::has_address(net::to_os(address, 0));
}

struct Upstream::Question {
  explicit Question(net::Loop& loop) : answered(loop) {}
  net::Event answered;
  std::optional<Addresses> answer;
};

// Of nobody's own patience: who asked first may go first.
net::Task<void> Upstream::ask(codec::HostName name, std::shared_ptr<Question> question) {
  question->answer.emplace(
      co_await resolver_.resolve(name, {.deadline = loop_.now() + kDialTime, .token = {}}));
  asked_.erase(name);
  question->answered.set();
}

net::Task<Upstream::Addresses> Upstream::resolve(codec::HostName name, net::Patience patience) {
  auto& slot = asked_[name];
  if (!slot) {
    slot = std::make_shared<Question>(loop_);
    loop_.spawn(ask(name, slot));
  }
  const std::shared_ptr<Question> question = slot;
  CO_TRY(co_await question->answered.wait(patience));
  co_return *question->answer;
}

net::Task<Upstream::Addresses> Upstream::addresses_of(codec::Host host, net::Patience patience) {
  if (const auto* address = std::get_if<codec::IpAddress>(&host))
    co_return std::vector<codec::IpAddress>{*address};
  auto found = co_await resolve(std::get<codec::HostName>(host), patience);
  if (!found) co_return std::move(found).error().with_context("resolve " + codec::to_string(host));
  co_return found;
}

net::Task<Result<Upstream::Dialled>> Upstream::dial(std::vector<codec::IpAddress> addresses,
                                                    codec::HostPort where, net::Patience patience) {
  const std::string name = codec::to_string(where.host);
  std::optional<Error> last;
  for (const codec::IpAddress& address : addresses) {
    auto socket = co_await net::connect_to(loop_, address, where.port,
                                           patience.no_later_than(loop_.now() + kDialOneAddress));
    if (socket) co_return Dialled{*std::move(socket), address};
    const ErrorKind kind = socket.error().kind();
    last = std::move(socket).error().with_context(
        std::format("connect to {} ({})", name, address.to_string()));
    if (kind == ErrorKind::cancelled || kind == ErrorKind::limit) break;
    if (patience.deadline && *patience.deadline <= loop_.now()) break;
  }
  if (!last) co_return Error(ErrorKind::not_found, name + " has no address");
  co_return *std::move(last);
}

net::Task<Result<Reached>> Upstream::reach(const policy::EgressRule& rule, codec::HostPort where,
                                           net::Patience patience) {
  const std::string name = codec::to_string(where.host);
  patience = patience.no_later_than(loop_.now() + kDialTime);
  const auto refused = [&](const std::vector<codec::IpAddress>& addresses) -> Result<void> {
    if (auto why = refuse_any(rule, addresses, is_own_))
      return Error(ErrorKind::denied, std::format("{}: {}", name, *why));
    return {};
  };
  if (Proxy proxy = proxy_for(rule, where)) {
    if (const auto* address = std::get_if<codec::IpAddress>(&where.host))
      CO_TRY(refused({*address}));
    co_return co_await reach_through(std::move(proxy), rule, where, patience);
  }
  std::vector<codec::IpAddress> addresses = CO_TRY(co_await addresses_of(where.host, patience));
  CO_TRY(refused(addresses));
  Dialled dialled = CO_TRY(co_await dial(std::move(addresses), where, patience));
  co_return Reached{std::move(dialled.socket), nullptr, "", dialled.address.to_string()};
}

// --- the proxy

namespace {

// What goes wrong with the proxy is no word about the origin, and no decision of the policy.
ErrorKind plain_kind(ErrorKind kind) {
  return kind == ErrorKind::timeout || kind == ErrorKind::cancelled || kind == ErrorKind::limit
             ? kind
             : ErrorKind::io;
}

Error of_proxy(const net::ProxyServer& proxy, const Error& error) {
  return Error(plain_kind(error.kind()),
               std::format("proxy {}: {}", codec::to_string(proxy.where), error.message()));
}

}  // namespace

Upstream::Proxy Upstream::proxy_for(const policy::EgressRule& rule,
                                    const codec::HostPort& where) const {
  const auto scheme =
      rule.mode == policy::EgressMode::http ? codec::UrlScheme::http : codec::UrlScheme::https;
  return proxy_.rules.proxy_for(scheme, where);
}

std::string Upstream::via(const policy::EgressRule& rule, const codec::HostPort& where) const {
  const Proxy proxy = proxy_for(rule, where);
  return proxy == nullptr ? std::string() : codec::to_string(proxy->where);
}

void Upstream::set_proxy_authorization(Secret value) {
  proxy_.rules.set_authorization(std::move(value));
  ask_again_ = {};
}

// What the other side said already: only in mode raw may it speak first.
net::Task<Result<std::string>> Upstream::open_way(net::ByteStream& stream, Proxy proxy,
                                                  const policy::EgressRule& rule,
                                                  codec::HostPort where, net::Patience patience) {
  Result<std::string> ahead;
  if (rule.mode == policy::EgressMode::raw) {
    ahead = co_await net::open_tunnel(stream, *proxy, where, patience);
  } else if (auto opened = co_await net::connect_through(stream, *proxy, where, patience);
             !opened) {
    ahead = std::move(opened).error();
  }
  if (ahead) co_return ahead;
  // Of those that meet it together the first one asks; one that began with credentials which are
  // not in force any more says nothing about those that are.
  if (ahead.error().kind() == ErrorKind::denied && proxy == proxy_for(rule, where) &&
      ask_again_ <= loop_.now()) {
    ask_again_ = loop_.now() + kAskAgain;
    if (proxy_.refused) proxy_.refused();
  }
  co_return ahead;
}

net::Task<Result<Reached>> Upstream::reach_through(Proxy proxy, const policy::EgressRule& rule,
                                                   codec::HostPort where, net::Patience patience) {
  const auto fail = [&](const Error& error) { return of_proxy(*proxy, error); };
  auto addresses = co_await addresses_of(proxy->where.host, patience);
  if (!addresses) co_return fail(addresses.error());
  auto dialled = co_await dial(*std::move(addresses), proxy->where, patience);
  if (!dialled) co_return fail(dialled.error());
  Reached reached;
  net::StreamPtr borrowed;
  if (proxy->scheme == codec::UrlScheme::https) {
    if (!proxy_.authorities)
      co_return fail(Error(ErrorKind::not_found, "no certificate authorities to believe it by"));
    auto wrapped =
        co_await net::start_tls(net::make_socket_stream(loop_, std::move(dialled->socket)),
                                *proxy_.authorities, proxy->where.host, patience);
    if (!wrapped) co_return fail(wrapped.error());
    reached.stream = *std::move(wrapped);
  } else {
    reached.socket = std::move(dialled->socket);
    borrowed = net::make_borrowed_stream(loop_, reached.socket.get());
  }
  auto ahead =
      co_await open_way(reached.stream ? *reached.stream : *borrowed, proxy, rule, where, patience);
  if (!ahead) co_return Error(plain_kind(ahead.error().kind()), ahead.error().message());
  reached.ahead = *std::move(ahead);
  co_return reached;
}

}  // namespace glovebox::egress
