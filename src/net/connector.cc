#include "net/connector.h"

#include <string>
#include <utility>

namespace glovebox::net {

Connector::Connector(Dialer& dialer, ProxyRules rules, std::optional<TlsContext> tls)
    : dialer_(dialer), rules_(std::move(rules)), tls_(std::move(tls)) {}

Task<Result<StreamPtr>> Connector::connect(codec::UrlScheme scheme, codec::HostPort where,
                                           Patience patience) {
  const bool secure = scheme == codec::UrlScheme::https;
  // The rules may get other credentials meanwhile: this connection keeps those it began with.
  const std::shared_ptr<const ProxyServer> proxy = rules_.proxy_for(scheme, where);
  if (!tls_ && (secure || (proxy != nullptr && proxy->scheme == codec::UrlScheme::https)))
    co_return Error(ErrorKind::not_found,
                    codec::to_string(where) + ": no certificate authorities were given for https");
  StreamPtr stream;
  if (proxy == nullptr) {
    stream = CO_TRY(co_await dialer_.dial(where, patience));
  } else {
    const std::string through = "proxy " + codec::to_string(proxy->where);
    auto dialled = co_await dialer_.dial(proxy->where, patience);
    if (!dialled) co_return std::move(dialled).error().with_context(through);
    stream = *std::move(dialled);
    if (proxy->scheme == codec::UrlScheme::https) {
      auto wrapped = co_await start_tls(std::move(stream), *tls_, proxy->where.host, patience);
      if (!wrapped) co_return std::move(wrapped).error().with_context(through);
      stream = *std::move(wrapped);
    }
    auto opened = co_await connect_through(*stream, *proxy, where, patience);
    if (!opened) {
      if (opened.error().kind() == ErrorKind::denied) ++refused_by_proxy_;
      co_return std::move(opened).error();
    }
  }
  if (secure) stream = CO_TRY(co_await start_tls(std::move(stream), *tls_, where.host, patience));
  co_return stream;
}

}  // namespace glovebox::net
