// The modes that see requests: `http`.
#include <utility>

#include "egress/flow.h"
#include "egress/http_relay.h"
#include "egress/http_site.h"
#include "net/dial.h"
#include "os/inet.h"

namespace glovebox::egress {

// One client connection towards its one origin.
class Network::Site final : public HttpSite {
 public:
  Site(Network& network, Target target)
      : network_(network),
        target_(std::move(target)),
        origin_{target_.where.host, target_.where.port, policy::Tls::no} {}

  const HttpOrigin& origin() const override { return origin_; }

  Verdict judge(std::string_view method, std::string_view path) override {
    const NetVerdict verdict = network_.rules_->judge(
        policy::HttpRequest{std::string(method), origin_.tls, target_.where, std::string(path)});
    return {verdict.allowed, verdict.place, verdict.words};
  }

  net::Task<Result<net::StreamPtr>> open(net::Patience patience) override {
    Flow flow(network_, network_.opened_to(target_));
    CO_TRY(co_await network_.note_beginning(flow, patience));
    auto reached =
        CO_TRY(co_await network_.host_.upstream.reach(*target_.rule, target_.where, patience));
    address_ = reached.address;
    co_return net::make_socket_stream(network_.host_.loop, std::move(reached.socket));
  }

  const Injection* injection() const override { return nullptr; }

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
    if (exchange.outcome == Outcome::failed) opened.failure = exchange.words;
    network_.carried_.up += exchange.up;
    network_.carried_.down += exchange.down;
    network_.record(opened);
  }

 private:
  Network& network_;
  Target target_;
  HttpOrigin origin_;
  std::string address_;  // dialled last
};

net::Task<void> Network::carry_requests(Target target, UniqueFd inside, net::Patience patience) {
  Site site(*this, std::move(target));
  os::close_in_order(inside.get());
  (void)co_await relay_http(host_.loop, net::make_socket_stream(host_.loop, std::move(inside)),
                            site, {}, patience);
}

}  // namespace glovebox::egress
