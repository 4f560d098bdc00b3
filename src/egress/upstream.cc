#include "egress/upstream.h"

#include <algorithm>
#include <format>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "egress/limits.h"
#include "net/event.h"
#include "os/capture.h"

namespace glovebox::egress {

namespace {

net::Task<Result<UniqueFd>> connect_to(net::Loop& loop, codec::IpAddress address,
                                       std::uint16_t port, net::Patience patience) {
  UniqueFd socket = CO_TRY(os::start_connect(to_os(address, port)));
  CO_TRY(co_await loop.writable(socket.get(), patience));
  CO_TRY(os::finish_connect(socket.get()));
  co_return std::move(socket);
}

}  // namespace

os::InetAddress to_os(const codec::IpAddress& address, std::uint16_t port) {
  os::InetAddress out;
  out.family = address.is_v4() ? os::InetAddress::Family::v4 : os::InetAddress::Family::v6;
  std::ranges::copy(address.bytes(), out.bytes.begin());
  out.port = port;
  return out;
}

codec::IpAddress from_os(const os::InetAddress& address) {
  if (address.family == os::InetAddress::Family::v6) return codec::IpAddress::v6(address.bytes);
  return codec::IpAddress::v4(
      {address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]});
}

bool is_own_address(const codec::IpAddress& address) {
  return os::has_address(to_os(address, 0));
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

net::Task<Result<Reached>> Upstream::reach(const policy::EgressRule& rule, codec::HostPort where,
                                           net::Patience patience) {
  const std::string name = codec::to_string(where.host);
  patience = patience.no_later_than(loop_.now() + kDialTime);
  std::vector<codec::IpAddress> addresses;
  if (const auto* address = std::get_if<codec::IpAddress>(&where.host)) {
    addresses.push_back(*address);
  } else {
    auto found = co_await resolve(std::get<codec::HostName>(where.host), patience);
    if (!found) co_return std::move(found).error().with_context("resolve " + name);
    addresses = *std::move(found);
  }
  if (auto why = refuse_any(rule, addresses, is_own_))
    co_return Error(ErrorKind::denied, std::format("{}: {}", name, *why));
  std::optional<Error> last;
  for (const codec::IpAddress& address : addresses) {
    auto socket = co_await connect_to(loop_, address, where.port,
                                      patience.no_later_than(loop_.now() + kDialOneAddress));
    if (socket) co_return Reached{*std::move(socket), address.to_string()};
    const ErrorKind kind = socket.error().kind();
    last = std::move(socket).error().with_context(
        std::format("connect to {} ({})", name, address.to_string()));
    if (kind == ErrorKind::cancelled || kind == ErrorKind::limit) break;
    if (patience.deadline && *patience.deadline <= loop_.now()) break;
  }
  if (!last) co_return Error(ErrorKind::not_found, name + " has no address");
  co_return *std::move(last);
}

}  // namespace glovebox::egress
