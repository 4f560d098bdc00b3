// An HTTP/1.1 client of one base URL, with a pool of connections that are kept open.
//
// It does what it is asked and nothing more: no redirects, no retries (but one, below), no
// cookies, no compression. A status of any kind is a response, not an error. What arrives is
// parsed strictly; a message that breaks the grammar, or is longer than its limit, ends the
// connection.
//
// A request sent on a kept connection that turns out dead before a byte of the answer came is
// sent once more on a fresh one if its method is idempotent (RFC 9110 §9.2.2). For any other
// method the caller gets kind `closed` and decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/units.h"
#include "codec/url.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/connector.h"
#include "net/http_types.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::net {

struct Request {
  std::string method = "GET";
  std::string path;  // below the base URL's prefix: begins with `/`, may carry a query
  Fields fields;     // not host, content-length, transfer-encoding, connection: kind invalid
  std::string body;
  bool has_body = false;           // an empty body is sent too: content-length 0
  const Secret* bearer = nullptr;  // `authorization: Bearer …`; outlives the request
};

struct Response {
  int status = 0;
  Fields fields;
  std::string body;
  // The `request-id` field, for logs; empty if absent or longer than 128 visible characters.
  std::string request_id() const;
};

struct ClientLimits {
  MessageLimits message;               // of responses; the body limit does not hold for streams
  Duration to_headers = seconds(600);  // from the call to the end of the response head
  Duration idle_body = seconds(120);   // without a byte of the body, streams included
  // The body of a whole response may take `grace`, and a second more for each `slowest` bytes of
  // it: bytes that trickle hold nobody up. Zero, and for streams: no such limit.
  Duration grace = seconds(30);
  std::uint64_t slowest = 1 * kKiB;
  std::size_t idle_connections = 8;  // kept open at most
  Duration idle_time = seconds(55);  // and for so long; looked at when the client is used
};

// The body of a response while it arrives. Move-only; its end closes the connection unless the
// body was read to its end. The client may end before it.
class ResponseStream {
 public:
  struct Impl;

  ~ResponseStream();
  ResponseStream(ResponseStream&&) noexcept;
  ResponseStream& operator=(ResponseStream&&) noexcept;
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;

  int status() const;
  const Fields& fields() const;
  // The next bytes of the body; empty at its end. Kinds: timeout (idle_body without a byte, or the
  // deadline), cancelled, closed (cut off in the middle), protocol.
  Task<Result<std::string>> read(Patience patience = {});
  // What is left of the body, at most `limit` (kind limit).
  Task<Result<std::string>> read_all(ByteLimit limit, Patience patience = {});

 private:
  friend class HttpClient;
  explicit ResponseStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class HttpClient {
 public:
  // Loop and connector outlive the client.
  HttpClient(Loop& loop, Connector& connector, codec::BaseUrl base, std::string user_agent,
             ClientLimits limits = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The whole response. The deadline of `patience` holds for all of it, body included.
  // Kinds: those of Connector, timeout, cancelled, closed, limit, protocol, invalid.
  Task<Result<Response>> send(Request request, Patience patience = {});
  // As soon as the head is there; for server-sent events and downloads. Here the deadline of
  // `patience` ends with the head.
  Task<Result<ResponseStream>> open_stream(Request request, Patience patience = {});

  const codec::BaseUrl& base() const;
  std::size_t idle_connections() const;
  // Of all connections made: for tests and metrics.
  std::uint64_t connections_made() const;
  void close_idle();

 private:
  friend class ResponseStream;
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace glovebox::net
