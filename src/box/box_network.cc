#include "box/box_network.h"

#include <iterator>
#include <utility>

#include "box/session_wire.h"
#include "codec/dns_message.h"
#include "ipc/channel.h"
#include "ipc/egress_messages.h"
#include "os/capture.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

// The name server's, which nobody connects to for anything else.
Result<void> add_addresses() {
  os::InetAddress v4;
  v4.bytes = {198, 18, 0, 1};
  TRY(os::add_own_address(v4));
  os::InetAddress v6;
  v6.family = os::InetAddress::Family::v6;
  v6.bytes = {0xfd, 'g', 'l', 'o', 'v', 'e', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  auto added = os::add_own_address(v6);
  if (!added && added.error().kind() == ErrorKind::unsupported) return {};
  return added;
}

Result<NetworkSockets> open_sockets(const EgressPlan& egress) {
  using Family = os::InetAddress::Family;
  NetworkSockets sockets;
  sockets.dns_v4 = TRY(os::bind_on_every_address(codec::kDnsPort, Family::v4));
  auto v6 = os::bind_on_every_address(codec::kDnsPort, Family::v6);
  if (!v6 && v6.error().kind() == ErrorKind::unsupported) v6 = os::duplicate(sockets.dns_v4.get());
  sockets.dns_v6 = TRY(std::move(v6));
  sockets.dns_tcp = TRY(os::listen_on_every_address(codec::kDnsPort));
  for (const std::uint16_t port : egress.ports)
    sockets.tcp.push_back(TRY(os::listen_on_every_address(port)));
  return sockets;
}

}  // namespace

std::vector<int> NetworkSockets::list() const {
  std::vector<int> fds = {dns_v4.get(), dns_v6.get(), dns_tcp.get()};
  for (const UniqueFd& socket : tcp) fds.push_back(socket.get());
  return fds;
}

Result<NetworkSockets> NetworkSockets::take(std::size_t ports, std::vector<UniqueFd> fds) {
  if (fds.size() != ipc::kDnsSockets + ports)
    return Error(ErrorKind::protocol, "network: a wrong number of sockets");
  NetworkSockets sockets;
  sockets.dns_v4 = std::move(fds[0]);
  sockets.dns_v6 = std::move(fds[1]);
  sockets.dns_tcp = std::move(fds[2]);
  sockets.tcp.assign(std::make_move_iterator(fds.begin() + ipc::kDnsSockets),
                     std::make_move_iterator(fds.end()));
  return sockets;
}

Result<void> open_way_out(Site& site) {
  if (!site.plan.egress) return {};
  TRY(os::make_every_address_local());
  TRY(add_addresses());
  const NetworkSockets sockets = TRY(open_sockets(*site.plan.egress));
  ipc::Channel keeper{UniqueFd(site.keeper)};
  const NetworkMade made{site.number, site.plan.profile, *site.plan.egress};
  auto sent = keeper.send(NetworkMade::kType, made.encode(), sockets.list());
  (void)keeper.release().release();  // it stays the site's
  return sent;
}

}  // namespace glovebox::box
