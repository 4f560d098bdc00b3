#include "codec/client_hello.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/hpke.h>
#include <openssl/ssl.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

using State = ClientHelloReader::State;

// What a real client is told to say.
struct Wish {
  std::string sni;
  std::string alpn;  // as sent: each with its length before it
  bool pretended_ech = false;
  std::string ech_public_name;  // a real one, hiding `sni`
  std::uint16_t least = 0x0303, most = 0x0304;
  bool large_key_share = false;
  std::size_t fragment = 16384;
};

void offer_ech(SSL* ssl, const std::string& public_name) {
  bssl::ScopedEVP_HPKE_KEY key;
  REQUIRE(EVP_HPKE_KEY_generate(key.get(), EVP_hpke_x25519_hkdf_sha256()) == 1);
  std::uint8_t* config = nullptr;
  std::size_t size = 0;
  REQUIRE(SSL_marshal_ech_config(&config, &size, 7, key.get(), public_name.c_str(), 64) == 1);
  const bssl::UniquePtr<std::uint8_t> owned(config);
  bssl::UniquePtr<SSL_ECH_KEYS> keys(SSL_ECH_KEYS_new());
  REQUIRE(SSL_ECH_KEYS_add(keys.get(), 1, config, size, key.get()) == 1);
  std::uint8_t* list = nullptr;
  std::size_t list_size = 0;
  REQUIRE(SSL_ECH_KEYS_marshal_retry_configs(keys.get(), &list, &list_size) == 1);
  const bssl::UniquePtr<std::uint8_t> owned_list(list);
  REQUIRE(SSL_set1_ech_config_list(ssl, list, list_size) == 1);
}

// The first flight of BoringSSL's client.
std::string first_flight(const Wish& wish) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  REQUIRE(SSL_set_min_proto_version(ssl.get(), wish.least) == 1);
  REQUIRE(SSL_set_max_proto_version(ssl.get(), wish.most) == 1);
  if (!wish.sni.empty()) REQUIRE(SSL_set_tlsext_host_name(ssl.get(), wish.sni.c_str()) == 1);
  if (!wish.alpn.empty())
    REQUIRE(SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const std::uint8_t*>(wish.alpn.data()),
                                wish.alpn.size()) == 0);
  if (wish.large_key_share) REQUIRE(SSL_set1_curves_list(ssl.get(), "X25519Kyber:X25519") == 1);
  SSL_set_max_send_fragment(ssl.get(), wish.fragment);
  SSL_set_enable_ech_grease(ssl.get(), wish.pretended_ech ? 1 : 0);
  if (!wish.ech_public_name.empty()) offer_ech(ssl.get(), wish.ech_public_name);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), in, out);
  SSL_set_connect_state(ssl.get());
  REQUIRE(SSL_do_handshake(ssl.get()) == -1);
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  REQUIRE(BIO_mem_contents(out, &bytes, &size) == 1);
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string u8(std::size_t value) {
  return {static_cast<char>(value)};
}
std::string u16(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
std::string with_u8(std::string_view bytes) {
  return u8(bytes.size()).append(bytes);
}
std::string with_u16(std::string_view bytes) {
  return u16(bytes.size()).append(bytes);
}

std::string extension(unsigned type, std::string_view body) {
  return u16(type) + with_u16(body);
}
std::string host(std::string_view name) {
  return u8(0) + with_u16(name);
}
std::string server_name(std::string_view entries) {
  return extension(0, with_u16(entries));
}
const std::string kName = server_name(host("api.example"));
const std::string kEchBody = u8(0) + u16(1) + u16(1) + u8(7) + with_u16("enc") + with_u16("sealed");

std::string message(std::string_view body, unsigned type = 1) {
  return u8(type) + u8(body.size() >> 16) + u16(body.size() & 0xffff) + std::string(body);
}
std::string record(std::string_view bytes, unsigned version = 0x0301, unsigned type = 22) {
  return u8(type) + u16(version) + with_u16(bytes);
}

const std::string kRandom(32, 'r');
const std::string kBeforeExtensions =
    u16(0x0303) + kRandom + with_u8(std::string(32, 's')) + with_u16(u16(0x1301)) + with_u8(u8(0));

std::string hello_with(std::string_view extensions) {
  return record(message(kBeforeExtensions + with_u16(extensions)));
}

// The state after all bytes, pushed so many at once; and how many were pushed when it came.
struct Seen {
  State state = State::need_more;
  std::size_t after = 0;
  std::optional<HelloFault> fault;
  std::optional<ClientHello> hello;
  bool operator==(const Seen&) const = default;
};
Seen read(std::string_view bytes, std::size_t step) {
  ClientHelloReader reader;
  Seen seen;
  while (!bytes.empty() && seen.state == State::need_more) {
    const std::string_view piece = bytes.substr(0, step);
    seen.state = reader.push(piece);
    seen.after += piece.size();
    bytes.remove_prefix(piece.size());
  }
  if (seen.state == State::bad) seen.fault = reader.fault();
  if (seen.state == State::done) seen.hello = reader.hello();
  return seen;
}

Seen read_in_two(std::string_view bytes, std::size_t at) {
  ClientHelloReader reader;
  reader.push(bytes.substr(0, at));
  Seen seen{.state = reader.push(bytes.substr(at)), .fault = {}, .hello = {}};
  if (seen.state == State::bad) seen.fault = reader.fault();
  if (seen.state == State::done) seen.hello = reader.hello();
  return seen;
}

std::size_t records_in(std::string_view flight) {
  std::size_t count = 0;
  while (flight.size() >= 5) {
    const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(flight[3])) << 8 |
                             static_cast<unsigned char>(flight[4]);
    flight.remove_prefix(5 + size);
    ++count;
  }
  REQUIRE(flight.empty());
  return count;
}

}  // namespace

