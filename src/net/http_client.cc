#include "net/http_client.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <format>
#include <limits>
#include <optional>
#include <utility>

#include "codec/http_head.h"
#include "net/http_reader.h"

namespace glovebox::net {

namespace {

constexpr std::size_t kLongestRequestId = 128;

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

// Fields that say how a message is carried: the client writes them itself.
constexpr std::string_view kTransportFields[] = {"host", "content-length", "transfer-encoding",
                                                 "connection"};

Result<void> check(const Request& request) {
  TRY(codec::check_method(request.method));
  TRY(codec::check_target(request.path));
  if (request.method == "CONNECT") return Error(ErrorKind::invalid, "CONNECT is not a request");
  for (const std::string_view name : kTransportFields)
    if (request.fields.find(name))
      return Error(ErrorKind::invalid, std::format("the field {} is set by the client", name));
  if (request.bearer != nullptr && request.fields.find("authorization"))
    return Error(ErrorKind::invalid, "authorization given twice");
  return {};
}

// The bytes of a request. They may hold a credential: zeroed when they go.
class Message {
 public:
  Message() = default;
  explicit Message(std::string bytes) : bytes_(std::move(bytes)) {}
  Message(Message&&) = default;
  Message& operator=(Message&&) = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message() { zero_memory(bytes_.data(), bytes_.size()); }
  std::string_view bytes() const { return bytes_; }
  void append(std::string_view more) {
    std::string grown;
    grown.reserve(bytes_.size() + more.size());
    grown.append(bytes_).append(more);
    zero_memory(bytes_.data(), bytes_.size());
    bytes_ = std::move(grown);
  }

 private:
  std::string bytes_;
};

Result<Message> format_request(const Request& request, const codec::BaseUrl& base,
                               const std::string& user_agent) {
  Fields fields;
  fields.add("host", base.authority());
  if (!user_agent.empty() && !request.fields.find("user-agent"))
    fields.add("user-agent", user_agent);
  for (const auto& [name, value] : request.fields) fields.add(name, value);
  if (request.has_body || !request.body.empty())
    fields.add("content-length", std::to_string(request.body.size()));
  std::string head = TRY(format_head(
      std::format("{} {} HTTP/1.1", request.method, base.target(request.path)), fields));
  if (request.bearer == nullptr) return Message(std::move(head) + request.body);
  TRY_CONTEXT(codec::check_field_value(request.bearer->reveal()), "credential");
  head.resize(head.size() - 2);  // the blank line comes after the credential
  Message message(std::move(head));
  message.append("authorization: Bearer ");
  message.append(request.bearer->reveal());
  message.append("\r\n\r\n");
  message.append(request.body);
  return message;
}

}  // namespace

std::string Response::request_id() const {
  const auto id = fields.find("request-id");
  if (!id || id->size() > kLongestRequestId) return {};
  const bool visible = std::ranges::all_of(*id, [](char c) { return c > 0x20 && c < 0x7f; });
  return visible ? std::string(*id) : std::string();
}

struct HttpClient::Shared {
  struct Idle {
    StreamPtr stream;
    Duration since;
  };

  Loop& loop;
  Connector& connector;
  codec::BaseUrl base;
  std::string user_agent;
  ClientLimits limits;
  std::deque<Idle> idle;  // the longest idle first
  std::uint64_t made = 0;

  void drop_stale() {
    while (!idle.empty() && idle.front().since + limits.idle_time <= loop.now()) idle.pop_front();
  }
  StreamPtr take_idle() {
    drop_stale();
    while (!idle.empty()) {
      StreamPtr stream = std::move(idle.back().stream);
      idle.pop_back();
      if (stream->is_quiet()) return stream;
    }
    return nullptr;
  }
  void give_back(StreamPtr stream) {
    drop_stale();
    if (limits.idle_connections == 0) return;
    if (idle.size() == limits.idle_connections) idle.pop_front();
    idle.push_back({std::move(stream), loop.now()});
  }
};

struct ResponseStream::Impl {
  using Shared = HttpClient::Shared;

