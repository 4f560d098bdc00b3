// The plane on a loopback port: the shell around plane.h.
//
// It turns HTTP messages into the core's values, waits for blocking polls, writes event streams
// with a ping every kPingEvery, and delivers faults. Nothing of the API is decided here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/units.h"
#include "codec/cidr.h"
#include "net/event.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/task.h"
#include "plane/plane.h"

namespace glovebox::plane {

constexpr seconds kPingEvery{5};

class PlaneServer {
 public:
  // `plane` and `loop` outlive the server, and its base URL is set here. Errors: those of
  // net::HttpServer::listen; invalid for an address that is not loopback.
  static Result<std::unique_ptr<PlaneServer>> start(net::Loop& loop, Plane& plane,
                                                    const codec::IpAddress& address,
                                                    std::uint16_t port);
  const std::string& base_url() const { return base_url_; }

  void stop() { server_->stop(); }
  // After stop(); the server may end then.
  net::Task<Result<void>> drained() { return server_->drained(); }

 private:
  PlaneServer(net::Loop& loop, Plane& plane) : loop_(loop), plane_(plane), changed_(loop) {}

  net::Task<void> serve(net::ServerRequest request, net::ServerExchange& exchange);
  net::Task<Outcome> wait_for_work(const Request& request, milliseconds wait,
                                   net::ServerExchange& exchange);
  net::Task<void> send_reply(Reply reply, Fault fault, net::ServerExchange& exchange);
  net::Task<void> send_stream(EventStream stream, Fault fault, net::ServerExchange& exchange);
  net::Task<bool> send_events(std::string bytes, const Fault& fault, std::size_t& sent,
                              net::ServerExchange& exchange);
  net::Task<void> hold(net::ServerExchange& exchange);
  void announce();

  net::Loop& loop_;
  Plane& plane_;
  net::Event changed_;  // pulsed after every request that may have changed something
  std::string base_url_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace glovebox::plane