TEST_CASE("what is no ClientHello is refused at the byte that shows it") {
  const struct {
    const char* name;
    std::string bytes;
    HelloFault fault;
    std::size_t after;
  } rows[] = {
      {"HTTP", "GET / HTTP/1.1\r\n", HelloFault::not_tls, 1},
      {"SSH", "SSH-2.0-OpenSSH_9\r\n", HelloFault::not_tls, 1},
      {"HTTP/2", "PRI * HTTP/2.0\r\n", HelloFault::not_tls, 1},
      {"SSL 2", "\x80\x2e\x01\x03\x01", HelloFault::not_tls, 1},
      {"a zero byte", std::string(5, '\0'), HelloFault::not_tls, 1},
      {"a change of cipher", record("\1", 0x0303, 20), HelloFault::record_type, 1},
      {"an alert", record("\2\50", 0x0303, 21), HelloFault::record_type, 1},
      {"application data", record("x", 0x0303, 23), HelloFault::record_type, 1},
      {"record version 2.1", record("\1", 0x0201), HelloFault::record_version, 2},
      {"record version 4.1", record("\1", 0x0401), HelloFault::record_version, 2},
      {"SSL 3", record("\1", 0x0300), HelloFault::record_version, 3},
      {"record version 3.4", record("\1", 0x0304), HelloFault::record_version, 3},
      {"a large record", u8(22) + u16(0x0301) + "\x41", HelloFault::record_length, 4},
      {"a record one too large", u8(22) + u16(0x0301) + "\x40\x01", HelloFault::record_length, 5},
      {"an empty record", u8(22) + u16(0x0301) + u16(0), HelloFault::record_length, 5},
      {"a record with its head beyond the limit", u8(22) + u16(0x0301) + u16(kMaxClientHello - 4),
       HelloFault::too_long, 5},
      {"a ServerHello", record(message("x", 2)), HelloFault::not_client_hello, 6},
      {"a HelloRequest", record(message("", 0)), HelloFault::not_client_hello, 6},
      {"a message beyond the limit", record(u8(1) + u8(1) + u16(0) + "abc"), HelloFault::too_long,
       9},
      {"a message just beyond the limit",
       record(u8(1) + u8(0) + u16(kMaxClientHello - 9 + 1) + "abc"), HelloFault::too_long, 9},
      {"more in the record than the message", record(message("ab") + "c"),
       HelloFault::beyond_message, 9},
      {"two messages in a record", record(message("ab") + message("cd")),
       HelloFault::beyond_message, 9},
      {"the next record goes beyond the message",
       record(message("abcd").substr(0, 6)) + record("cde"), HelloFault::beyond_message, 16},
      {"another type between the records",
       record(message("abcd").substr(0, 6)) + record("cd", 0x0303, 23), HelloFault::record_type,
       12},
      {"an empty message", record(message("")), HelloFault::malformed, 9},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Seen seen = read(row.bytes, 1);
      REQUIRE(seen.fault);
      INFO(to_string(*seen.fault));
      CHECK(*seen.fault == row.fault);
      CHECK(seen.after == row.after);
      CHECK(read(row.bytes, row.bytes.size()).fault == row.fault);
      // Nothing changes it any more.
      ClientHelloReader reader;
      CHECK(reader.push(row.bytes) == State::bad);
      CHECK(reader.push(hello_with(kName)) == State::bad);
      CHECK(reader.fault() == row.fault);
    }
  }
}