  Impl(Loop& on, const ClientLimits& with, StreamPtr over, std::weak_ptr<Shared> owner, Asked asked)
      : loop(on),
        idle_body(with.idle_body),
        grace(with.grace),
        slowest(with.slowest),
        stream(std::move(over)),
        reader(with.message, asked),
        home(std::move(owner)) {}

  // One read from the connection into the reader.
  Task<Result<void>> advance(Patience patience) {
    std::string bytes = CO_TRY(co_await stream->read(std::move(patience)));
    if (bytes.empty()) co_return reader.end();
    received = true;
    const std::size_t used = CO_TRY(reader.push(bytes));
    surplus = used < bytes.size();
    co_return Result<void>();
  }

  // The connection goes back to the pool if it may carry another message.
  void release() {
    if (stream == nullptr || !reader.done()) return;
    StreamPtr over = std::move(stream);
    const auto owner = home.lock();
    if (owner != nullptr && reader.keeps_alive() && !surplus) owner->give_back(std::move(over));
  }

  // When the body is too late, whatever else comes of it.
  std::optional<Duration> body_due() {
    if (slowest == 0) return std::nullopt;
    if (!body_began) body_began = loop.now();
    return *body_began + grace + Duration(seconds(taken)) / static_cast<std::int64_t>(slowest);
  }

