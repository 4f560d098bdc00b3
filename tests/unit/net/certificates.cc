#include "certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <catch2/catch_test_macros.hpp>
#include <utility>

#include "net/tls_stream.h"

namespace glovebox::net::testing {

namespace {

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str()));
  REQUIRE(extension);
  REQUIRE(X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

std::string Identity::pem() const {
  bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(out.get(), certificate.get()) == 1);
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  REQUIRE(BIO_mem_contents(out.get(), &bytes, &size) == 1);
  return {reinterpret_cast<const char*>(bytes), size};
}

Identity make_identity(const CertificateRequest& request, const Identity* issuer) {
  Identity made;
  bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  REQUIRE(EC_KEY_generate_key(key.get()) == 1);
  made.key.reset(EVP_PKEY_new());
  REQUIRE(EVP_PKEY_set1_EC_KEY(made.key.get(), key.get()) == 1);
  made.certificate.reset(X509_new());
  X509* certificate = made.certificate.get();
  static std::int64_t serial = 1;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), request.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), request.to_seconds);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const std::uint8_t*>(request.name.c_str()), -1, -1,
                             0);
  X509* by = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(by));
  const bool authority = request.role == CertificateRequest::Role::authority;
  add_extension(certificate, by, NID_basic_constraints,
                authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!authority) add_extension(certificate, by, NID_ext_key_usage, "serverAuth");
  std::string names;
  for (const std::string& name : request.alternatives) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(certificate, by, NID_subject_alt_name, names);
  EVP_PKEY* signer = issuer != nullptr ? issuer->key.get() : made.key.get();
  REQUIRE(X509_sign(certificate, signer, EVP_sha256()) > 0);
  return made;
}

bssl::UniquePtr<SSL_CTX> make_server_context(const Identity& identity, ServerTls versions,
                                             const Identity* between) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  REQUIRE(SSL_CTX_use_certificate(context.get(), identity.certificate.get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) == 1);
  REQUIRE(SSL_CTX_set_min_proto_version(context.get(), versions.least) == 1);
  REQUIRE(SSL_CTX_set_max_proto_version(context.get(), versions.most) == 1);
  if (between != nullptr)
    REQUIRE(SSL_CTX_add1_chain_cert(context.get(), between->certificate.get()) == 1);
  return context;
}

Task<Result<StreamPtr>> accept_tls(StreamPtr lower, SSL_CTX* context) {
  bssl::UniquePtr<SSL> ssl(SSL_new(context));
  SSL_set_accept_state(ssl.get());
  auto stream = CO_TRY(TlsStream::make(std::move(lower), std::move(ssl), nullptr));
  CO_TRY(co_await stream->handshake({}));
  co_return StreamPtr(std::move(stream));
}

}  // namespace glovebox::net::testing
