#include "egress/authority.h"

#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace glovebox::egress {
namespace {

using std::chrono::hours;

constexpr WallTime kNow{1'796'000'000'000'000};

WallTime later(WallTime time, Duration by) {
  return {time.microseconds + std::chrono::duration_cast<microseconds>(by).count()};
}

codec::Host host_of(std::string_view text) {
  return codec::parse_host(text).value();
}

Authority make() {
  return Authority::make("build-7.example", kNow).value();
}

AuthorityPem copy_of(const AuthorityPem& pem) {
  return {pem.key.duplicate(), pem.certificate};
}

bssl::UniquePtr<X509> certificate_in(std::string_view pem) {
  bssl::UniquePtr<BIO> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  bssl::UniquePtr<X509> certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  REQUIRE(certificate);
  return certificate;
}

bssl::UniquePtr<X509> certificate_of(const Leaf& leaf) {
  REQUIRE(leaf.identity->chain().size() == 1);
  bssl::UniquePtr<X509> certificate(X509_parse_from_buffer(leaf.identity->chain()[0].get()));
  REQUIRE(certificate);
  return certificate;
}

// What BoringSSL says of the leaf, with only this authority trusted; `ok` if it holds.
std::string judge(const Authority& trusted, const Leaf& leaf, const codec::Host& host,
                  WallTime now) {
  const auto root = certificate_in(trusted.pem().value().certificate);
  const auto certificate = certificate_of(leaf);
  bssl::UniquePtr<X509_STORE> store(X509_STORE_new());
  REQUIRE(X509_STORE_add_cert(store.get(), root.get()) == 1);
  bssl::UniquePtr<X509_STORE_CTX> check(X509_STORE_CTX_new());
  REQUIRE(X509_STORE_CTX_init(check.get(), store.get(), certificate.get(), nullptr) == 1);
  REQUIRE(X509_STORE_CTX_set_default(check.get(), "ssl_server") == 1);
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(check.get());
  X509_VERIFY_PARAM_set_time_posix(rules, now.microseconds / 1'000'000);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (const auto* address = std::get_if<codec::IpAddress>(&host)) {
    REQUIRE(X509_VERIFY_PARAM_set1_ip(rules, address->bytes().data(), address->bytes().size()) ==
            1);
  } else {
    const std::string& name = std::get<codec::HostName>(host).str();
    REQUIRE(X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size()) == 1);
  }
  X509_verify_cert(check.get());
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
}

std::string extension(X509* certificate, int name, bool critical) {
  const int at = X509_get_ext_by_NID(certificate, name, -1);
  REQUIRE(at >= 0);
  X509_EXTENSION* found = X509_get_ext(certificate, at);
  CHECK((X509_EXTENSION_get_critical(found) == 1) == critical);
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(found);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string common_name(X509* certificate) {
  char text[200];
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             text, sizeof text);
  REQUIRE(size > 0);
  return {text, static_cast<std::size_t>(size)};
}

std::string serial_of(X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
          static_cast<std::size_t>(ASN1_STRING_length(serial))};
}

// A self-signed certificate and its key that are almost an authority's.
struct Almost {
  int curve = NID_X9_62_prime256v1;
  std::string basic = "critical,CA:TRUE,pathlen:0";
  std::string usage = "critical,keyCertSign";
  std::string key_id = "hash";
  enum class Signer { itself, another } signer = Signer::itself;
};
AuthorityPem make_almost(const Almost& wish) {
  const auto make_key = [&] {
    bssl::UniquePtr<EC_KEY> inner(EC_KEY_new_by_curve_name(wish.curve));
    REQUIRE(EC_KEY_generate_key(inner.get()) == 1);
    bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
    REQUIRE(EVP_PKEY_set1_EC_KEY(key.get(), inner.get()) == 1);
    return key;
  };
  const auto key = make_key();
  const auto another = make_key();
  bssl::UniquePtr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), 7);
  ASN1_TIME_set_posix(X509_getm_notBefore(certificate.get()), kNow.microseconds / 1'000'000 - 3600);
  ASN1_TIME_set_posix(X509_getm_notAfter(certificate.get()),
                      kNow.microseconds / 1'000'000 + 86400 * 300);
  REQUIRE(X509_set_pubkey(certificate.get(), key.get()) == 1);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const std::uint8_t*>("x"),
                             1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const auto add = [&](int nid, const std::string& value) {
    if (value.empty()) return;
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
    bssl::UniquePtr<X509_EXTENSION> made(
        X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str()));
    REQUIRE(made);
    REQUIRE(X509_add_ext(certificate.get(), made.get(), -1) == 1);
  };
  add(NID_basic_constraints, wish.basic);
  add(NID_key_usage, wish.usage);
  add(NID_subject_key_identifier, wish.key_id);
  EVP_PKEY* signer = wish.signer == Almost::Signer::itself ? key.get() : another.get();
  REQUIRE(X509_sign(certificate.get(), signer, EVP_sha256()) > 0);
  const auto text_of = [](const auto& write) {
    bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
    REQUIRE(write(out.get()) == 1);
    const std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    REQUIRE(BIO_mem_contents(out.get(), &bytes, &size) == 1);
    return std::string(reinterpret_cast<const char*>(bytes), size);
  };
  return {Secret::take(text_of([&](BIO* out) {
            return PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr,
                                                 nullptr);
          })),
          text_of([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); })};
}

