// The modes that see requests: `http`, and `inspect`, which ends TLS here and begins it anew.
#include <format>
#include <optional>
#include <string>
#include <utility>

#include "egress/flow.h"
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
        origin_{target_.where.host, target_.where.port, tls} {
    if (tls == policy::Tls::yes) take_secret();
  }

  const HttpOrigin& origin() const override { return origin_; }

  Verdict judge(std::string_view method, std::string_view path) override {
    const NetVerdict verdict = network_.rules_->judge(
        policy::HttpRequest{std::string(method), origin_.tls, target_.where, std::string(path)});
    return {verdict.allowed, verdict.place, verdict.words};
  }

  net::Task<Result<net::StreamPtr>> open(net::Patience patience) override {
    address_.clear();
    trouble_.clear();
    auto opened = co_await dial(patience);
    if (!opened) trouble_ = opened.error().message();
    co_return opened;
  }

  const Injection* injection() const override { return injection_ ? &*injection_ : nullptr; }
  // The rule wants a secret that is not there, or not for this endpoint.
  const std::string& problem() const { return problem_; }

  void note(const HttpExchange& exchange) override {
    using Outcome = HttpExchange::Outcome;
    const bool passed = exchange.outcome == Outcome::allowed || exchange.outcome == Outcome::failed;
    if (!passed) {
      Refused refused;
      refused.asked = codec::to_string(target_.where.host);
      refused.port = target_.where.port;
      refused.mode = word_of(target_.rule->mode);
      refused.rule = exchange.rule;
      refused.why = exchange.words;
      refused.method = exchange.method;
      refused.path = exchange.path;
      return network_.refuse(std::move(refused));
    }
    Opened opened = network_.opened_to(target_);
    opened.address = address_;
    if (!exchange.rule.empty()) opened.rule = exchange.rule;
    opened.method = exchange.method;
    opened.path = exchange.path;
    if (exchange.status != 0) opened.status = exchange.status;
    opened.credential = exchange.credential.value_or("");
    opened.up = exchange.up;
    opened.down = exchange.down;
    opened.lasted = exchange.duration;
    if (exchange.outcome == Outcome::failed)
      opened.failure =
          trouble_.empty() ? exchange.words : std::format("{}: {}", exchange.words, trouble_);
    network_.carried_.up += exchange.up;
    network_.carried_.down += exchange.down;
    network_.record(opened);
  }

 private:
  net::Task<Result<net::StreamPtr>> dial(net::Patience patience) {
    Flow flow(network_, network_.opened_to(target_));
    CO_TRY(co_await network_.note_beginning(flow, patience));
    auto reached =
        CO_TRY(co_await network_.host_.upstream.reach(*target_.rule, target_.where, patience));
    address_ = reached.address;
    auto stream = reached.stream
                      ? std::move(reached.stream)
                      : net::make_socket_stream(network_.host_.loop, std::move(reached.socket));
    if (origin_.tls == policy::Tls::no) co_return std::move(stream);
    co_return co_await net::start_tls(std::move(stream), network_.host_.inspection->outside,
                                      target_.where.host, patience);
  }

  void take_secret() {
    if (!target_.rule->inject) return;
    const std::string& name = *target_.rule->inject;
    const Secret* const secret = network_.host_.secrets.find(name);
    if (!network_.rules_->is_bound(name, target_.where)) {
      problem_ = std::format("secret {} is not bound to this endpoint", name);
    } else if (secret == nullptr) {
      problem_ = std::format("secret {} is not there", name);
    } else {
      injection_.emplace();
      injection_->name = name;
      injection_->secret = secret->duplicate();
      injection_->placeholder = placeholder_of(name);
    }
  }

  Network& network_;
  Target target_;
  HttpOrigin origin_;
  std::optional<Injection> injection_;
  std::string problem_;
  std::string address_;  // dialled last
  std::string trouble_;  // with that, for the operator
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
  if (!site.problem().empty()) {
    refuse(target, site.problem());
    co_return;
  }
  auto identity =
      host_.inspection->leaves.identity_for(target.where.host, host_.loop.clock().wall());
  if (!identity) {
    refuse(target, "no certificate could be made: " + identity.error().message());
    co_return;
  }
  os::close_in_order(inside.get());
  auto shaken = co_await net::serve_tls(net::make_socket_stream(host_.loop, std::move(inside)),
                                        host_.inspection->inside,
                                        {*std::move(identity), *name, {net::Alpn::http11}},
                                        patience.no_later_than(host_.loop.now() + kHelloTime));
  if (!shaken) {
    if (shaken.error().kind() != ErrorKind::cancelled)
      refuse(target, "TLS with the box: " + shaken.error().message());
    co_return;
  }
  (void)co_await relay_http(host_.loop, std::move(shaken->stream), site, {}, patience);
}

}  // namespace glovebox::egress
