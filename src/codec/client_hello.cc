#include "codec/client_hello.h"

#include <openssl/bytestring.h>

#include <algorithm>
#include <expected>
#include <utility>

namespace glovebox::codec {

namespace {

constexpr unsigned char kAlertRecord = 21;
constexpr unsigned char kHandshakeRecord = 22;
constexpr unsigned char kFirstRecordType = 20, kLastRecordType = 26;
constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kMaxRecord = 1 << 14;
constexpr std::size_t kMessageHead = 4;
constexpr unsigned char kClientHello = 1;
constexpr std::size_t kRandom = 32, kMaxSessionId = 32;
constexpr std::uint16_t kTls10 = 0x0301, kTls12 = 0x0303, kTls13 = 0x0304;

constexpr std::uint16_t kServerName = 0, kAlpn = 16, kSupportedVersions = 43;
constexpr std::uint16_t kEncryptedClientHello = 0xfe0d;
constexpr std::uint8_t kHostNameType = 0;
constexpr std::uint8_t kOuterHello = 0, kInnerHello = 1;

using Parsed = std::expected<void, HelloFault>;

std::unexpected<HelloFault> bad(HelloFault fault) {
  return std::unexpected(fault);
}

std::string_view view(const CBS& bytes) {
  return {reinterpret_cast<const char*>(CBS_data(&bytes)), CBS_len(&bytes)};
}

// RFC 6066 §3: a list with exactly one name, of the one type that exists.
Parsed read_server_name(CBS body, ClientHello& hello) {
  CBS list, name;
  std::uint8_t type = 0;
  if (CBS_get_u16_length_prefixed(&body, &list) != 1 || CBS_len(&body) != 0)
    return bad(HelloFault::malformed);
  if (CBS_len(&list) == 0) return bad(HelloFault::empty_name);
  if (CBS_get_u8(&list, &type) != 1) return bad(HelloFault::malformed);
  if (type != kHostNameType) return bad(HelloFault::bad_name);
  if (CBS_get_u16_length_prefixed(&list, &name) != 1) return bad(HelloFault::malformed);
  if (CBS_len(&name) == 0) return bad(HelloFault::empty_name);
  if (CBS_len(&list) != 0) return bad(HelloFault::second_name);
  auto parsed = HostName::parse(view(name));
  if (!parsed) return bad(HelloFault::bad_name);
  hello.sni = *std::move(parsed);
  return {};
}

// RFC 7301 §3.1.
Parsed read_alpn(CBS body, ClientHello& hello) {
  CBS list, protocol;
  if (CBS_get_u16_length_prefixed(&body, &list) != 1 || CBS_len(&body) != 0 || CBS_len(&list) == 0)
    return bad(HelloFault::malformed);
  while (CBS_len(&list) != 0) {
    if (CBS_get_u8_length_prefixed(&list, &protocol) != 1 || CBS_len(&protocol) == 0)
      return bad(HelloFault::malformed);
    hello.alpn.emplace_back(view(protocol));
  }
  return {};
}

// RFC 8446 §4.2.1. Numbers that are not known (GREASE, drafts) are passed over.
Parsed read_versions(CBS body, std::uint16_t& highest) {
  CBS list;
  std::uint16_t version = 0;
  if (CBS_get_u8_length_prefixed(&body, &list) != 1 || CBS_len(&body) != 0 || CBS_len(&list) == 0)
    return bad(HelloFault::malformed);
  highest = 0;
  while (CBS_len(&list) != 0) {
    if (CBS_get_u16(&list, &version) != 1) return bad(HelloFault::malformed);
    if (version >= kTls10 && version <= kTls13) highest = std::max(highest, version);
  }
  if (highest == 0) return bad(HelloFault::version);
  return {};
}

// RFC 9849 §5.
Parsed read_ech(CBS body, ClientHello& hello) {
  CBS encapsulated, payload;
  std::uint8_t type = 0, config = 0;
  std::uint32_t suite = 0;
  if (CBS_get_u8(&body, &type) != 1) return bad(HelloFault::malformed);
  if (type == kInnerHello) return bad(HelloFault::inner_hello);
  if (type != kOuterHello || CBS_get_u32(&body, &suite) != 1 || CBS_get_u8(&body, &config) != 1 ||
      CBS_get_u16_length_prefixed(&body, &encapsulated) != 1 ||
      CBS_get_u16_length_prefixed(&body, &payload) != 1 || CBS_len(&payload) == 0 ||
      CBS_len(&body) != 0)
    return bad(HelloFault::malformed);
  hello.has_ech = true;
  return {};
}

Parsed read_extensions(CBS list, ClientHello& hello) {
  std::vector<std::uint16_t> types;
  while (CBS_len(&list) != 0) {
    std::uint16_t type = 0;
    CBS body;
    if (CBS_get_u16(&list, &type) != 1 || CBS_get_u16_length_prefixed(&list, &body) != 1)
      return bad(HelloFault::malformed);
    types.push_back(type);
    Parsed read;
    if (type == kServerName)
      read = hello.sni ? bad(HelloFault::duplicate_extension) : read_server_name(body, hello);
    else if (type == kAlpn)
      read = read_alpn(body, hello);
    else if (type == kSupportedVersions)
      read = read_versions(body, hello.version);
    else if (type == kEncryptedClientHello)
      read = read_ech(body, hello);
    if (!read) return read;
  }
  std::ranges::sort(types);
  if (std::ranges::adjacent_find(types) != types.end()) return bad(HelloFault::duplicate_extension);
  return {};
}

// RFC 8446 §4.1.2, RFC 5246 §7.4.1.2.
std::expected<ClientHello, HelloFault> read_hello(std::string_view message) {
  CBS rest, random, session, suites, compressions, extensions;
  std::uint16_t version = 0;
  CBS_init(&rest, reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
  if (CBS_get_u16(&rest, &version) != 1 || CBS_get_bytes(&rest, &random, kRandom) != 1 ||
      CBS_get_u8_length_prefixed(&rest, &session) != 1 || CBS_len(&session) > kMaxSessionId ||
      CBS_get_u16_length_prefixed(&rest, &suites) != 1 || CBS_len(&suites) == 0 ||
      CBS_len(&suites) % 2 != 0 || CBS_get_u8_length_prefixed(&rest, &compressions) != 1 ||
      view(compressions).find('\0') == std::string_view::npos)
    return bad(HelloFault::malformed);
  if (version < kTls10 || version >> 8 != kTls10 >> 8) return bad(HelloFault::version);
  ClientHello hello;
  hello.version = std::min(version, kTls12);
  if (CBS_len(&rest) == 0) return hello;  // TLS 1.2 without extensions
  if (CBS_get_u16_length_prefixed(&rest, &extensions) != 1 || CBS_len(&rest) != 0)
    return bad(HelloFault::malformed);
  if (auto read = read_extensions(extensions, hello); !read) return bad(read.error());
  return hello;
}

}  // namespace

std::string_view to_string(HelloFault fault) {
  switch (fault) {
    case HelloFault::not_tls:
      return "not TLS";
    case HelloFault::record_type:
      return "a TLS record that begins no handshake";
    case HelloFault::record_version:
      return "a TLS record of an unknown version";
    case HelloFault::record_length:
      return "a TLS record that is empty or too long";
    case HelloFault::not_client_hello:
      return "a handshake that does not begin with a ClientHello";
    case HelloFault::too_long:
      return "a ClientHello that is too long";
    case HelloFault::beyond_message:
      return "a record that goes on after the ClientHello";
    case HelloFault::malformed:
      return "a malformed ClientHello";
    case HelloFault::version:
      return "a TLS version that is not known";
    case HelloFault::duplicate_extension:
      return "an extension that is there twice";
    case HelloFault::empty_name:
      return "an empty server name";
    case HelloFault::second_name:
      return "two server names";
    case HelloFault::bad_name:
      return "a server name that is no host name";
    case HelloFault::inner_hello:
      return "the inner hello of ECH in the open";
  }
  return "a malformed ClientHello";
}

void ClientHelloReader::refuse(HelloFault fault) {
  state_ = State::bad;
  fault_ = fault;
  message_ = std::string();
}

void ClientHelloReader::take_head_byte(unsigned char byte) {
  switch (head_size_++) {
    case 0:
      if (byte == kHandshakeRecord) return;
      return refuse(byte >= kFirstRecordType && byte <= kLastRecordType ? HelloFault::record_type
                                                                        : HelloFault::not_tls);
    case 1:
      if (byte != kTls10 >> 8) refuse(HelloFault::record_version);
      return;
    case 2:
      if (byte < (kTls10 & 0xff) || byte > (kTls12 & 0xff)) refuse(HelloFault::record_version);
      return;
    case 3:
      record_left_ = static_cast<std::size_t>(byte) << 8;
      if (record_left_ > kMaxRecord) refuse(HelloFault::record_length);
      return;
    default:
      record_left_ |= byte;
      if (record_left_ == 0 || record_left_ > kMaxRecord) return refuse(HelloFault::record_length);
      if (seen_ + record_left_ > kMaxClientHello) return refuse(HelloFault::too_long);
      check_message_head();
  }
}

// As soon as both lengths are known: the message ends where a record ends.
void ClientHelloReader::check_message_head() {
  if (!message_.empty() && static_cast<unsigned char>(message_[0]) != kClientHello)
    return refuse(HelloFault::not_client_hello);
  if (message_.size() < kMessageHead) return;
  if (!message_size_) {
    const auto byte = [this](std::size_t at) {
      return static_cast<std::size_t>(static_cast<unsigned char>(message_[at]));
    };
    message_size_ = kMessageHead + (byte(1) << 16 | byte(2) << 8 | byte(3));
  }
  const std::size_t left = *message_size_ - std::min(*message_size_, message_.size());
  if (record_left_ > left) return refuse(HelloFault::beyond_message);
  if (seen_ + left > kMaxClientHello) refuse(HelloFault::too_long);
}

void ClientHelloReader::parse() {
  auto read = read_hello(std::string_view(message_).substr(kMessageHead));
  if (!read) return refuse(read.error());
  hello_ = *std::move(read);
  message_ = std::string();
  state_ = State::done;
}

ClientHelloReader::State ClientHelloReader::push(std::string_view bytes) {
  while (!bytes.empty() && state_ == State::need_more) {
    if (head_size_ < kRecordHead) {
      ++seen_;
      take_head_byte(static_cast<unsigned char>(bytes.front()));
      bytes.remove_prefix(1);
      continue;
    }
    // The message's own head byte by byte, so that it is judged before more is taken.
    const std::size_t most = message_.size() < kMessageHead ? 1 : bytes.size();
    const std::string_view piece = bytes.substr(0, std::min(record_left_, most));
    message_ += piece;
    seen_ += piece.size();
    record_left_ -= piece.size();
    bytes.remove_prefix(piece.size());
    check_message_head();
    if (record_left_ == 0) head_size_ = 0;
    if (state_ == State::need_more && message_size_ && message_.size() == *message_size_) parse();
  }
  return state_;
}

std::string fatal_alert(TlsAlert alert) {
  constexpr char kFatal = 2;
  return {static_cast<char>(kAlertRecord), 3, 3, 0, 2, kFatal, static_cast<char>(alert)};
}

}  // namespace glovebox::codec
