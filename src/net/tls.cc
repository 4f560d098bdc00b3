#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <format>
#include <utility>

#include "net/tls_stream.h"
#include "os/file.h"

namespace glovebox::net {

namespace {

constexpr std::uint64_t kMaxBundle = 8 * kMiB;
constexpr const char* kSystemBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu
    "/etc/pki/tls/certs/ca-bundle.crt",                   // RHEL, Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL without the link
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // Alpine
};

// What the verification of one handshake needs and says.
struct Peer {
  const TlsContext::State& authorities;
  const codec::Host& host;
  std::string complaint;  // why the certificate does not hold; empty if it does
};

ssl_verify_result_t verify_peer(SSL* ssl, std::uint8_t* alert);

}  // namespace

struct TlsContext::State {
  // The chains that peers send are shared between connections.
  bssl::UniquePtr<CRYPTO_BUFFER_POOL> pool;
  bssl::UniquePtr<X509_STORE> store;
  bssl::UniquePtr<SSL_CTX> context;
};

namespace {

// BoringSSL without X.509 in its sessions: the chain is parsed, judged and freed here.
std::string judge_chain(const Peer& peer, const STACK_OF(CRYPTO_BUFFER) * sent) {
  if (sent == nullptr || sk_CRYPTO_BUFFER_num(sent) == 0) return "no certificate was sent";
  bssl::UniquePtr<STACK_OF(X509)> chain(sk_X509_new_null());
  if (chain == nullptr) return "out of memory";
  for (std::size_t i = 0; i < sk_CRYPTO_BUFFER_num(sent); ++i) {
    bssl::UniquePtr<X509> parsed(X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(sent, i)));
    if (parsed == nullptr) return "the certificate cannot be read";
    if (sk_X509_push(chain.get(), parsed.get()) == 0) return "out of memory";
    (void)parsed.release();
  }
  bssl::UniquePtr<X509_STORE_CTX> check(X509_STORE_CTX_new());
  if (check == nullptr ||
      X509_STORE_CTX_init(check.get(), peer.authorities.store.get(), sk_X509_value(chain.get(), 0),
                          chain.get()) != 1 ||
      X509_STORE_CTX_set_default(check.get(), "ssl_server") != 1)
    return "out of memory";
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(check.get());
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  int named = 0;
  if (const auto* address = std::get_if<codec::IpAddress>(&peer.host)) {
    const auto bytes = address->bytes();
    named = X509_VERIFY_PARAM_set1_ip(rules, bytes.data(), bytes.size());
  } else {
    const std::string& name = std::get<codec::HostName>(peer.host).str();
    named = X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size());
  }
  if (named != 1) return "the host's name cannot be compared";
  if (X509_verify_cert(check.get()) == 1) return {};
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
}

ssl_verify_result_t verify_peer(SSL* ssl, std::uint8_t* alert) {
  Peer& peer = *static_cast<Peer*>(SSL_get_app_data(ssl));
  peer.complaint = judge_chain(peer, SSL_get0_peer_certificates(ssl));
  ERR_clear_error();
  if (peer.complaint.empty()) return ssl_verify_ok;
  *alert = SSL_AD_BAD_CERTIFICATE;
  return ssl_verify_invalid;
}

Result<void> add_authorities(X509_STORE* store, const CaBundle& bundle) {
  bssl::UniquePtr<BIO> text(
      BIO_new_mem_buf(bundle.pem.data(), static_cast<int>(bundle.pem.size())));
  if (text == nullptr) return Error(ErrorKind::internal, "out of memory");
  std::size_t count = 0;
  for (;; ++count) {
    ERR_clear_error();
    bssl::UniquePtr<X509> authority(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (authority == nullptr) break;
    if (X509_STORE_add_cert(store, authority.get()) != 1)
      return Error(ErrorKind::internal, bundle.path + ": " + take_tls_error());
  }
  const std::uint32_t why = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
  const std::string reason = take_tls_error();
  if (!at_end)
    return Error(ErrorKind::invalid, std::format("{}: certificate {} cannot be read: {}",
                                                 bundle.path, count + 1, reason));
  if (count == 0) return Error(ErrorKind::invalid, bundle.path + ": no certificate in it");
  return {};
}

}  // namespace

