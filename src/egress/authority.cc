#include "egress/authority.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <format>
#include <optional>
#include <utility>

#include "net/tls_stream.h"

namespace glovebox::egress {

namespace {

constexpr std::int64_t kMicroseconds = 1'000'000;
constexpr std::size_t kSerial = 16;  // bytes: 128 bits
constexpr std::size_t kKeyId = 20;

// DER of the extensions that are always the same.
constexpr std::string_view kIsAuthority{"\x30\x06\x01\x01\xff\x02\x01\x00", 8};  // pathlen 0
constexpr std::string_view kIsLeaf{"\x30\x00", 2};
constexpr std::string_view kMaySignCertificates{"\x03\x02\x02\x04", 4};
constexpr std::string_view kMaySign{"\x03\x02\x07\x80", 4};
constexpr std::string_view kServerAuth{"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01", 12};
constexpr char kOctets = 0x04, kSequence = 0x30;
constexpr char kKeyIdTag = static_cast<char>(0x80), kDnsTag = static_cast<char>(0x82),
               kAddressTag = static_cast<char>(0x87);

enum class Weight : int { plain = 0, critical = 1 };

Error failed(std::string_view what) {
  return {ErrorKind::internal,
          std::format("egress authority: {}: {}", what, net::take_tls_error())};
}
Error unusable(std::string_view what) {
  (void)net::take_tls_error();
  return {ErrorKind::invalid, std::format("egress authority: {}", what)};
}

std::int64_t to_seconds(WallTime time) {
  return time.microseconds / kMicroseconds;
}
WallTime from_seconds(std::int64_t time) {
  return {time * kMicroseconds};
}
WallTime operator+(WallTime time, Duration duration) {
  return {time.microseconds + std::chrono::duration_cast<microseconds>(duration).count()};
}

// The bodies here are shorter than 256 bytes and one more head.
std::string der(char tag, std::string_view body) {
  std::string out{tag};
  if (body.size() >= 0x100) {
    out += static_cast<char>(0x82);
    out += static_cast<char>(body.size() >> 8);
  } else if (body.size() >= 0x80) {
    out += static_cast<char>(0x81);
  }
  out += static_cast<char>(body.size() & 0xff);
  return out.append(body);
}

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool add_extension(X509* certificate, int name, Weight weight, std::string_view value) {
  const bssl::UniquePtr<ASN1_OCTET_STRING> octets(ASN1_OCTET_STRING_new());
  if (octets == nullptr ||
      ASN1_OCTET_STRING_set(octets.get(), reinterpret_cast<const std::uint8_t*>(value.data()),
                            static_cast<int>(value.size())) != 1)
    return false;
  const bssl::UniquePtr<X509_EXTENSION> extension(
      X509_EXTENSION_create_by_NID(nullptr, name, static_cast<int>(weight), octets.get()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bssl::UniquePtr<EVP_PKEY> make_key() {
  const bssl::UniquePtr<EC_KEY> made(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (made == nullptr || key == nullptr || EC_KEY_generate_key(made.get()) != 1 ||
      EVP_PKEY_set1_EC_KEY(key.get(), made.get()) != 1)
    return nullptr;
  return key;
}

bool is_p256(const EVP_PKEY* key) {
  const EC_KEY* inner = EVP_PKEY_get0_EC_KEY(key);
  return inner != nullptr &&
         EC_GROUP_get_curve_name(EC_KEY_get0_group(inner)) == NID_X9_62_prime256v1;
}

bool set_serial(X509* certificate) {
  std::array<std::uint8_t, kSerial> bytes;
  RAND_bytes(bytes.data(), bytes.size());
  const bssl::UniquePtr<BIGNUM> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// A version 3 certificate of this key, without names and extensions.
bssl::UniquePtr<X509> begin_certificate(EVP_PKEY* key, WallTime begins, WallTime ends) {
  bssl::UniquePtr<X509> certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_serial(certificate.get()) ||
      ASN1_TIME_set_posix(X509_getm_notBefore(certificate.get()), to_seconds(begins)) == nullptr ||
      ASN1_TIME_set_posix(X509_getm_notAfter(certificate.get()), to_seconds(ends)) == nullptr ||
      X509_set_pubkey(certificate.get(), key) != 1)
    return nullptr;
  return certificate;
}

// RFC 7093 §2, method 1.
std::optional<std::string> key_id(const X509* certificate) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
  if (X509_pubkey_digest(certificate, EVP_sha256(), digest.data(), nullptr) != 1)
    return std::nullopt;
  return std::string(view(std::span(digest).first<kKeyId>()));
}

std::string names_of(const codec::Host& host) {
  if (const auto* address = std::get_if<codec::IpAddress>(&host))
    return der(kSequence, der(kAddressTag, view(address->bytes())));
  return der(kSequence, der(kDnsTag, std::get<codec::HostName>(host).str()));
}

Result<std::string> common_name(std::string_view host) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  if (host.empty() || !std::ranges::all_of(host, is_plain))
    return Error(ErrorKind::invalid,
                 "egress authority: the host's name is empty or has a character that is no letter, "
                 "digit, `-`, `.` or `_`");
  return std::string(host.substr(0, kMaxAuthorityHost)) + " glovebox egress";
}

bssl::UniquePtr<BIO> reader_of(std::string_view text) {
  return bssl::UniquePtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The one certificate in it; nothing if there is none, or more than one.
bssl::UniquePtr<X509> read_certificate(std::string_view pem) {
  const auto text = reader_of(pem);
  if (text == nullptr) return nullptr;
  bssl::UniquePtr<X509> certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return nullptr;
  const bssl::UniquePtr<X509> second(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  const std::uint32_t why = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (second != nullptr || !at_end) return nullptr;
  return certificate;
}

// The key is never encrypted: no password is asked for.
int no_password(char*, int, int, void*) {
  return -1;
}

bssl::UniquePtr<EVP_PKEY> read_key(const Secret& pem) {
  const auto text = reader_of(pem.reveal());
  if (text == nullptr) return nullptr;
  return bssl::UniquePtr<EVP_PKEY>(
      PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
}

std::optional<std::string> contents(const BIO* text) {
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (BIO_mem_contents(text, &bytes, &size) != 1) return std::nullopt;
  return std::string(view({bytes, size}));
}

}  // namespace

Authority::Authority() = default;
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;
Authority::~Authority() = default;

Result<Authority> Authority::make(std::string_view host, WallTime now) {
  const std::string name = TRY(common_name(host));
  Authority made;
  made.key_ = make_key();
  made.leaf_key_ = make_key();
  if (made.key_ == nullptr || made.leaf_key_ == nullptr) return failed("making a key");
  // Whole seconds, as a certificate says them.
  made.begins_ = from_seconds(to_seconds(now + -kBackDated));
  made.ends_ = from_seconds(to_seconds(now + kAuthorityLife));
  made.certificate_ = begin_certificate(made.key_.get(), made.begins_, made.ends_);
  X509* certificate = made.certificate_.get();
  if (certificate == nullptr) return failed("making a certificate");
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto id = key_id(certificate);
  if (!id ||
      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const std::uint8_t*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0) != 1 ||
      X509_set_issuer_name(certificate, subject) != 1 ||
      !add_extension(certificate, NID_basic_constraints, Weight::critical, kIsAuthority) ||
      !add_extension(certificate, NID_key_usage, Weight::critical, kMaySignCertificates) ||
      !add_extension(certificate, NID_subject_key_identifier, Weight::plain, der(kOctets, *id)) ||
      X509_sign(certificate, made.key_.get(), EVP_sha256()) <= 0)
    return failed("making a certificate");
  return made;
}

// What make() gives, so that nothing else is ever used to sign.
Result<void> Authority::check_shape() const {
  X509* certificate = certificate_.get();
  if (!is_p256(key_.get())) return unusable("the key is not one of P-256");
  if (X509_check_private_key(certificate, key_.get()) != 1)
    return unusable("the key does not belong to the certificate");
  if (X509_check_ca(certificate) != 1 || X509_get_pathlen(certificate) != 0 ||
      X509_get_key_usage(certificate) != X509v3_KU_KEY_CERT_SIGN ||
      X509_get0_subject_key_id(certificate) == nullptr ||
      X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) != 0 ||
      X509_verify(certificate, key_.get()) != 1)
    return unusable("the certificate is not that of an egress authority");
  return {};
}

Result<Authority> Authority::load(const AuthorityPem& pem, WallTime now) {
  if (pem.key.reveal().size() > kMaxAuthorityPem || pem.certificate.size() > kMaxAuthorityPem)
    return Error(ErrorKind::limit,
                 std::format("egress authority: a key or certificate of more than {} bytes",
                             kMaxAuthorityPem));
  Authority loaded;
  loaded.certificate_ = read_certificate(pem.certificate);
  if (loaded.certificate_ == nullptr) return unusable("the certificate cannot be read");
  loaded.key_ = read_key(pem.key);
  if (loaded.key_ == nullptr) return unusable("the key cannot be read");
  TRY(loaded.check_shape());
  std::int64_t begins = 0, ends = 0;
  if (ASN1_TIME_to_posix(X509_get0_notBefore(loaded.certificate_.get()), &begins) != 1 ||
      ASN1_TIME_to_posix(X509_get0_notAfter(loaded.certificate_.get()), &ends) != 1)
    return unusable("the certificate's time cannot be read");
  loaded.begins_ = from_seconds(begins);
  loaded.ends_ = from_seconds(ends);
  if (now < loaded.begins_)
    return Error(ErrorKind::conflict, "egress authority: not valid before " +
                                          to_rfc3339(loaded.begins_) + "; make a new one");
  if (now + kAuthorityRenewal >= loaded.ends_)
    return Error(ErrorKind::conflict,
                 "egress authority: ends at " + to_rfc3339(loaded.ends_) + "; make a new one");
  loaded.leaf_key_ = make_key();
  if (loaded.leaf_key_ == nullptr) return failed("making a key");
  return loaded;
}

Result<AuthorityPem> Authority::pem() const {
  const bssl::UniquePtr<BIO> key(BIO_new(BIO_s_mem()));  // BoringSSL zeroes what it frees
  const bssl::UniquePtr<BIO> certificate(BIO_new(BIO_s_mem()));
  if (key == nullptr || certificate == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(key.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate.get(), certificate_.get()) != 1)
    return failed("writing it");
  auto key_text = contents(key.get());
  auto certificate_text = contents(certificate.get());
  if (!key_text || !certificate_text) return failed("writing it");
  return AuthorityPem{Secret::take(*std::move(key_text)), *std::move(certificate_text)};
}

Result<Leaf> Authority::mint(const codec::Host& host, WallTime now) const {
  if (now < begins_ || now >= ends_)
    return Error(ErrorKind::conflict,
                 std::format("egress authority: valid from {} to {}, and no leaf beyond that",
                             to_rfc3339(begins_), to_rfc3339(ends_)));
  Leaf leaf{nullptr, std::max(begins_, from_seconds(to_seconds(now + -kBackDated))),
            std::min(ends_, from_seconds(to_seconds(now + kLeafLife)))};
  const auto made = begin_certificate(leaf_key_.get(), leaf.begins, leaf.ends);
  X509* certificate = made.get();
  const auto signer = key_id(certificate_.get());
  std::uint8_t* bytes = nullptr;
  // Without a subject the names must be critical (RFC 5280 §4.2.1.6).
  if (certificate == nullptr || !signer ||
      X509_set_issuer_name(certificate, X509_get_subject_name(certificate_.get())) != 1 ||
      !add_extension(certificate, NID_basic_constraints, Weight::critical, kIsLeaf) ||
      !add_extension(certificate, NID_key_usage, Weight::critical, kMaySign) ||
      !add_extension(certificate, NID_ext_key_usage, Weight::plain, kServerAuth) ||
      !add_extension(certificate, NID_authority_key_identifier, Weight::plain,
                     der(kSequence, der(kKeyIdTag, *signer))) ||
      !add_extension(certificate, NID_subject_alt_name, Weight::critical, names_of(host)) ||
      X509_sign(certificate, key_.get(), EVP_sha256()) <= 0)
    return failed("making a leaf for " + codec::to_string(host));
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return failed("making a leaf for " + codec::to_string(host));
  const bssl::UniquePtr<std::uint8_t> owned(bytes);
  const std::string chain[] = {std::string(view({bytes, static_cast<std::size_t>(size)}))};
  leaf.identity = TRY(net::ServerIdentity::make(bssl::UpRef(leaf_key_), chain));
  return leaf;
}

}  // namespace glovebox::egress