TEST_CASE("a ClientHello that is not read in one way is refused") {
  const std::string versions = extension(43, with_u8(u16(0x0304)));
  const auto body = [](std::string_view bytes) { return record(message(bytes)); };
  const std::string suites = with_u16(u16(0x1301));
  const struct {
    const char* name;
    std::string bytes;
    HelloFault fault;
  } rows[] = {
      {"only a version", body(u16(0x0303)), HelloFault::malformed},
      {"random cut off", body(u16(0x0303) + kRandom.substr(1)), HelloFault::malformed},
      {"session id of 33 bytes",
       body(u16(0x0303) + kRandom + with_u8(std::string(33, 's')) + suites + with_u8(u8(0))),
       HelloFault::malformed},
      {"no cipher suite", body(u16(0x0303) + kRandom + with_u8("") + u16(0) + with_u8(u8(0))),
       HelloFault::malformed},
      {"half a cipher suite",
       body(u16(0x0303) + kRandom + with_u8("") + with_u16("abc") + with_u8(u8(0))),
       HelloFault::malformed},
      {"no compression method", body(u16(0x0303) + kRandom + with_u8("") + suites + u8(0)),
       HelloFault::malformed},
      {"not without compression",
       body(u16(0x0303) + kRandom + with_u8("") + suites + with_u8("\1")), HelloFault::malformed},
      {"SSL 3", body(u16(0x0300) + kBeforeExtensions.substr(2)), HelloFault::version},
      {"version 2.2", body(u16(0x0202) + kBeforeExtensions.substr(2)), HelloFault::version},
      {"version 4.0", body(u16(0x0400) + kBeforeExtensions.substr(2)), HelloFault::version},
      {"half a length of extensions", body(kBeforeExtensions + '\0'), HelloFault::malformed},
      {"extensions cut off", body(kBeforeExtensions + u16(kName.size() + 1) + kName),
       HelloFault::malformed},
      {"bytes after the extensions", body(kBeforeExtensions + with_u16(kName) + 'x'),
       HelloFault::malformed},
      {"an extension cut off", hello_with(kName + u16(99) + u16(4) + "abc"), HelloFault::malformed},
      {"half an extension type", hello_with(kName + 'x'), HelloFault::malformed},
      {"two server_name", hello_with(kName + kName), HelloFault::duplicate_extension},
      {"two server_name apart", hello_with(kName + versions + kName),
       HelloFault::duplicate_extension},
      {"two supported_versions", hello_with(versions + versions), HelloFault::duplicate_extension},
      {"two of an unknown type", hello_with(extension(99, "") + kName + extension(99, "x")),
       HelloFault::duplicate_extension},
      {"server_name without a list", hello_with(extension(0, "")), HelloFault::malformed},
      {"an empty list of names", hello_with(server_name("")), HelloFault::empty_name},
      {"an empty name", hello_with(server_name(host(""))), HelloFault::empty_name},
      {"two names", hello_with(server_name(host("a.example") + host("b.example"))),
       HelloFault::second_name},
      {"a byte after the name", hello_with(server_name(host("a.example") + 'x')),
       HelloFault::second_name},
      {"a byte after the list", hello_with(extension(0, with_u16(host("a.example")) + 'x')),
       HelloFault::malformed},
      {"a name cut off", hello_with(server_name(u8(0) + u16(9) + "abc")), HelloFault::malformed},
      {"another type of name", hello_with(server_name(u8(1) + with_u16("a.example"))),
       HelloFault::bad_name},
      {"an IPv4 address", hello_with(server_name(host("127.0.0.1"))), HelloFault::bad_name},
      {"a short IPv4 address", hello_with(server_name(host("127.1"))), HelloFault::bad_name},
      {"an IPv6 address", hello_with(server_name(host("::1"))), HelloFault::bad_name},
      {"an IPv6 address in brackets", hello_with(server_name(host("[::1]"))), HelloFault::bad_name},
      {"a trailing dot", hello_with(server_name(host("a.example."))), HelloFault::bad_name},
      {"a NUL", hello_with(server_name(host(std::string("a.example\0.b", 12)))),
       HelloFault::bad_name},
      {"an underscore", hello_with(server_name(host("a_b.example"))), HelloFault::bad_name},
      {"full-width letters", hello_with(server_name(host("\xef\xbd\x81.test"))),
       HelloFault::bad_name},
      {"a name of 254 bytes",
       hello_with(server_name(host(std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                   std::string(63, 'c') + "." + std::string(62, 'd')))),
       HelloFault::bad_name},
      {"no protocol", hello_with(extension(16, u16(0))), HelloFault::malformed},
      {"an empty protocol", hello_with(extension(16, with_u16(with_u8("h2") + u8(0)))),
       HelloFault::malformed},
      {"a protocol cut off", hello_with(extension(16, with_u16("\3h2"))), HelloFault::malformed},
      {"no version in the list", hello_with(extension(43, u8(0))), HelloFault::malformed},
      {"half a version", hello_with(extension(43, with_u8("\3\4\3"))), HelloFault::malformed},
      {"only unknown versions", hello_with(extension(43, with_u8(u16(0x0a0a) + u16(0x0305)))),
       HelloFault::version},
      {"only SSL 3", hello_with(extension(43, with_u8(u16(0x0300)))), HelloFault::version},
      {"inner ECH", hello_with(extension(0xfe0d, "\1")), HelloFault::inner_hello},
      {"ECH of an unknown form", hello_with(extension(0xfe0d, "\2" + kEchBody.substr(1))),
       HelloFault::malformed},
      {"empty ECH", hello_with(extension(0xfe0d, "")), HelloFault::malformed},
      {"ECH cut off", hello_with(extension(0xfe0d, kEchBody.substr(0, kEchBody.size() - 1))),
       HelloFault::malformed},
      {"ECH without anything sealed",
       hello_with(extension(0xfe0d, kEchBody.substr(0, kEchBody.size() - 8) + u16(0))),
       HelloFault::malformed},
      {"a byte after ECH", hello_with(extension(0xfe0d, kEchBody + 'x')), HelloFault::malformed},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Seen seen = read(row.bytes, 1);
      REQUIRE(seen.fault);
      INFO(to_string(*seen.fault));
      CHECK(*seen.fault == row.fault);
      CHECK(seen.after == row.bytes.size());
      CHECK(read(row.bytes, row.bytes.size()).fault == row.fault);
    }
  }
}

