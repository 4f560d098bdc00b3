#include "egress/upstream.h"

#include <algorithm>
#include <format>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "egress/limits.h"
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

net::Task<Result<Reached>> Upstream::reach(const policy::EgressRule& rule, codec::HostPort where,
                                           net::Patience patience) {
  const std::string name = codec::to_string(where.host);
  patience = patience.no_later_than(loop_.now() + kDialTime);
  std::vector<codec::IpAddress> addresses;
  if (const auto* address = std::get_if<codec::IpAddress>(&where.host)) {
    addresses.push_back(*address);
  } else {
    auto found = co_await resolver_.resolve(std::get<codec::HostName>(where.host), patience);
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
