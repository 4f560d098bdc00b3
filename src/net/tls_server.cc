#include "net/tls_server.h"

#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <format>
#include <string_view>
#include <utility>

#include "net/tls_stream.h"

namespace glovebox::net {

struct TlsServerContext::State {
  bssl::UniquePtr<SSL_CTX> context;
};

namespace {

constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// What the callbacks of one handshake need and say.
struct Handshake {
  const TlsTerms& terms;
  std::string denied;          // why the client's name is refused; empty if it is not
  std::optional<int> alert{};  // the last one that the client sent
};

// Nothing once the handshake is over.
Handshake* handshake_of(const SSL* ssl) {
  return static_cast<Handshake*>(SSL_get_app_data(ssl));
}

// Called for every ClientHello, with a name or without.
int check_name(SSL* ssl, int* alert, void*) {
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  Handshake* shaking = handshake_of(ssl);
  if (shaking == nullptr) return SSL_TLSEXT_ERR_ALERT_FATAL;
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) {
    shaking->denied = "the client asks for no name";
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  const auto name = codec::HostName::parse(asked);
  if (!name)
    shaking->denied = "the client asks for something that is no name";
  else if (*name != shaking->terms.name)
    shaking->denied = "the client asks for " + name->str();
  return shaking->denied.empty() ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Called if the client offers protocols.
int choose_protocol(SSL* ssl, const std::uint8_t** out, std::uint8_t* out_size,
                    const std::uint8_t* in, unsigned in_size, void*) {
  Handshake* shaking = handshake_of(ssl);
  if (shaking == nullptr) return SSL_TLSEXT_ERR_ALERT_FATAL;
  if (shaking->terms.protocols.empty()) return SSL_TLSEXT_ERR_NOACK;
  for (const Alpn wanted : shaking->terms.protocols) {
    // BoringSSL has checked the lengths of the list.
    for (unsigned at = 0; at < in_size; at += 1U + in[at]) {
      const std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
      if (offered != to_string(wanted)) continue;
      *out = in + at + 1;
      *out_size = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void note_alert(const SSL* ssl, int event, int value) {
  Handshake* shaking = handshake_of(ssl);
  if (shaking != nullptr && event == SSL_CB_READ_ALERT) shaking->alert = value & 0xff;
}

// Alerts by which a client says that it does not believe the certificate.
bool is_about_certificate(int alert) {
  constexpr int kAlerts[] = {SSL_AD_BAD_CERTIFICATE,     SSL_AD_UNSUPPORTED_CERTIFICATE,
                             SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_EXPIRED,
                             SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNKNOWN_CA};
  return std::ranges::contains(kAlerts, alert);
}

}  // namespace

Result<std::shared_ptr<const ServerIdentity>> ServerIdentity::make(
    bssl::UniquePtr<EVP_PKEY> key, std::span<const std::string> chain) {
  if (key == nullptr || chain.empty())
    return Error(ErrorKind::invalid, "a server's identity needs a key and a certificate");
  std::shared_ptr<ServerIdentity> identity(new ServerIdentity);
  identity->key_ = std::move(key);
  for (const std::string& der : chain) {
    bssl::UniquePtr<CRYPTO_BUFFER> buffer(
        CRYPTO_BUFFER_new(reinterpret_cast<const std::uint8_t*>(der.data()), der.size(), nullptr));
    if (buffer == nullptr) return Error(ErrorKind::internal, "TLS: out of memory");
    const bssl::UniquePtr<X509> parsed(X509_parse_from_buffer(buffer.get()));
    if (parsed == nullptr)
      return Error(ErrorKind::invalid,
                   "a server's certificate cannot be read: " + take_tls_error());
    if (identity->chain_.empty() &&
        X509_check_private_key(parsed.get(), identity->key_.get()) != 1) {
      (void)take_tls_error();
      return Error(ErrorKind::invalid, "a server's key does not belong to its certificate");
    }
    identity->chain_.push_back(std::move(buffer));
  }
  return std::shared_ptr<const ServerIdentity>(std::move(identity));
}

Result<TlsServerContext> TlsServerContext::make() {
  auto state = std::make_shared<State>();
  state->context.reset(SSL_CTX_new(TLS_with_buffers_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return Error(ErrorKind::internal, "TLS: out of memory");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_tlsext_servername_callback(context, check_name);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_info_callback(context, note_alert);
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_strict_cipher_list(context, kCiphers) != 1)
    return Error(ErrorKind::internal, "TLS: " + take_tls_error());
  return TlsServerContext(std::move(state));
}

Task<Result<NegotiatedStream>> serve_tls(StreamPtr lower, TlsServerContext context, TlsTerms terms,
                                         Patience patience) {
  if (terms.identity == nullptr)
    co_return Error(ErrorKind::internal, terms.name.str() + ": TLS without an identity");
  bssl::UniquePtr<SSL> ssl(SSL_new(context.state()->context.get()));
  if (ssl == nullptr) co_return Error(ErrorKind::internal, "TLS: out of memory");
  Handshake shaking{terms, {}};
  SSL_set_app_data(ssl.get(), &shaking);
  SSL_set_accept_state(ssl.get());
  std::vector<CRYPTO_BUFFER*> chain;
  for (const auto& certificate : terms.identity->chain()) chain.push_back(certificate.get());
  if (SSL_set_chain_and_key(ssl.get(), chain.data(), chain.size(), terms.identity->key(),
                            nullptr) != 1)
    co_return Error(ErrorKind::internal, terms.name.str() + ": TLS: " + take_tls_error());
  SSL* const raw = ssl.get();
  auto stream = CO_TRY(TlsStream::make(std::move(lower), std::move(ssl), context.state()));
  auto shaken = co_await stream->handshake(std::move(patience));
  SSL_set_app_data(raw, nullptr);
  if (!shaking.denied.empty())
    co_return Error(ErrorKind::denied, std::format("{}: {}", terms.name.str(), shaking.denied));
  if (!shaken && shaking.alert && is_about_certificate(*shaking.alert))
    co_return Error(ErrorKind::invalid,
                    std::format("{}: the client does not accept the certificate: {}",
                                terms.name.str(), SSL_alert_desc_string_long(*shaking.alert)));
  if (!shaken) co_return std::move(shaken).error().with_context(terms.name.str());
  const auto protocol = stream->protocol();
  co_return NegotiatedStream{std::move(stream), protocol};
}

}  // namespace glovebox::net