TEST_CASE("what real clients say is read, however it was split") {
  const std::string both = with_u8("h2") + with_u8("http/1.1");
  const auto hello = [](const char* sni, bool ech, std::vector<std::string> alpn,
                        std::uint16_t version) {
    ClientHello expected{.has_ech = ech, .alpn = std::move(alpn), .version = version};
    if (*sni != '\0') expected.sni = HostName::parse(sni).value();
    return expected;
  };
  const struct {
    const char* name;
    Wish wish;
    ClientHello expected;
    std::size_t least_records = 1;
  } rows[] = {
      {"no name", {}, hello("", false, {}, 0x0304)},
      {"a name", {.sni = "api.example"}, hello("api.example", false, {}, 0x0304)},
      {"a name in capitals", {.sni = "API.Example"}, hello("api.example", false, {}, 0x0304)},
      {"protocols",
       {.sni = "api.example", .alpn = both},
       hello("api.example", false, {"h2", "http/1.1"}, 0x0304)},
      {"TLS 1.2", {.sni = "api.example", .most = 0x0303}, hello("api.example", false, {}, 0x0303)},
      {"TLS 1.0",
       {.sni = "api.example", .least = 0x0301, .most = 0x0301},
       hello("api.example", false, {}, 0x0301)},
      {"pretended ECH",
       {.sni = "api.example", .pretended_ech = true},
       hello("api.example", true, {}, 0x0304)},
      {"ECH shows the outer name",
       {.sni = "hidden.example", .alpn = both, .ech_public_name = "front.example", .least = 0x0304},
       hello("front.example", true, {"h2", "http/1.1"}, 0x0304)},
      {"a large key share in one record",
       {.sni = "api.example", .large_key_share = true},
       hello("api.example", false, {}, 0x0304)},
      {"a large key share in several records",
       {.sni = "api.example", .large_key_share = true, .fragment = 512},
       hello("api.example", false, {}, 0x0304),
       3},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string flight = first_flight(row.wish);
      CHECK(records_in(flight) >= row.least_records);
      const Seen expected{State::done, flight.size(), std::nullopt, row.expected};
      CHECK(read(flight, flight.size()) == expected);
      CHECK(read(flight, 1) == expected);
      for (std::size_t at = 0; at <= flight.size(); ++at)
        REQUIRE(read_in_two(flight, at).hello == row.expected);
      // A part is never taken for the whole; and what follows is left alone.
      for (std::size_t size = 0; size < flight.size(); ++size)
        REQUIRE(read(flight.substr(0, size), size).state == State::need_more);
      CHECK(read_in_two(flight + "GET / early data", flight.size()).hello == row.expected);
      CHECK(read(flight + "early data", flight.size() + 10).hello == row.expected);
    }
  }
}

