// An HTTP/1.1 server on loopback or a local socket, for the plane, for metrics and for tests.
//
// Each connection is served by a task of its own, request after request; each request is given to
// the handler whole. Strict about what it reads: a request that breaks the grammar is answered 400
// and the connection closed, 431 and 413 for what is too long. No TLS.
//
// For rehearsing failure, a handler can cut the connection, send raw bytes in place of a response,
// and stall (sleep on the loop, or hold the exchange).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "codec/cidr.h"
#include "net/cancel.h"
#include "net/http_types.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::net {

struct ServerRequest {
  std::string method;
  std::string target;  // as received, origin form: `/path?query`
  Fields fields;
  std::string body;
};

struct ServerLimits {
  MessageLimits message;
  Duration idle = seconds(75);           // between requests
  Duration whole_request = seconds(60);  // from its first byte to its last
  Duration write = seconds(60);          // of one write the peer does not take
  std::size_t connections = 1024;        // more wait to be accepted
};

// The answer to one request. Exactly one of respond(), begin_stream(), cut() and raw() comes
// first; a handler that returns without any of them answers 500.
class ServerExchange {
 public:
  virtual ~ServerExchange() = default;

  // A whole answer with content-length. Kinds: closed, timeout, cancelled, invalid (fields), and
  // conflict when an answer was begun already.
  virtual Task<Result<void>> respond(int status, Fields fields, std::string body) = 0;

  // An answer in chunks: begin, any number of writes, end. An empty write writes nothing.
  virtual Task<Result<void>> begin_stream(int status, Fields fields) = 0;
  virtual Task<Result<void>> write(std::string bytes) = 0;
  virtual Task<Result<void>> end_stream() = 0;

  // Bytes as they are; the connection ends after the handler.
  virtual Task<Result<void>> raw(std::string bytes) = 0;
  // Ends the connection now, by a reset if bytes were left unread, whatever was begun.
  virtual void cut() = 0;

  // Cancelled when the client goes away, when cut() is called and when the server stops: pass it
  // to every wait of a long answer. Its further requests (pipelining) do not cancel it.
  virtual CancelToken gone() = 0;
};

// The exchange is valid until the task ends.
using Handler = std::function<Task<void>(ServerRequest request, ServerExchange& exchange)>;

class HttpServer {
 public:
  struct Impl;

  // Kind invalid unless the address is loopback; exists if the port is taken. Port 0 takes a free
  // one. The server accepts from the next turn of the loop on.
  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, const codec::IpAddress& address,
                                                    std::uint16_t port, Handler handler,
                                                    ServerLimits limits = {});
  // On a socket that listens already, which somebody else has made where only those can reach it
  // that may: for a role that may not make one.
  static std::unique_ptr<HttpServer> serve(Loop& loop, UniqueFd listener, Handler handler,
                                           ServerLimits limits = {});
  // Stops as stop() does; handlers that still run must not outlive what they refer to, so wait for
  // drained() before.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  std::uint16_t port() const;
  std::size_t connections() const;

  // Accepts no more, cancels gone() of every exchange and ends idle connections.
  void stop();
  // After stop(): until the last connection has ended.
  Task<Result<void>> drained(Patience patience = {});

 private:
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace glovebox::net
