#include "egress/origins.h"

#include <utility>

#include "egress/request_head.h"

namespace glovebox::egress {

namespace {

using What = OriginTrouble::What;

Origins::Failed refused(Refusal refusal) {
  return {{What::broken, refusal}, {}, {}, Origins::Offered::no};
}

}  // namespace

Origins::Origins(net::Loop& loop, HttpSite& site, const HttpRelayLimits& limits,
                 net::Patience patience)
    : loop_(loop),
      site_(site),
      limits_(limits),
      patience_(std::move(patience)),
      shared_(std::make_shared<Shared>(loop)) {}

Origins::~Origins() {
  if (http2_) http2_->connection->close();
}

// A connection that is there.
std::optional<Origins::Link> Origins::take() {
  if (http2_ && http2_->connection->takes_requests()) {
    Http2Link link = *http2_;
    http2_->reused = Reused::yes;
    return link;
  }
  while (!shared_->idle.empty()) {
    Http1Link link = std::move(shared_->idle.back());
    shared_->idle.pop_back();
    if (link.stream->is_quiet()) return link;
  }
  return std::nullopt;
}

bool Origins::must_wait() const {
  if (dialling_) return true;
  return is_http1_ ? shared_->links >= kMostLinks : http2_ && http2_->connection->is_alive();
}

net::Task<Origins::Reaching<Origins::Link>> Origins::reach(net::Patience patience) {
  for (;;) {
    if (auto link = take()) co_return *std::move(link);
    if (!must_wait()) {
      auto dialled = co_await dial(patience);
      if (!dialled) co_return std::unexpected(std::move(dialled).error());
      continue;
    }
    shared_->changed.clear();
    auto waited = co_await shared_->changed.wait(patience);
    if (!waited) co_return std::unexpected(Unreached{std::move(waited).error(), {}});
  }
}

// A new connection, for take().
net::Task<Origins::Reaching<void>> Origins::dial(net::Patience patience) {
  const std::shared_ptr<Shared> shared = shared_;
  ++shared->links;
  // Idle links belong to what they are counted in: it is not theirs.
  std::shared_ptr<void> counted(nullptr, [where = std::weak_ptr(shared)](void*) {
    if (const auto there = where.lock()) {
      --there->links;
      there->changed.set();
    }
  });
  std::vector<net::Alpn> offers{net::Alpn::http11};
  if (!is_http1_) offers.insert(offers.begin(), net::Alpn::h2);
  const bool first = !is_http1_;
  if (first) dialling_ = true;
  auto opened = co_await site_.open(std::move(offers), std::move(patience));
  if (first) dialling_ = false;
  shared->changed.set();
  if (!opened.made)
    co_return std::unexpected(Unreached{std::move(opened.made).error(), std::move(opened.address)});
  if (opened.made->protocol != net::Alpn::h2) {
    is_http1_ = true;
    shared->idle.push_back(
        {std::move(opened.made->stream), std::move(opened.address), std::move(counted)});
    co_return Reaching<void>();
  }
  // Exchanges that are under way keep the old one until they are over.
  if (http2_) http2_->connection->go_away();
  auto connection = net::Http2Connection::start(
      loop_, std::move(opened.made->stream), net::Http2Role::client, kOriginHttp2,
      {.idle = limits_.idle, .head = limits_.head, .write = limits_.write}, patience_);
  if (!connection) co_return std::unexpected(Unreached{std::move(connection).error(), {}});
  http2_ = Http2Link{*std::move(connection), std::move(opened.address)};
  co_return Reaching<void>();
}

net::Task<std::expected<Origins::Begun, Origins::Failed>> Origins::begin(
    const AdmittedRequest& request, const Injection* injection, Traffic& traffic,
    net::Patience patience) {
  // Before anything is dialled.
  auto head = format_request_head(request, site_.origin(), injection);
  if (!head) co_return std::unexpected(refused(head.error()));
  if (head->bytes().size() > traffic.totals().up_left())
    co_return std::unexpected(refused({413, "this connection may send no more"}));
  if (traffic.totals().down_left() == 0)
    co_return std::unexpected(refused({413, "this connection may receive no more"}));
  auto link = co_await reach(patience.no_later_than(loop_.now() + limits_.open));
  if (!link)
    co_return std::unexpected(Failed{{What::broken, refusal_by_open(link.error().error.kind())},
                                     link.error().error.message(),
                                     std::move(link.error().address)});
  if (auto* http1 = std::get_if<Http1Link>(&*link))
    co_return co_await begin_http1(std::move(*http1), *std::move(head), request, injection, traffic,
                                   std::move(patience));
  co_return begin_http2(std::get<Http2Link>(*link), request, injection, traffic);
}

net::Task<std::expected<Origins::Begun, Origins::Failed>> Origins::begin_http1(
    Http1Link link, SentHead head, const AdmittedRequest& request, const Injection* injection,
    Traffic& traffic, net::Patience patience) {
  std::string address = link.address;
  const Reused reused = link.reused;
  auto exchange = std::make_shared<Http1Origin>(std::move(link), request, injection, traffic,
                                                [where = std::weak_ptr(shared_)](Http1Link clean) {
                                                  const auto there = where.lock();
                                                  if (!there) return;
                                                  if (there->idle.size() < kMostIdleLinks)
                                                    there->idle.push_back(std::move(clean));
                                                  there->changed.set();
                                                });
  const auto sent =
      co_await exchange->ask(head, patience.no_later_than(loop_.now() + limits_.write));
  traffic.touch();
  if (sent) co_return Begun{std::move(exchange), std::move(address)};
  const bool ended = sent.error().kind() == ErrorKind::closed;
  co_return std::unexpected(Failed{
      {ended && reused == Reused::yes ? What::unheard : What::broken,
       {502, ended ? "the origin ended the connection" : "the connection to the origin broke"}},
      {},
      std::move(address),
      Offered::yes});
}

std::expected<Origins::Begun, Origins::Failed> Origins::begin_http2(const Http2Link& link,
                                                                    const AdmittedRequest& request,
                                                                    const Injection* injection,
                                                                    Traffic& traffic) {
  const auto head = format_http2_head(request, site_.origin(), injection);
  if (!head) return std::unexpected(refused(head.error()));
  const auto stream = link.connection->request(
      head->fields(), request.has_body() ? net::Http2Ends::no : net::Http2Ends::yes);
  if (!stream)
    return std::unexpected(
        Failed{{What::unheard, {502, "the origin ended the connection"}}, {}, link.address});
  traffic.add_up(head->size());
  return Begun{std::make_shared<Http2Origin>(link.connection, *stream, link.reused, request,
                                             injection, traffic),
               link.address};
}

}  // namespace glovebox::egress
