// The modes that see requests: `http`, and `inspect`, which ends TLS here and begins it anew.
#include <format>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "egress/counted_stream.h"
#include "egress/flow.h"
#include "egress/http2_relay.h"
#include "egress/http_relay.h"
#include "egress/http_site.h"
#include "net/dial.h"
#include "net/tls.h"
#include "net/tls_server.h"
#include "os/inet.h"

namespace glovebox::egress {

// One client connection towards its one origin.
class Network::Site final : public HttpSite {
 public:
  Site(Network& network, Target target, policy::Tls tls)
      : network_(network),
        target_(std::move(target)),
        origin_{target_.where.host, target_.where.port, tls} {}

  const HttpOrigin& origin() const override { return origin_; }

  Verdict judge(std::string_view method, std::string_view path) override {
    const policy::HttpRequest request{std::string(method), origin_.tls, target_.where,
                                      std::string(path)};
    const NetVerdict verdict = network_.rules_->judge(request);
    if (!verdict.allowed) return {false, verdict.place, verdict.words};
    const auto secrets = network_.rules_->secrets_for(request);
    if (secrets.size() > 1)
      return {false, verdict.place, "several rules allow it, each with another secret to add"};
    Verdict allowed{true, verdict.place, verdict.words};
    if (!secrets.empty())
      if (std::string problem = take_secret(secrets.front(), allowed.injection); !problem.empty())
        return {false, verdict.place, std::move(problem)};
    return allowed;
  }

  void note(const HttpExchange& exchange) override {
    using Outcome = HttpExchange::Outcome;
    const bool passed = exchange.outcome == Outcome::allowed || exchange.outcome == Outcome::failed;
    if (!passed) {
      Refused refused = network_.refused_to(target_, exchange.words);
      refused.rule = exchange.rule;
      refused.method = exchange.method;
      refused.path = exchange.path;
      return network_.refuse(std::move(refused));
    }
    Opened opened = network_.opened_to(target_);
    opened.address = exchange.address;
    if (!exchange.rule.empty()) opened.rule = exchange.rule;
    opened.method = exchange.method;
    opened.path = exchange.path;
    if (exchange.status != 0) opened.status = exchange.status;
    opened.credential = exchange.credential.value_or("");
    opened.up = exchange.up;
    opened.down = exchange.down;
    opened.lasted = exchange.duration;
    if (exchange.outcome == Outcome::failed)
      opened.failure = exchange.trouble.empty()
                           ? exchange.words
                           : std::format("{}: {}", exchange.words, exchange.trouble);
    if (exchange.misplaced == Misplaced::in_target)
      opened.remark = "the placeholder of a secret stood in the target, and was left there";
    network_.carried_.up += exchange.up;
    network_.carried_.down += exchange.down;
    network_.count(exchange.up, exchange.down);
    network_.record(opened);
  }

  net::Task<OriginStream> open(std::vector<net::Alpn> offers, net::Patience patience) override {
    std::string address;
    auto made = co_await dial(std::move(offers), patience, address);
    co_return OriginStream{std::move(made), std::move(address)};
  }

 private:
  // `address` is known before the rest, which may fail.
  net::Task<Result<net::NegotiatedStream>> dial(std::vector<net::Alpn> offers,
                                                net::Patience patience, std::string& address) {
    if (*network_.origins_ >= kMostOriginConnections)
      co_return Error(ErrorKind::limit, std::format("more than {} connections to origins at once",
                                                    kMostOriginConnections));
    Flow flow(network_, network_.opened_to(target_));
    Reached reached = CO_TRY(co_await network_.reach(target_, flow, patience));
    address = reached.address;
    auto stream = reached.stream
                      ? std::move(reached.stream)
                      : net::make_socket_stream(network_.host_.loop, std::move(reached.socket));
    stream = std::make_unique<CountedStream>(std::move(stream), network_.origins_);
    if (origin_.tls == policy::Tls::no)
      co_return net::NegotiatedStream{std::move(stream), std::nullopt};
    co_return co_await net::start_tls(std::move(stream), network_.host_.inspection->outside,
                                      target_.where.host, std::move(offers), patience);
  }

  // Why it cannot be had; empty: it is there.
  std::string take_secret(const std::string& name, std::optional<Injection>& out) {
    const Secret* const secret = network_.host_.secrets.find(name);
    if (!network_.rules_->is_bound(name, target_.where))
      return std::format("secret {} is not bound to this endpoint", name);
    if (secret == nullptr) return std::format("secret {} is not there", name);
    out.emplace();
    out->name = name;
    out->secret = secret->duplicate();
    out->placeholder = placeholder_of(name);
    return {};
  }

  Network& network_;
  Target target_;
  HttpOrigin origin_;
};

net::Task<void> Network::carry_requests(Target target, UniqueFd inside, net::Patience patience) {
  Site site(*this, std::move(target), policy::Tls::no);
  os::close_in_order(inside.get());
  (void)co_await relay_http(host_.loop, net::make_socket_stream(host_.loop, std::move(inside)),
                            site, {}, patience);
}

net::Task<void> Network::carry_inspected(Target target, UniqueFd inside, net::Patience patience) {
  const auto* name = std::get_if<codec::HostName>(&target.where.host);
  if (!host_.inspection || name == nullptr) {
    refuse(target, "mode inspect has no authority here");
    co_return;
  }
  Site site(*this, target, policy::Tls::yes);
  auto identity =
      host_.inspection->leaves.identity_for(target.where.host, host_.loop.clock().wall());
  if (!identity) {
    refuse(target, "no certificate could be made: " + identity.error().message());
    co_return;
  }
  os::close_in_order(inside.get());
  auto shaken = co_await net::serve_tls(
      net::make_socket_stream(host_.loop, std::move(inside)), host_.inspection->inside,
      {*std::move(identity), *name, {net::Alpn::h2, net::Alpn::http11}},
      patience.no_later_than(host_.loop.now() + kHelloTime));
  if (!shaken) {
    if (shaken.error().kind() != ErrorKind::cancelled)
      refuse(target, "TLS with the box: " + shaken.error().message());
    co_return;
  }
  if (shaken->protocol == net::Alpn::h2)
    (void)co_await relay_http2(host_.loop, std::move(shaken->stream), site, {}, patience);
  else
    (void)co_await relay_http(host_.loop, std::move(shaken->stream), site, {}, patience);
}

}  // namespace glovebox::egress
