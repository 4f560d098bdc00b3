// What the tests of the relay share: a loop, a scripted site, and clients and origins over real
// socket pairs.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "egress/http_relay.h"
#include "net/byte_stream.h"
#include "net/dial.h"
#include "net/http_reader.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::egress::testing {

// Nobody waits longer in a test; reaching it is a failure of the test.
constexpr Duration kTooLong = seconds(20);

struct StreamPair {
  net::StreamPtr first, second;
};
inline StreamPair make_pair_of_streams(net::Loop& loop) {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  return {net::make_socket_stream(loop, UniqueFd(fds[0])),
          net::make_socket_stream(loop, UniqueFd(fds[1]))};
}

// Gives what comes in pieces of at most so many bytes, and keeps the rest, as TLS does.
class Dripping final : public net::ByteStream {
 public:
  Dripping(net::StreamPtr lower, std::size_t piece) : lower_(std::move(lower)), piece_(piece) {}

  net::Task<Result<std::string>> read(net::Patience patience) override {
    if (kept_.empty()) kept_ = CO_TRY(co_await lower_->read(std::move(patience)));
    std::string bytes = kept_.substr(0, piece_);
    kept_.erase(0, bytes.size());
    co_return bytes;
  }
  net::Task<Result<void>> write(std::string_view bytes, net::Patience patience) override {
    while (!bytes.empty()) {
      CO_TRY(co_await lower_->write(bytes.substr(0, piece_), patience));
      bytes.remove_prefix(std::min(piece_, bytes.size()));
    }
    co_return Result<void>();
  }
  net::Task<Result<void>> finish(net::Patience patience) override {
    return lower_->finish(std::move(patience));
  }
  net::Task<Result<void>> readable(net::Patience patience) override {
    if (!kept_.empty()) co_return Result<void>();
    co_return co_await lower_->readable(std::move(patience));
  }
  bool is_quiet() override { return kept_.empty() && lower_->is_quiet(); }

 private:
  net::StreamPtr lower_;
  std::size_t piece_;
  std::string kept_;
};

// What the origin reads before it answers, and what it answers; connections in order.
using Script = std::function<net::Task<void>(net::Loop& loop, net::StreamPtr stream, int number)>;

class ScriptedSite final : public HttpSite {
 public:
  ScriptedSite(net::Loop& loop, Script script) : loop_(loop), script_(std::move(script)) {}

  const HttpOrigin& origin() const override { return origin_; }
  // Paths below /denied and the method DELETE are denied.
  Verdict judge(std::string_view method, std::string_view path) override {
    judged.push_back(std::string(method) + " " + std::string(path));
    if (path.starts_with("/denied") || method == "DELETE")
      return {false, "box.toml:7", "no rule allows this method or path"};
    Verdict allowed{true, "box.toml:3", "allowed"};
    if (secret)
      allowed.injection = Injection{secret->name, secret->secret.duplicate(), secret->placeholder,
                                    secret->header, secret->prefix};
    return allowed;
  }
  net::Task<OriginStream> open(std::vector<net::Alpn> protocols, net::Patience) override {
    offers = protocols;
    const std::string address = "203.0.113.9";
    if (refusal)
      co_return OriginStream{Error(*refusal, address + ": for the operator only"), address};
    StreamPair pair = make_pair_of_streams(loop_);
    loop_.spawn(script_(loop_, std::move(pair.second), opened++));
    if (piece > 0) pair.first = std::make_unique<Dripping>(std::move(pair.first), piece);
    co_return OriginStream{net::NegotiatedStream{std::move(pair.first), speaks}, address};
  }
  void note(const HttpExchange& exchange) override { notes.push_back(exchange); }

  void is_tls() { origin_ = {*codec::parse_host("a.test"), 443, policy::Tls::yes}; }

  std::optional<Injection> secret;
  std::optional<ErrorKind> refusal;
  std::optional<net::Alpn> speaks;  // what the origin agrees on
  std::vector<net::Alpn> offers;    // what it was offered last
  std::vector<std::string> judged;
  std::vector<HttpExchange> notes;
  int opened = 0;
  std::size_t piece = 0;  // of what the relay reads and writes; 0: as it comes

 private:
  net::Loop& loop_;
  Script script_;
  HttpOrigin origin_{*codec::parse_host("a.test"), 80, policy::Tls::no};
};

