// TCP connections out and in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "codec/cidr.h"
#include "codec/host.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/task.h"

namespace glovebox::net {

// How to reach a host and port; tests hand in scripted ones.
class Dialer {
 public:
  virtual ~Dialer() = default;
  // Kinds: not_found (name), closed (refused), timeout, cancelled, io (unreachable).
  virtual Task<Result<StreamPtr>> dial(codec::HostPort where, Patience patience) = 0;
};

struct DialLimits {
  Duration per_address = seconds(10);  // one attempt
  Duration all = seconds(30);          // resolving and every attempt
};

// Resolves and tries the addresses in order. The error is that of the last attempt and names host
// and address. `localhost` tries ::1 and 127.0.0.1. Loop and resolver outlive the dialer.
class TcpDialer final : public Dialer {
 public:
  TcpDialer(Loop& loop, Resolver& resolver, DialLimits limits = {});
  Task<Result<StreamPtr>> dial(codec::HostPort where, Patience patience) override;

 private:
  Loop& loop_;
  Resolver& resolver_;
  DialLimits limits_;
};

// One attempt at one address: a connected, non-blocking socket. Kinds as Dialer's, and limit (no
// descriptor left).
Task<Result<UniqueFd>> connect_to(Loop& loop, codec::IpAddress address, std::uint16_t port,
                                  Patience patience);

// Over a connected, non-blocking stream socket, which it owns.
StreamPtr make_socket_stream(Loop& loop, UniqueFd socket);
// Over one that stays the caller's, and outlives the stream.
StreamPtr make_borrowed_stream(Loop& loop, int socket);

class Listener {
 public:
  // Port 0: one that is free. Kind exists: the port is taken.
  static Result<Listener> open(Loop& loop, const codec::IpAddress& address, std::uint16_t port);
  // A socket that listens already, TCP or local, non-blocking.
  static Listener adopt(Loop& loop, UniqueFd socket) {
    return Listener(loop, std::move(socket), 0);
  }
  std::uint16_t port() const { return port_; }  // 0: adopted
  // The next connection. Kinds: cancelled, timeout, limit (no descriptor left), io.
  Task<Result<UniqueFd>> accept(Patience patience);

 private:
  Listener(Loop& loop, UniqueFd socket, std::uint16_t port);
  Loop* loop_;
  UniqueFd socket_;
  std::uint16_t port_;
};

}  // namespace glovebox::net
