#include "net/dial.h"

#include <array>
#include <format>
#include <optional>
#include <utility>
#include <vector>

#include "net/address.h"
#include "os/inet.h"

namespace glovebox::net {

namespace {

std::vector<codec::IpAddress> loopback_addresses() {
  std::array<std::uint8_t, 16> v6{};
  v6[15] = 1;
  return {codec::IpAddress::v6(v6), codec::IpAddress::v4({127, 0, 0, 1})};
}

bool is_final(ErrorKind kind) {
  return kind == ErrorKind::cancelled || kind == ErrorKind::limit || kind == ErrorKind::internal;
}

}  // namespace

Task<Result<UniqueFd>> connect_to(Loop& loop, codec::IpAddress address, std::uint16_t port,
                                  Patience patience) {
  UniqueFd socket = CO_TRY(os::start_connect(to_os(address, port)));
  CO_TRY(co_await loop.writable(socket.get(), patience));
  CO_TRY(os::finish_connect(socket.get()));
  co_return std::move(socket);
}

TcpDialer::TcpDialer(Loop& loop, Resolver& resolver, DialLimits limits)
    : loop_(loop), resolver_(resolver), limits_(limits) {}

Task<Result<StreamPtr>> TcpDialer::dial(codec::HostPort where, Patience patience) {
  const std::string name = codec::to_string(where);
  patience = patience.no_later_than(loop_.now() + limits_.all);
  std::vector<codec::IpAddress> addresses;
  if (const auto* address = std::get_if<codec::IpAddress>(&where.host)) {
    addresses.push_back(*address);
  } else {
    const auto& host = std::get<codec::HostName>(where.host);
    if (host.is_localhost()) {
      addresses = loopback_addresses();
    } else {
      auto found = co_await resolver_.resolve(host, patience);
      if (!found) co_return std::move(found).error().with_context("resolve " + host.str());
      addresses = *std::move(found);
    }
  }
  std::optional<Error> last;
  for (const auto& address : addresses) {
    auto socket = co_await connect_to(loop_, address, where.port,
                                      patience.no_later_than(loop_.now() + limits_.per_address));
    if (socket) co_return make_socket_stream(loop_, *std::move(socket));
    const ErrorKind kind = socket.error().kind();
    last = std::move(socket).error().with_context(
        std::format("connect to {} ({})", name, address.to_string()));
    if (is_final(kind) || (patience.deadline && *patience.deadline <= loop_.now())) break;
  }
  if (!last) co_return Error(ErrorKind::not_found, "connect to " + name + ": no address");
  co_return *std::move(last);
}

Result<Listener> Listener::open(Loop& loop, const codec::IpAddress& address, std::uint16_t port) {
  UniqueFd socket = TRY_CONTEXT(os::listen_tcp(to_os(address, port)),
                                std::format("listen on {} port {}", address.to_string(), port));
  const std::uint16_t got = TRY(os::local_port(socket.get()));
  return Listener(loop, std::move(socket), got);
}

Listener::Listener(Loop& loop, UniqueFd socket, std::uint16_t port)
    : loop_(&loop), socket_(std::move(socket)), port_(port) {}

Task<Result<UniqueFd>> Listener::accept(Patience patience) {
  for (;;) {
    if (auto socket = CO_TRY(os::accept_tcp(socket_.get()))) co_return *std::move(socket);
    CO_TRY(co_await loop_->readable(socket_.get(), patience));
  }
}

}  // namespace glovebox::net
