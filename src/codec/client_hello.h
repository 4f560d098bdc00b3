// The first flight of a TLS client, read without ending the connection (RFC 8446, 5246, 6066, 7301,
// 9849).
//
// Bytes go in as they arrive; when the ClientHello is whole, what decides about the connection
// comes out: the name asked for, whether another name is hidden behind it, and the protocols. The
// caller keeps the bytes and passes them on, or ends the connection with an alert. Records may be
// split anywhere and the message may be spread over several records; what no TLS server would read
// in one way is refused at the first byte that shows it.
//
// What it does not do: check cipher suites, key shares or signatures, read the hidden hello of ECH,
// or read anything after the ClientHello (early data follows it as it is).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "codec/host_name.h"

namespace glovebox::codec {

// Of the whole flight up to the end of the ClientHello, heads of records with it.
constexpr std::size_t kMaxClientHello = 16 * kKiB;

struct ClientHello {
  std::optional<HostName> sni;
  // encrypted_client_hello in its outer form: `sni` is then the name of who opens it, or the client
  // only pretends (GREASE), which cannot be told apart.
  bool has_ech = false;
  std::vector<std::string> alpn;  // in the client's order
  std::uint16_t version = 0;      // the highest that is offered: 0x0301 to 0x0304
  bool operator==(const ClientHello&) const = default;
};

enum class HelloFault : std::uint8_t {
  not_tls,           // HTTP, SSH, an SSL 2 hello, anything that begins like no record
  record_type,       // a record, but not of a handshake
  record_version,    // other than 3.1 to 3.3
  record_length,     // empty, or above 2^14
  not_client_hello,  // another handshake message
  too_long,          // more than kMaxClientHello
  beyond_message,    // the record goes on after the message
  malformed,         // lengths that do not add up, or a list that must not be empty
  version,           // SSL 3, or no version that is known
  duplicate_extension,
  empty_name,  // server_name without a name
  second_name,
  bad_name,     // not a host name: a literal address, a trailing dot, another type
  inner_hello,  // the hidden form of ECH, in the open
};
std::string_view to_string(HelloFault fault);

class ClientHelloReader {
 public:
  enum class State : std::uint8_t { need_more, done, bad };

  // The state with these bytes. After `done` and `bad` nothing changes any more; bytes that follow
  // the ClientHello are not looked at.
  State push(std::string_view bytes);
  State state() const { return state_; }
  // In state done.
  const ClientHello& hello() const { return hello_; }
  // In state bad.
  HelloFault fault() const { return fault_; }

 private:
  void take_head_byte(unsigned char byte);
  void check_message_head();
  void refuse(HelloFault fault);
  void parse();

  State state_ = State::need_more;
  HelloFault fault_ = HelloFault::malformed;
  ClientHello hello_;
  std::size_t seen_ = 0;         // bytes of the flight
  std::size_t head_size_ = 0;    // bytes taken of the current record's head
  std::size_t record_left_ = 0;  // bytes of the current record's body still to come
  std::string message_;          // with its own head
  std::optional<std::size_t> message_size_;
};

enum class TlsAlert : std::uint8_t {
  handshake_failure = 40,
  access_denied = 49,
  decode_error = 50,
  unrecognized_name = 112,
};
// The record of a fatal alert, in the clear: 7 bytes.
std::string fatal_alert(TlsAlert alert);

}  // namespace glovebox::codec
