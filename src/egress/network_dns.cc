// Names: DNS over UDP and TCP, answered by dns_responder.h.
#include <utility>

#include "codec/dns_message.h"
#include "egress/dns_responder.h"
#include "egress/network.h"
#include "net/dial.h"
#include "os/capture.h"

namespace glovebox::egress {

std::string Network::answer(std::string_view query) {
  if (!queries_.take(host_.loop.now())) {
    Refused refused;
    refused.mode = "dns";
    refused.why = "too many queries in this network";
    refuse(std::move(refused));
    return {};
  }
  DnsReply reply = answer_dns(query, names_, *rules_);
  if (reply.refused) refuse(*std::move(reply.refused));
  return std::move(reply.bytes);
}

net::Task<void> Network::serve_datagrams(std::shared_ptr<Network> /*self*/, UniqueFd socket) {
  const net::Patience patience{.deadline = {}, .token = listening_.token()};
  while (co_await host_.loop.readable(socket.get(), patience)) {
    for (;;) {
      const auto query = os::receive_datagram(socket.get(), codec::kMaxDnsQuery);
      if (!query || !*query) break;
      const std::string bytes = answer((*query)->bytes);
      if (bytes.empty()) continue;
      // Who is gone does not hear it.
      (void)os::send_datagram(socket.get(), (*query)->to, (*query)->from, bytes);
    }
  }
}

net::Task<void> Network::accept_queries(std::shared_ptr<Network> self, UniqueFd socket) {
  net::Listener listener = net::Listener::adopt(host_.loop, std::move(socket));
  while (true) {
    auto stream = co_await listener.accept({.deadline = {}, .token = listening_.token()});
    if (!stream) {
      if (stream.error().kind() == ErrorKind::cancelled) co_return;
      if (!co_await host_.loop.sleep(milliseconds(100),
                                     {.deadline = {}, .token = listening_.token()}))
        co_return;
      continue;
    }
    if (dns_streams_ >= kMostDnsStreams) continue;  // closed
    ++dns_streams_;
    running_.spawn(serve_queries(self, *std::move(stream)));
  }
}

net::Task<void> Network::serve_queries(std::shared_ptr<Network> /*self*/, UniqueFd socket) {
  const net::StreamPtr stream = net::make_socket_stream(host_.loop, std::move(socket));
  codec::DnsFrameReader reader;
  for (bool goes_on = true; goes_on;) {
    const net::Patience patience{.deadline = host_.loop.now() + kDnsIdle,
                                 .token = flowing_.token()};
    const auto bytes = co_await stream->read(patience);
    if (!bytes || bytes->empty()) break;
    goes_on = reader.push(*bytes).has_value();
    while (const auto query = reader.next()) {
      const std::string reply = answer(*query);
      const auto framed =
          reply.empty() ? Result<std::string>(std::string()) : codec::dns_frame(reply);
      if (!framed || framed->empty() || !co_await stream->write(*framed, patience)) {
        goes_on = false;
        break;
      }
    }
  }
  --dns_streams_;
}

}  // namespace glovebox::egress