TEST_CASE("a ClientHello in records of any size is read") {
  const std::string whole = first_flight({.sni = "api.example"});
  const std::string inside = whole.substr(5);
  for (std::size_t size = 1; size <= inside.size(); ++size) {
    std::string flight;
    for (std::size_t at = 0; at < inside.size(); at += size)
      flight += record(inside.substr(at, size), at == 0 ? 0x0301 : 0x0303);
    const Seen seen = read(flight, flight.size());
    REQUIRE(seen.hello);
    REQUIRE(seen.hello->sni->str() == "api.example");
    REQUIRE(read(flight, 1).hello == seen.hello);
  }
}

TEST_CASE("the longest ClientHello") {
  const auto padded = [](std::size_t total) {
    const std::size_t without = hello_with(kName + extension(21, "")).size();
    return hello_with(kName + extension(21, std::string(total - without, '\0')));
  };
  const std::string longest = padded(kMaxClientHello);
  REQUIRE(longest.size() == kMaxClientHello);
  CHECK(read(longest, 1).state == State::done);
  CHECK(read(padded(kMaxClientHello + 1), 1).fault == HelloFault::too_long);
  // The heads of many small records count: 3,000 bytes of message, 18,000 in the flight.
  const std::string inside = padded(3005).substr(5);
  std::string flight;
  for (const char c : inside) flight += record({&c, 1});
  const Seen seen = read(flight, 1);
  CHECK(seen.fault == HelloFault::too_long);
  CHECK(seen.after <= kMaxClientHello);
}

TEST_CASE("what a ClientHello may leave out") {
  const Seen bare = read(record(message(kBeforeExtensions)), 1);
  REQUIRE(bare.hello);
  CHECK(*bare.hello == ClientHello{.version = 0x0303});
  const Seen none = read(hello_with(""), 1);
  REQUIRE(none.hello);
  CHECK(*none.hello == ClientHello{.version = 0x0303});
  // A newer number in the old place means TLS 1.2 (RFC 8446 §4.2.1).
  const Seen newer = read(record(message(u16(0x0305) + kBeforeExtensions.substr(2))), 1);
  REQUIRE(newer.hello);
  CHECK(newer.hello->version == 0x0303);
  const Seen drafts =
      read(hello_with(extension(43, with_u8(u16(0x7f1c) + u16(0x0303) + u16(0x0302)))), 1);
  REQUIRE(drafts.hello);
  CHECK(drafts.hello->version == 0x0303);
}

TEST_CASE("a ClientHello changed in one bit is read or refused, whole or byte by byte alike") {
  const std::string whole =
      first_flight({.sni = "api.example", .alpn = with_u8("h2"), .pretended_ech = true});
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const Seen at_once = read(changed, changed.size());
      const Seen slowly = read(changed, 1);
      REQUIRE(at_once.state == slowly.state);
      REQUIRE(at_once.fault == slowly.fault);
      REQUIRE(at_once.hello == slowly.hello);
    }
}

TEST_CASE("fatal alerts, as a client reads them") {
  const struct {
    TlsAlert alert;
    const char* bytes;
    int reason;
  } rows[] = {
      {TlsAlert::handshake_failure, "\x15\3\3\0\2\2\x28", SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE},
      {TlsAlert::access_denied, "\x15\3\3\0\2\2\x31", SSL_R_TLSV1_ALERT_ACCESS_DENIED},
      {TlsAlert::decode_error, "\x15\3\3\0\2\2\x32", SSL_R_TLSV1_ALERT_DECODE_ERROR},
      {TlsAlert::unrecognized_name, "\x15\3\3\0\2\2\x70", SSL_R_TLSV1_ALERT_UNRECOGNIZED_NAME},
  };
  for (const auto& row : rows) {
    const std::string alert = fatal_alert(row.alert);
    CHECK(alert == std::string(row.bytes, 7));
    bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
    bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
    BIO* in = BIO_new_mem_buf(alert.data(), static_cast<int>(alert.size()));
    SSL_set_bio(ssl.get(), in, BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl.get());
    REQUIRE(SSL_do_handshake(ssl.get()) == -1);
    CHECK(ERR_GET_REASON(ERR_get_error()) == row.reason);
  }
}