// Reads to and with the blank line of a head.
inline net::Task<std::string> read_head(net::ByteStream& stream) {
  std::string all;
  while (!all.contains("\r\n\r\n")) {
    auto bytes = co_await stream.read({});
    if (!bytes || bytes->empty()) break;
    all += *bytes;
  }
  co_return all;
}
inline net::Task<std::string> read_until(net::ByteStream& stream, std::string wanted) {
  std::string all;
  while (!all.ends_with(wanted)) {
    auto bytes = co_await stream.read({});
    if (!bytes || bytes->empty()) break;
    all += *bytes;
  }
  co_return all;
}
inline net::Task<std::string> read_all(net::ByteStream& stream, net::Patience patience) {
  std::string all;
  for (;;) {
    auto bytes = co_await stream.read(patience);
    if (!bytes || bytes->empty()) co_return all;
    all += *bytes;
  }
}

// What an origin was asked.
struct Asked {
  net::RequestHead head;
  std::string body;
};
struct Seen {
  std::string bytes;  // as they came, of all connections
  std::vector<Asked> requests;
};
// The bytes that answer a request; nothing ends the connection.
using Answer = std::function<std::optional<std::string>(const Asked& asked)>;

inline net::Task<void> serve_origin(net::StreamPtr stream, std::shared_ptr<Seen> seen,
                                    Answer answer) {
  std::string pending;
  for (;;) {
    net::RequestReader reader({});
    while (!reader.done()) {
      if (pending.empty()) {
        const auto bytes = co_await stream->read({});
        if (!bytes || bytes->empty()) co_return;
        seen->bytes += *bytes;
        pending = *bytes;
      }
      const auto used = reader.push(pending);
      REQUIRE(used);
      pending.erase(0, *used);
    }
    seen->requests.push_back({*reader.head(), reader.take_body()});
    const auto reply = answer(seen->requests.back());
    if (!reply || !co_await stream->write(*reply, {})) co_return;
  }
}
inline Script origin_of(std::shared_ptr<Seen> seen, Answer answer) {
  return [seen, answer](net::Loop&, net::StreamPtr stream, int) {
    return serve_origin(std::move(stream), seen, answer);
  };
}
inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}
// `METHOD target body`.
inline std::string echo(const Asked& asked) {
  return asked.head.method + " " + asked.head.target + " " + asked.body;
}
inline Script echo_origin(std::shared_ptr<Seen> seen) {
  return origin_of(std::move(seen), [](const Asked& asked) { return ok(echo(asked)); });
}

// A client of a relay: its stream, and the relay as a task of its own.
struct Bench {
  explicit Bench(Script script, HttpRelayLimits with = {})
      : site(*loop, std::move(script)), limits(with) {}

  SystemClock clock;
  std::unique_ptr<net::Loop> loop = *net::Loop::make(clock);
  ScriptedSite site;
  HttpRelayLimits limits;
  net::CancelSource cancel;
  std::optional<Result<void>> ended;

  net::Patience soon() const { return {loop->now() + kTooLong, {}}; }

  net::StreamPtr connect() {
    StreamPair pair = make_pair_of_streams(*loop);
    loop->spawn([](Bench& bench, net::StreamPtr stream) -> net::Task<void> {
      bench.ended = co_await relay_http(*bench.loop, std::move(stream), bench.site, bench.limits,
                                        {std::nullopt, bench.cancel.token()});
    }(*this, site.piece == 0 ? std::move(pair.second)
                             : std::make_unique<Dripping>(std::move(pair.second), site.piece)));
    return std::move(pair.first);
  }

  // Runs a client's part; what it gives is checked by its caller.
  template <class T>
  T run(net::Task<Result<T>> task) {
    auto got = loop->run_until(std::move(task));
    REQUIRE(got);
    return *std::move(got);
  }

  // Sends the bytes in two pieces and gives all that comes back until the relay closes. The client
  // says that it is done once it has sent everything.
  std::string talk(std::string bytes, std::size_t cut = 0) {
    auto got = loop->run_until(
        [](Bench& bench, std::string all, std::size_t at) -> net::Task<Result<std::string>> {
          const net::StreamPtr client = bench.connect();
          const std::string_view whole = all;
          CO_TRY(co_await client->write(whole.substr(0, at), bench.soon()));
          if (at > 0) {
            for (int turn = 0; turn < 8; ++turn) co_await bench.loop->yield();
          }
          CO_TRY(co_await client->write(whole.substr(at), bench.soon()));
          CO_TRY(co_await client->finish(bench.soon()));
          std::string answer = co_await read_all(*client, bench.soon());
          while (!bench.ended) co_await bench.loop->yield();
          CHECK(*std::exchange(bench.ended, std::nullopt));
          co_return answer;
        }(*this, std::move(bytes), cut));
    REQUIRE(got);
    return *std::move(got);
  }
};

}  // namespace glovebox::egress::testing
