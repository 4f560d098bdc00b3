#include "net/http_server.h"

#include <format>
#include <optional>
#include <utility>

#include "codec/http_head.h"
#include "net/byte_stream.h"
#include "net/dial.h"
#include "net/event.h"
#include "net/http_reader.h"
#include "os/inet.h"

namespace glovebox::net {

struct HttpServer::Impl {
  Impl(Loop& on, Handler with, ServerLimits limited)
      : loop(on), handler(std::move(with)), limits(limited), changed(on) {}

  Loop& loop;
  Handler handler;
  ServerLimits limits;
  std::uint16_t port = 0;
  std::size_t connections = 0;
  CancelSource stopping;
  Event changed;  // the number of connections fell
};

namespace {

constexpr Duration kNoDescriptorPause = milliseconds(100);
constexpr Duration kLinger = seconds(1);
constexpr std::uint64_t kMaxLinger = 4 * kMiB;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

enum class KeepAlive : std::uint8_t { yes, no };

Result<std::string> format_response(int status, Fields fields, WallTime now, KeepAlive keep) {
  if (status < 200 || status > 599) return Error(ErrorKind::invalid, "not a final status");
  if (!fields.find("date")) fields.add("date", codec::format_http_date(now));
  if (keep == KeepAlive::no && !fields.lists("connection", "close"))
    fields.set("connection", "close");
  return format_head(std::format("HTTP/1.1 {} {}", status, reason_phrase(status)), fields);
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

// One connection and the exchange at hand.
class Connection final : public ServerExchange {
 public:
  Connection(std::shared_ptr<HttpServer::Impl> server, UniqueFd socket)
      : server_(std::move(server)),
        fd_(socket.get()),
        stream_(make_socket_stream(server_->loop, std::move(socket))),
        watchers_(server_->loop) {}

  Task<void> serve();

  Task<Result<void>> respond(int status, Fields fields, std::string body) override;
  Task<Result<void>> begin_stream(int status, Fields fields) override;
  Task<Result<void>> write(std::string bytes) override;
  Task<Result<void>> end_stream() override;
  Task<Result<void>> raw(std::string bytes) override;
  void cut() override;
  CancelToken gone() override;

 private:
  enum class Answer : std::uint8_t { none, streaming, whole, raw };

  Task<Result<std::optional<ServerRequest>>> read_request();
  Task<void> answer(ServerRequest request);
  Task<void> linger();
  Task<void> refuse(const RequestReader& reader, const Error& error);
  Task<Result<void>> send(std::string_view bytes);
  Task<void> watch(Patience patience);
  Result<std::string> begin(Answer answer, int status, Fields fields);

  std::shared_ptr<HttpServer::Impl> server_;
  int fd_;
  StreamPtr stream_;
  std::string pending_;  // bytes of the next request
  std::optional<CancelSource> gone_;
  std::optional<CancelSource> watching_;
  TaskGroup watchers_;
  Answer answer_ = Answer::none;
  Asked asked_ = Asked::for_body;
  KeepAlive keep_ = KeepAlive::yes;
  int client_minor_ = 1;
  bool omit_body_ = false;
  bool cut_ = false;
};

Task<void> Connection::serve() {
  while (keep_ == KeepAlive::yes && !cut_ && !server_->stopping.cancelled()) {
    auto request = co_await read_request();
    if (!request || !*request) break;
    co_await answer(**std::move(request));
  }
  if (keep_ == KeepAlive::no && !cut_) co_await linger();
}

// Closing a socket with bytes left unread sends a reset, which can take from the client the answer
// that it has not read yet. So what still comes is read for a moment.
Task<void> Connection::linger() {
  const Patience patience{server_->loop.now() + kLinger, server_->stopping.token()};
  if (!co_await stream_->finish(patience)) co_return;
  for (std::uint64_t taken = 0; taken < kMaxLinger;) {
    const auto bytes = co_await stream_->read(patience);
    if (!bytes || bytes->empty()) co_return;
    taken += bytes->size();
  }
}

// nullopt: the client has no further request, or was refused.
Task<Result<std::optional<ServerRequest>>> Connection::read_request() {
  Loop& loop = server_->loop;
  const ServerLimits& limits = server_->limits;
  RequestReader reader(limits.message);
  Patience patience{loop.now() + limits.idle, server_->stopping.token()};
  bool continued = false;
  for (;;) {
    const bool was_empty = reader.empty();
    auto used = reader.push(pending_);
    if (!used) {
      co_await refuse(reader, used.error());
      co_return std::optional<ServerRequest>();
    }
    pending_.erase(0, *used);
    if (reader.done()) break;
    if (was_empty && !reader.empty()) patience.deadline = loop.now() + limits.whole_request;
    if (!continued && reader.head() != nullptr &&
        reader.head()->fields.lists("expect", "100-continue")) {
      continued = true;
      CO_TRY(co_await send(kContinue));
    }
    auto bytes = co_await stream_->read(patience);
    if (!bytes && bytes.error().kind() == ErrorKind::timeout && !reader.empty())
      co_await refuse(reader, bytes.error());
    if (!bytes || bytes->empty()) co_return std::optional<ServerRequest>();
    pending_ += *bytes;
  }
  const RequestHead& head = *reader.head();
  client_minor_ = head.minor_version;
  keep_ = keeps_alive(head.minor_version, head.fields) ? KeepAlive::yes : KeepAlive::no;
  co_return std::optional(ServerRequest{head.method, head.target, head.fields, reader.take_body()});
}

Task<void> Connection::refuse(const RequestReader& reader, const Error& error) {
  int status = 400;
  if (error.kind() == ErrorKind::timeout) status = 408;
  if (error.kind() == ErrorKind::limit) status = reader.head() == nullptr ? 431 : 413;
  if (error.kind() == ErrorKind::unsupported) status = reader.head() == nullptr ? 505 : 501;
  answer_ = Answer::none;
  keep_ = KeepAlive::no;
  asked_ = Asked::for_body;
  (void)co_await respond(status, {{"content-type", "text/plain"}}, error.message() + "\n");
}

Task<void> Connection::answer(ServerRequest request) {
  answer_ = Answer::none;
  asked_ = request.method == "HEAD" ? Asked::for_head : Asked::for_body;
  co_await server_->handler(std::move(request), *this);
  if (answer_ == Answer::none && !cut_)
    (void)co_await respond(500, {{"content-type", "text/plain"}}, "no answer\n");
  if (answer_ == Answer::streaming || answer_ == Answer::raw) keep_ = KeepAlive::no;
  if (watching_) watching_->cancel();
  (void)co_await watchers_.wait();
  watching_.reset();
  gone_.reset();
}

Task<Result<void>> Connection::send(std::string_view bytes) {
  if (cut_) co_return Error(ErrorKind::closed, "the connection was cut");
  auto sent = co_await stream_->write(
      bytes, Patience{server_->loop.now() + server_->limits.write, CancelToken()});
  if (!sent) {
    keep_ = KeepAlive::no;
    if (gone_) gone_->cancel();
  }
  co_return sent;
}

Result<std::string> Connection::begin(Answer answer, int status, Fields fields) {
  if (answer_ != Answer::none) return Error(ErrorKind::conflict, "the answer was begun already");
  if (fields.lists("connection", "close") || server_->stopping.cancelled()) keep_ = KeepAlive::no;
  std::string head =
      TRY(format_response(status, std::move(fields), server_->loop.clock().wall(), keep_));
  answer_ = answer;
  return head;
}

// How a message is carried is the server's to say.
Result<void> check_own(const Fields& fields) {
  for (const std::string_view name : {"content-length", "transfer-encoding"})
    if (fields.find(name))
      return Error(ErrorKind::invalid, std::format("the field {} is set by the server", name));
  return {};
}

Task<Result<void>> Connection::respond(int status, Fields fields, std::string body) {
  CO_TRY(check_own(fields));
  if (has_no_body(status)) body.clear();
  if (!has_no_body(status)) fields.set("content-length", std::to_string(body.size()));
  std::string message = CO_TRY(begin(Answer::whole, status, std::move(fields)));
  if (asked_ == Asked::for_body) message += body;
  co_return co_await send(message);
}

Task<Result<void>> Connection::begin_stream(int status, Fields fields) {
  CO_TRY(check_own(fields));
  omit_body_ = asked_ == Asked::for_head || has_no_body(status);
  if (client_minor_ == 0)
    keep_ = KeepAlive::no;  // HTTP/1.0 knows no chunks: the end of the connection is the end
  else if (!has_no_body(status))
    fields.set("transfer-encoding", "chunked");
  const std::string head = CO_TRY(begin(Answer::streaming, status, std::move(fields)));
  co_return co_await send(head);
}

Task<Result<void>> Connection::write(std::string bytes) {
  if (answer_ != Answer::streaming) co_return Error(ErrorKind::conflict, "no stream was begun");
  if (bytes.empty() || omit_body_) co_return Result<void>();
  if (client_minor_ == 0) co_return co_await send(bytes);
  const std::string chunk = std::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
  co_return co_await send(chunk);
}

Task<Result<void>> Connection::end_stream() {
  if (answer_ != Answer::streaming) co_return Error(ErrorKind::conflict, "no stream was begun");
  answer_ = Answer::whole;
  if (omit_body_ || client_minor_ == 0) co_return Result<void>();
  co_return co_await send("0\r\n\r\n");
}

Task<Result<void>> Connection::raw(std::string bytes) {
  if (answer_ != Answer::none && answer_ != Answer::raw)
    co_return Error(ErrorKind::conflict, "the answer was begun already");
  answer_ = Answer::raw;
  co_return co_await send(bytes);
}

void Connection::cut() {
  if (cut_) return;
  cut_ = true;
  keep_ = KeepAlive::no;
  os::shut_both(fd_);
  if (gone_) gone_->cancel();
}

CancelToken Connection::gone() {
  if (!gone_) {
    gone_.emplace(server_->stopping.token());
    watching_.emplace();
    if (cut_)
      gone_->cancel();
    else
      watchers_.spawn(watch(Patience{std::nullopt, watching_->token()}));
  }
  return gone_->token();
}

Task<void> Connection::watch(Patience patience) {
  if (!co_await stream_->readable(patience)) co_return;
  if (os::peek(fd_) == os::Waiting::end && gone_) gone_->cancel();
}

Task<void> run_connection(std::shared_ptr<HttpServer::Impl> server, UniqueFd socket) {
  {
    Connection connection(server, std::move(socket));
    co_await connection.serve();
  }
  --server->connections;
  server->changed.set();
}

Task<void> accept_connections(std::shared_ptr<HttpServer::Impl> server, Listener listener) {
  const Patience patience{std::nullopt, server->stopping.token()};
  while (!server->stopping.cancelled()) {
    if (server->connections >= server->limits.connections) {
      server->changed.clear();
      (void)co_await server->changed.wait(patience);
      continue;
    }
    auto socket = co_await listener.accept(patience);
    if (socket) {
      ++server->connections;
      server->loop.spawn(run_connection(server, *std::move(socket)));
    } else {
      (void)co_await server->loop.sleep(kNoDescriptorPause, patience);
    }
  }
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, const codec::IpAddress& address,
                                                       std::uint16_t port, Handler handler,
                                                       ServerLimits limits) {
  if (!address.is_loopback())
    return Error(ErrorKind::invalid,
                 std::format("{} is not a loopback address", address.to_string()));
  Listener listener = TRY(Listener::open(loop, address, port));
  auto impl = std::make_shared<Impl>(loop, std::move(handler), limits);
  impl->port = listener.port();
  loop.spawn(accept_connections(impl, std::move(listener)));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::unique_ptr<HttpServer> HttpServer::serve(Loop& loop, UniqueFd listener, Handler handler,
                                              ServerLimits limits) {
  auto impl = std::make_shared<Impl>(loop, std::move(handler), limits);
  loop.spawn(accept_connections(impl, Listener::adopt(loop, std::move(listener))));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  stop();
}

std::uint16_t HttpServer::port() const {
  return impl_->port;
}

std::size_t HttpServer::connections() const {
  return impl_->connections;
}

void HttpServer::stop() {
  impl_->stopping.cancel();
}

Task<Result<void>> HttpServer::drained(Patience patience) {
  const auto impl = impl_;
  while (impl->connections > 0) {
    impl->changed.clear();
    CO_TRY(co_await impl->changed.wait(patience));
  }
  co_return Result<void>();
}

}  // namespace glovebox::net