TEST_CASE("host names that no authority is made for") {
  for (const std::string& host :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("b\xc3\xbc"), std::string("a/CN=b"), std::string("a=b")}) {
    INFO(host);
    const auto got = Authority::make(host, kNow);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::invalid);
  }
  const auto longest = Authority::make(std::string(253, 'h'), kNow);
  REQUIRE(longest);
  const auto certificate = certificate_in(longest->pem().value().certificate);
  CHECK(common_name(certificate.get()) == std::string(kMaxAuthorityHost, 'h') + " glovebox egress");
  CHECK(common_name(certificate.get()).size() == 63);
}

TEST_CASE("authorities that are not loaded") {
  const AuthorityPem good = make().pem().value();
  const AuthorityPem other = make().pem().value();
  const AuthorityPem small_curve = make_almost({.curve = NID_secp224r1});
  const AuthorityPem no_authority = make_almost({.basic = "critical,CA:FALSE"});
  const AuthorityPem any_length = make_almost({.basic = "critical,CA:TRUE"});
  const AuthorityPem longer = make_almost({.basic = "critical,CA:TRUE,pathlen:1"});
  const AuthorityPem more_uses = make_almost({.usage = "critical,keyCertSign,cRLSign"});
  const AuthorityPem any_use = make_almost({.usage = ""});
  const AuthorityPem no_id = make_almost({.key_id = ""});
  const AuthorityPem forged = make_almost({.signer = Almost::Signer::another});
  const struct {
    const char* name;
    const Secret& key;
    std::string certificate;
    WallTime now;
    ErrorKind kind;
    const char* says;
  } rows[] = {
      {"nothing", good.key, "", kNow, ErrorKind::invalid, "certificate cannot be read"},
      {"no certificate", good.key, "hello\n", kNow, ErrorKind::invalid,
       "certificate cannot be read"},
      {"a certificate cut off", good.key, good.certificate.substr(0, 200), kNow, ErrorKind::invalid,
       "certificate cannot be read"},
      {"two certificates", good.key, good.certificate + other.certificate, kNow, ErrorKind::invalid,
       "certificate cannot be read"},
      {"half a second certificate", good.key, good.certificate + other.certificate.substr(0, 200),
       kNow, ErrorKind::invalid, "certificate cannot be read"},
      {"no key", Secret(), good.certificate, kNow, ErrorKind::invalid, "key cannot be read"},
      {"a certificate as the key", Secret::take(std::string(good.certificate)), good.certificate,
       kNow, ErrorKind::invalid, "key cannot be read"},
      {"half a key", Secret::take(std::string(good.key.reveal().substr(0, 100))), good.certificate,
       kNow, ErrorKind::invalid, "key cannot be read"},
      {"another key", other.key, good.certificate, kNow, ErrorKind::invalid,
       "does not belong to the certificate"},
      {"another curve", small_curve.key, small_curve.certificate, kNow, ErrorKind::invalid,
       "not one of P-256"},
      {"no authority", no_authority.key, no_authority.certificate, kNow, ErrorKind::invalid,
       "not that of an egress authority"},
      {"an authority over authorities", any_length.key, any_length.certificate, kNow,
       ErrorKind::invalid, "not that of an egress authority"},
      {"one level of authorities", longer.key, longer.certificate, kNow, ErrorKind::invalid,
       "not that of an egress authority"},
      {"more uses", more_uses.key, more_uses.certificate, kNow, ErrorKind::invalid,
       "not that of an egress authority"},
      {"any use", any_use.key, any_use.certificate, kNow, ErrorKind::invalid,
       "not that of an egress authority"},
      {"no key id", no_id.key, no_id.certificate, kNow, ErrorKind::invalid,
       "not that of an egress authority"},
      {"signed by another key", forged.key, forged.certificate, kNow, ErrorKind::invalid,
       "not that of an egress authority"},
      {"long certificate", good.key, good.certificate + std::string(kMaxAuthorityPem, ' '), kNow,
       ErrorKind::limit, "more than 16384 bytes"},
      {"long key", Secret::take(std::string(kMaxAuthorityPem + 1, ' ')), good.certificate, kNow,
       ErrorKind::limit, "more than 16384 bytes"},
      {"not yet valid", good.key, good.certificate, later(kNow, -kBackDated - seconds(1)),
       ErrorKind::conflict, "make a new one"},
      {"due for renewal", good.key, good.certificate,
       later(kNow, kAuthorityLife - kAuthorityRenewal), ErrorKind::conflict, "make a new one"},
      {"expired", good.key, good.certificate, later(kNow, kAuthorityLife + seconds(1)),
       ErrorKind::conflict, "make a new one"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto got = Authority::load({row.key.duplicate(), row.certificate}, row.now);
      REQUIRE_FALSE(got);
      INFO(got.error().message());
      CHECK(got.error().kind() == row.kind);
      CHECK(got.error().message().find(row.says) != std::string::npos);
      CHECK(got.error().message().find("PRIVATE") == std::string::npos);
    }
  }
  // The control of make_almost: with nothing changed it is loaded.
  CHECK(Authority::load(make_almost({}), kNow));
  CHECK(
      Authority::load(copy_of(good), later(kNow, kAuthorityLife - kAuthorityRenewal - seconds(1))));
}

