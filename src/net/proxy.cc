#include "net/proxy.h"

#include <format>
#include <initializer_list>
#include <utility>

#include "codec/base64.h"
#include "codec/http_head.h"
#include "net/http_head.h"
#include "net/http_reader.h"
#include "net/http_types.h"

namespace glovebox::net {

namespace {

constexpr ByteLimit kMaxConnectHead{16 * kKiB};
constexpr std::size_t kMaxConnectFields = 64;

Result<Secret> basic_authorization(std::string_view user_info) {
  const std::size_t colon = user_info.find(':');
  const std::string_view user = user_info.substr(0, colon);
  const std::string_view word =
      colon == std::string_view::npos ? std::string_view() : user_info.substr(colon + 1);
  std::string plain = TRY(codec::percent_decode(user));
  if (plain.find(':') != std::string::npos)
    return Error(ErrorKind::invalid, "the user name holds a colon");
  std::string decoded = TRY(codec::percent_decode(word));
  plain.reserve(plain.size() + 1 + decoded.size());
  plain += ':';
  plain += decoded;
  std::string encoded = codec::base64_encode(plain);
  zero_memory(plain.data(), plain.size());
  zero_memory(decoded.data(), decoded.size());
  std::string value = "Basic " + encoded;
  zero_memory(encoded.data(), encoded.size());
  return Secret::take(std::move(value));
}

std::optional<std::string> first_set(const Environment& environment,
                                     std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto value = environment(name); value && !value->empty()) return value;
  return std::nullopt;
}

}  // namespace

Result<ProxyServer> parse_proxy(std::string_view text) {
  std::string_view rest = text;
  std::string_view scheme = "http";
  if (const std::size_t colon = rest.find("://"); colon != std::string_view::npos) {
    scheme = rest.substr(0, colon);
    rest.remove_prefix(colon + 3);
  }
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https"))
    return Error(ErrorKind::unsupported,
                 "proxy address: only http and https proxies are spoken to");
  Secret authorization;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    authorization = TRY_CONTEXT(basic_authorization(rest.substr(0, at)), "proxy address");
    rest.remove_prefix(at + 1);
  }
  const auto url =
      TRY_CONTEXT(codec::BaseUrl::parse(std::format("{}://{}", scheme, rest)), "proxy address");
  if (!url.prefix().empty()) return Error(ErrorKind::invalid, "proxy address: it has a path");
  return ProxyServer{url.scheme(), {url.host(), url.port()}, std::move(authorization)};
}

Result<ProxyRules> ProxyRules::make(ProxySettings settings, const Environment& environment) {
  ProxyRules rules;
  const auto use = [](const std::string& text) -> Result<std::shared_ptr<const ProxyServer>> {
    return std::make_shared<const ProxyServer>(TRY(parse_proxy(text)));
  };
  if (settings.proxy) {
    if (!settings.proxy->empty()) rules.http_ = rules.https_ = TRY(use(*settings.proxy));
  } else {
    if (const auto text = first_set(environment, {"https_proxy", "HTTPS_PROXY"}))
      rules.https_ = TRY_CONTEXT(use(*text), "HTTPS_PROXY");
    if (const auto text = first_set(environment, {"http_proxy", "HTTP_PROXY"}))
      rules.http_ = TRY_CONTEXT(use(*text), "HTTP_PROXY");
  }
  if (settings.no_proxy)
    rules.no_proxy_ = TRY_CONTEXT(codec::NoProxy::parse(*settings.no_proxy), "no_proxy");
  else if (const auto text = first_set(environment, {"no_proxy", "NO_PROXY"}))
    rules.no_proxy_ = TRY_CONTEXT(codec::NoProxy::parse(*text), "NO_PROXY");
  if (!settings.authorization.empty()) rules.set_authorization(std::move(settings.authorization));
  return rules;
}

std::shared_ptr<const ProxyServer> ProxyRules::proxy_for(codec::UrlScheme scheme,
                                                         const codec::HostPort& where) const {
  const auto& proxy = scheme == codec::UrlScheme::https ? https_ : http_;
  if (proxy == nullptr || codec::is_loopback(where.host) ||
      no_proxy_.covers(where.host, where.port))
    return nullptr;
  return proxy;
}

void ProxyRules::set_authorization(Secret value) {
  for (auto* slot : {&http_, &https_})
    if (*slot != nullptr)
      *slot =
          std::make_shared<const ProxyServer>((*slot)->scheme, (*slot)->where, value.duplicate());
}

namespace {

std::string target_of(const codec::HostPort& where) {
  return std::format("{}:{}", codec::to_url_host(where.host), where.port);
}
std::string describe(const ProxyServer& proxy, const codec::HostPort& where) {
  return std::format("proxy {}: CONNECT {}", codec::to_string(proxy.where), target_of(where));
}

}  // namespace

Task<Result<std::string>> open_tunnel(ByteStream& stream, const ProxyServer& proxy,
                                      codec::HostPort where, Patience patience) {
  const std::string target = target_of(where);
  const std::string what = describe(proxy, where);
  const auto fail = [&](Error error) { return std::move(error).with_context(what); };
  std::string head = std::format("CONNECT {} HTTP/1.1\r\nhost: {}\r\n", target, target);
  if (!proxy.authorization.empty()) {
    const auto value = proxy.authorization.reveal();
    if (auto good = codec::check_field_value(value); !good)
      co_return fail(Error(ErrorKind::invalid, "the proxy credentials are no header value"));
    head.reserve(head.size() + value.size() + 64);  // one buffer, which is zeroed below
    head += "proxy-authorization: ";
    head += value;
    head += "\r\n";
  }
  head += "\r\n";
  auto sent = co_await stream.write(head, patience);
  zero_memory(head.data(), head.size());
  if (!sent) co_return fail(std::move(sent).error());

  // A 2xx to CONNECT has no body, whatever its fields say: the tunnel begins behind the head.
  HeadCollector collector(kMaxConnectHead);
  for (;;) {
    auto bytes = co_await stream.read(patience);
    if (!bytes) co_return fail(std::move(bytes).error());
    if (bytes->empty()) co_return fail(Error(ErrorKind::closed, "the proxy hung up"));
    const auto used = collector.push(*bytes);
    if (!used) co_return fail(used.error());
    if (!collector.done()) continue;
    const auto answer = parse_response_head(collector.text(), kMaxConnectFields);
    if (!answer) co_return fail(answer.error());
    if (answer->status == 407)
      co_return fail(Error(ErrorKind::denied, "the proxy asks for credentials (407)"));
    if (answer->status < 200 || answer->status > 299)
      co_return fail(Error(ErrorKind::io, std::format("the proxy answered {}", answer->status)));
    co_return bytes->substr(*used);
  }
}

Task<Result<void>> connect_through(ByteStream& stream, const ProxyServer& proxy,
                                   codec::HostPort where, Patience patience) {
  const std::string ahead = CO_TRY(co_await open_tunnel(stream, proxy, where, patience));
  if (!ahead.empty())
    co_return Error(ErrorKind::protocol, "the proxy sent bytes ahead of the destination")
        .with_context(describe(proxy, where));
  co_return Result<void>();
}

}  // namespace glovebox::net