  Loop& loop;
  Duration idle_body;
  Duration grace;
  std::uint64_t slowest;
  std::optional<Duration> body_began;
  std::uint64_t taken = 0;  // bytes of the body
  StreamPtr stream;
  ResponseReader reader;
  std::weak_ptr<Shared> home;
  std::string what;       // for messages: `GET host/path`
  bool received = false;  // a byte of the answer came
  bool surplus = false;   // bytes came that nobody asked for
};

ResponseStream::ResponseStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ResponseStream::~ResponseStream() = default;
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;

int ResponseStream::status() const {
  return impl_->reader.head()->status;
}

const Fields& ResponseStream::fields() const {
  return impl_->reader.head()->fields;
}

Task<Result<std::string>> ResponseStream::read(Patience patience) {
  Impl& impl = *impl_;
  for (;;) {
    impl.release();
    if (std::string body = impl.reader.take_body(); !body.empty() || impl.reader.done()) {
      impl.taken += body.size();
      co_return body;
    }
    if (impl.stream == nullptr)
      co_return Error(ErrorKind::closed, impl.what + ": read after an error");
    Duration silent_until = impl.loop.now() + impl.idle_body;
    if (const auto due = impl.body_due()) silent_until = std::min(silent_until, *due);
    auto moved = co_await impl.advance(patience.no_later_than(silent_until));
    if (!moved) {
      impl.stream.reset();
      const bool silent = moved.error().kind() == ErrorKind::timeout &&
                          (!patience.deadline || silent_until < *patience.deadline);
      co_return std::move(moved).error().with_context(
          impl.what +
          (silent ? ": response body: too little came for too long" : ": response body"));
    }
  }
}

Task<Result<std::string>> ResponseStream::read_all(ByteLimit limit, Patience patience) {
  std::string all;
  for (;;) {
    const std::string piece = CO_TRY(co_await read(patience));
    if (piece.empty()) co_return all;
    if (piece.size() > limit.bytes() - all.size()) {
      impl_->stream.reset();
      co_return Error(ErrorKind::limit, std::format("{}: the body is longer than {} bytes",
                                                    impl_->what, limit.bytes()));
    }
    all += piece;
  }
}

namespace {

// Sends the request over the stream and reads the response's head. A peer that answers before it
// has read everything and closes is still listened to.
template <class Impl>
Task<Result<void>> exchange_heads(Impl& impl, std::string_view message, Patience patience) {
  const auto sent = co_await impl.stream->write(message, patience);
  if (!sent && sent.error().kind() != ErrorKind::closed) co_return sent.error();
  while (impl.reader.head() == nullptr) {
    auto moved = co_await impl.advance(patience);
    if (!moved && !sent && !impl.received) co_return sent.error();
    CO_TRY(std::move(moved));
  }
  co_return Result<void>();
}

}  // namespace

HttpClient::HttpClient(Loop& loop, Connector& connector, codec::BaseUrl base,
                       std::string user_agent, ClientLimits limits)
    : shared_(std::make_shared<Shared>(loop, connector, std::move(base), std::move(user_agent),
                                       limits)) {}
HttpClient::~HttpClient() = default;

namespace {

// The steps of a request, with everything they need held in the frame: the client may end while
// they run.
template <class Shared, class Impl>
Task<Result<std::unique_ptr<Impl>>> open_response(std::shared_ptr<Shared> shared, Request request,
                                                  ClientLimits limits, Patience patience) {
  const codec::HostPort where{shared->base.host(), shared->base.port()};
  const std::string what = std::format("{} {}{}", request.method, codec::to_string(where),
                                       shared->base.target(codec::split_target(request.path).path));
  const auto fail = [&](Error error) { return std::move(error).with_context(what); };
  if (auto good = check(request); !good) co_return fail(std::move(good).error());
  auto message = format_request(request, shared->base, shared->user_agent);
  if (!message) co_return fail(std::move(message).error());
  patience = patience.no_later_than(shared->loop.now() + limits.to_headers);
  const Asked asked = request.method == "HEAD" ? Asked::for_head : Asked::for_body;
  for (bool may_reuse = true;; may_reuse = false) {
    StreamPtr stream = may_reuse ? shared->take_idle() : nullptr;
    const bool reused = stream != nullptr;
    if (!reused) {
      auto made = co_await shared->connector.connect(shared->base.scheme(), where, patience);
      if (!made) co_return fail(std::move(made).error());
      stream = *std::move(made);
      ++shared->made;
    }
    auto impl = std::make_unique<Impl>(shared->loop, limits, std::move(stream), shared, asked);
    impl->what = what;
    auto done = co_await exchange_heads(*impl, message->bytes(), patience);
    if (done) co_return std::move(impl);
    const bool again = reused && !impl->received && done.error().kind() == ErrorKind::closed &&
                       is_idempotent(request.method);
    if (!again) co_return fail(std::move(done).error());
  }
}

}  // namespace

Task<Result<ResponseStream>> HttpClient::open_stream(Request request, Patience patience) {
  ClientLimits limits = shared_->limits;
  limits.message.body = ByteLimit(std::numeric_limits<std::uint64_t>::max());
  limits.slowest = 0;
  auto impl = co_await open_response<Shared, ResponseStream::Impl>(shared_, std::move(request),
                                                                   limits, std::move(patience));
  co_return ResponseStream(CO_TRY(std::move(impl)));
}

Task<Result<Response>> HttpClient::send(Request request, Patience patience) {
  const ByteLimit limit = shared_->limits.message.body;
  auto impl = co_await open_response<Shared, ResponseStream::Impl>(shared_, std::move(request),
                                                                   shared_->limits, patience);
  ResponseStream stream(CO_TRY(std::move(impl)));
  Response response;
  response.status = stream.status();
  response.fields = stream.fields();
  response.body = CO_TRY(co_await stream.read_all(limit, std::move(patience)));
  co_return response;
}

const codec::BaseUrl& HttpClient::base() const {
  return shared_->base;
}

std::size_t HttpClient::idle_connections() const {
  return shared_->idle.size();
}

std::uint64_t HttpClient::connections_made() const {
  return shared_->made;
}

void HttpClient::close_idle() {
  shared_->idle.clear();
}

}  // namespace glovebox::net