TEST_CASE("an authority and what it says") {
  const Authority authority = make();
  const AuthorityPem pem = authority.pem().value();
  CHECK(pem.key.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  CHECK(pem.certificate.starts_with("-----BEGIN CERTIFICATE-----\n"));
  const auto certificate = certificate_in(pem.certificate);
  X509* raw = certificate.get();
  CHECK(common_name(raw) == "build-7.example glovebox egress");
  CHECK(extension(raw, NID_basic_constraints, true) == std::string("\x30\6\1\1\xff\2\1\0", 8));
  CHECK(extension(raw, NID_key_usage, true) == std::string("\3\2\2\4", 4));
  CHECK(extension(raw, NID_subject_key_identifier, false).size() == 22);
  CHECK(X509_get_ext_count(raw) == 3);
  CHECK(X509_check_ca(raw) == 1);
  CHECK(authority.begins() == later(kNow, -hours(1)));
  CHECK(authority.ends() == later(kNow, hours(365 * 24)));
  std::int64_t ends = 0;
  REQUIRE(ASN1_TIME_to_posix(X509_get0_notAfter(raw), &ends) == 1);
  CHECK(ends * 1'000'000 == authority.ends().microseconds);

  const auto again = Authority::load(pem, kNow);
  REQUIRE(again);
  CHECK(again->begins() == authority.begins());
  CHECK(again->ends() == authority.ends());
  const AuthorityPem written = again->pem().value();
  CHECK(written.certificate == pem.certificate);
  CHECK(written.key.reveal() == pem.key.reveal());
  const Authority twice = Authority::load(written, kNow).value();
  const Leaf leaf = twice.mint(host_of("api.example"), kNow).value();
  CHECK(judge(authority, leaf, host_of("api.example"), kNow) == "ok");
}

TEST_CASE("a leaf holds for its one name, for its time and under its authority") {
  const Authority authority = make();
  const Authority other = make();  // the same subject, another key
  const std::string long_name = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                std::string(63, 'c') + "." + std::string(61, 'd');
  const struct {
    const char* name;
    std::string minted;
    std::string asked;
    Duration after;
    const Authority* trusted;
    const char* says;
  } rows[] = {
      {"another name", "api.example", "other.example", {}, &authority, "Hostname mismatch"},
      {"a name below", "api.example", "a.api.example", {}, &authority, "Hostname mismatch"},
      {"a name beside", "api.example", "b.example", {}, &authority, "Hostname mismatch"},
      {"the name above", "api.example.com", "example.com", {}, &authority, "Hostname mismatch"},
      {"another address", "10.0.0.1", "10.0.0.2", {}, &authority, "IP address mismatch"},
      {"an address for a name", "api.example", "10.0.0.1", {}, &authority, "IP address mismatch"},
      {"expired", "api.example", "api.example", hours(24) + seconds(1), &authority,
       "certificate has expired"},
      {"too early", "api.example", "api.example", -hours(1) - seconds(1), &authority,
       "certificate is not yet valid"},
      {"another authority",
       "api.example",
       "api.example",
       {},
       &other,
       "unable to get local issuer certificate"},
      {"the name", "api.example", "api.example", {}, &authority, "ok"},
      {"in capitals", "API.Example", "api.example", {}, &authority, "ok"},
      {"one label", "localhost", "localhost", {}, &authority, "ok"},
      {"the longest name", long_name, long_name, {}, &authority, "ok"},
      {"127 bytes",
       std::string(63, 'a') + "." + std::string(63, 'b'),
       std::string(63, 'a') + "." + std::string(63, 'b'),
       {},
       &authority,
       "ok"},
      {"an IPv4 address", "10.0.0.1", "10.0.0.1", {}, &authority, "ok"},
      {"an IPv6 address", "fd00::1", "fd00::1", {}, &authority, "ok"},
      {"at its begin", "api.example", "api.example", -hours(1), &authority, "ok"},
      {"before its end", "api.example", "api.example", hours(24) - seconds(1), &authority, "ok"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      // Minted well after the authority's begin, so that the leaf's own time is what is tested.
      const WallTime minted = later(kNow, hours(48));
      const Leaf leaf = authority.mint(host_of(row.minted), minted).value();
      CHECK(judge(*row.trusted, leaf, host_of(row.asked), later(minted, row.after)) == row.says);
    }
  }
  // A pattern is no host name, so no leaf can be made for one.
  CHECK_FALSE(codec::parse_host("*.example"));
}

TEST_CASE("a leaf and what it says") {
  const Authority authority = make();
  const Leaf leaf = authority.mint(host_of("api.example"), kNow).value();
  const auto certificate = certificate_of(leaf);
  X509* raw = certificate.get();
  const auto root = certificate_in(authority.pem().value().certificate);
  CHECK(X509_NAME_entry_count(X509_get_subject_name(raw)) == 0);
  CHECK(X509_NAME_cmp(X509_get_issuer_name(raw), X509_get_subject_name(root.get())) == 0);
  CHECK(extension(raw, NID_subject_alt_name, true) ==
        "\x30\x0d\x82\x0b"
        "api.example");
  CHECK(extension(raw, NID_ext_key_usage, false) == "\x30\x0a\6\x08\x2b\6\1\5\5\7\3\1");
  CHECK(extension(raw, NID_basic_constraints, true) == std::string("\x30\0", 2));
  CHECK(extension(raw, NID_key_usage, true) == "\3\2\7\x80");
  CHECK(extension(raw, NID_authority_key_identifier, false) ==
        "\x30\x16\x80\x14" + extension(root.get(), NID_subject_key_identifier, false).substr(2));
  CHECK(X509_get_ext_count(raw) == 5);
  CHECK(leaf.begins == later(kNow, -hours(1)));
  CHECK(leaf.ends == later(kNow, hours(24)));

  std::set<std::string> serials = {serial_of(root.get())};
  std::size_t longest = 0;
  for (int i = 0; i < 64; ++i) {
    const Leaf next = authority.mint(host_of("api.example"), kNow).value();
    const auto made = certificate_of(next);
    CHECK(next.identity->key() == leaf.identity->key());
    serials.insert(serial_of(made.get()));
    longest = std::max(longest, serial_of(made.get()).size());
    CHECK(serial_of(made.get()).size() <= 16);
  }
  CHECK(serials.size() == 65);
  CHECK(longest == 16);
  // Neither the authority's key nor that of another process.
  const auto again = Authority::load(authority.pem().value(), kNow);
  REQUIRE(again);
  const Leaf elsewhere = again->mint(host_of("api.example"), kNow).value();
  CHECK(EVP_PKEY_cmp(elsewhere.identity->key(), leaf.identity->key()) != 1);
  CHECK(X509_check_private_key(root.get(), leaf.identity->key()) != 1);
}

TEST_CASE("a leaf never goes beyond its authority") {
  const Authority authority = make();
  const Leaf last =
      authority.mint(host_of("a.example"), later(authority.ends(), -hours(2))).value();
  CHECK(last.ends == authority.ends());
  const Leaf first = authority.mint(host_of("a.example"), authority.begins()).value();
  CHECK(first.begins == authority.begins());
  for (const WallTime now : {authority.ends(), later(authority.ends(), hours(1)),
                             later(authority.begins(), -seconds(1))}) {
    const auto got = authority.mint(host_of("a.example"), now);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::conflict);
  }
}

TEST_CASE("how long a leaf takes") {
  const Authority authority = make();
  constexpr int kLeaves = 200;
  const auto from = std::chrono::steady_clock::now();
  for (int i = 0; i < kLeaves; ++i)
    REQUIRE(authority.mint(host_of("n" + std::to_string(i) + ".example"), kNow));
  const auto took = std::chrono::steady_clock::now() - from;
  std::printf("egress authority: %.3f ms per leaf\n",
              std::chrono::duration<double, std::milli>(took).count() / kLeaves);
}

}  // namespace
}  // namespace glovebox::egress