Result<CaBundle> load_ca_bundle(const CaChoice& choice) {
  const auto load = [](const std::string& path) -> Result<CaBundle> {
    return CaBundle{
        path, TRY_CONTEXT(os::read_file(path, kMaxBundle), "certificate authorities " + path)};
  };
  if (choice.file) return load(*choice.file);
  if (choice.environment && !choice.environment->empty()) {
    auto bundle = load(*choice.environment);
    if (!bundle) return std::move(bundle).error().with_context("SSL_CERT_FILE");
    return bundle;
  }
  for (const char* path : kSystemBundles) {
    auto bundle = load(path);
    if (bundle || bundle.error().kind() != ErrorKind::not_found) return bundle;
  }
  return Error(ErrorKind::not_found,
               "no certificate authorities: none of the system's bundles exists, and neither a CA "
               "file nor SSL_CERT_FILE is given");
}

Result<TlsContext> TlsContext::make(const CaBundle& bundle) {
  auto state = std::make_shared<State>();
  state->pool.reset(CRYPTO_BUFFER_POOL_new());
  state->store.reset(X509_STORE_new());
  state->context.reset(SSL_CTX_new(TLS_with_buffers_method()));
  if (state->pool == nullptr || state->store == nullptr || state->context == nullptr)
    return Error(ErrorKind::internal, "TLS: out of memory");
  TRY(add_authorities(state->store.get(), bundle));
  SSL_CTX* context = state->context.get();
  SSL_CTX_set0_buffer_pool(context, state->pool.get());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_custom_verify(context, SSL_VERIFY_PEER, verify_peer);
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
    return Error(ErrorKind::internal, "TLS: " + take_tls_error());
  return TlsContext(std::move(state));
}

Task<Result<NegotiatedStream>> start_tls(StreamPtr lower, TlsContext context, codec::Host host,
                                         std::vector<Alpn> offers, Patience patience) {
  const std::string name = codec::to_string(host);
  Peer peer{*context.state(), host, {}};
  bssl::UniquePtr<SSL> ssl(SSL_new(context.state()->context.get()));
  if (ssl == nullptr) co_return Error(ErrorKind::internal, "TLS: out of memory");
  SSL_set_app_data(ssl.get(), &peer);
  SSL_set_connect_state(ssl.get());
  if (const auto* named = std::get_if<codec::HostName>(&host);
      named != nullptr && SSL_set_tlsext_host_name(ssl.get(), named->str().c_str()) != 1)
    co_return Error(ErrorKind::invalid, name + ": TLS cannot carry this name");
  const std::string list = alpn_list(offers);
  if (SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const std::uint8_t*>(list.data()),
                          list.size()) != 0)
    co_return Error(ErrorKind::internal, name + ": TLS: " + take_tls_error());
  SSL* const raw = ssl.get();
  auto stream = CO_TRY(TlsStream::make(std::move(lower), std::move(ssl), context.state()));
  auto shaken = co_await stream->handshake(std::move(patience));
  SSL_set_app_data(raw, nullptr);
  if (!peer.complaint.empty())
    co_return Error(ErrorKind::invalid,
                    std::format("{}: the certificate does not hold: {}", name, peer.complaint));
  if (!shaken) co_return std::move(shaken).error().with_context(name);
  const auto protocol = stream->protocol();
  co_return NegotiatedStream{std::move(stream), protocol};
}

Task<Result<StreamPtr>> start_tls(StreamPtr lower, TlsContext context, codec::Host host,
                                  Patience patience) {
  auto opened = CO_TRY(co_await start_tls(std::move(lower), std::move(context), std::move(host),
                                          std::vector{Alpn::http11}, std::move(patience)));
  co_return std::move(opened.stream);
}

}  // namespace glovebox::net
