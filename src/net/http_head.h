// Heads of HTTP/1.1 messages (RFC 9112): from text to values and back, strictly. Pure.
//
// Refused beyond what the grammar refuses: line ends other than CRLF, folded lines, space before a
// colon, repeated or listed content-length, content-length beside transfer-encoding, any
// transfer coding but `chunked` alone, more than one Host. Nothing received is passed on: what is
// sent is written anew by format_head().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_types.h"

namespace glovebox::net {

struct ResponseHead {
  int minor_version = 1;
  int status = 0;
  Fields fields;
};
struct RequestHead {
  int minor_version = 1;
  std::string method;
  std::string target;
  Fields fields;
};

// `head` is everything up to and without the blank line, each line ending in CRLF.
// Kinds: protocol, limit (fields), unsupported (HTTP version).
Result<ResponseHead> parse_response_head(std::string_view head, std::size_t max_fields);
Result<RequestHead> parse_request_head(std::string_view head, std::size_t max_fields);
// One line without its end.
Result<Fields::Field> parse_field_line(std::string_view line);

// Where the body of a message ends.
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_end };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
};
enum class Asked : std::uint8_t { for_body, for_head };  // for_head: the request was HEAD
Result<Framing> response_framing(const ResponseHead& head, Asked asked);
Result<Framing> request_framing(const RequestHead& head);

// The connection may carry another message after this one.
bool keeps_alive(int minor_version, const Fields& fields);

// The start line, the fields and the blank line. Kind invalid for a field that would break the
// message. The start line is the caller's to check.
Result<std::string> format_head(std::string_view start_line, const Fields& fields);

}  // namespace glovebox::net
