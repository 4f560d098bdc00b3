// Header fields that belong to one connection and not to the message (RFC 9110 §7.6.1).
//
// The list is fixed. What a message's own Connection field names is honoured only where it is on
// that list anyway: else a client could make a relay drop a field that somebody behind relies on.
#pragma once

#include <string_view>

#include "net/http_types.h"

namespace glovebox::egress {

bool is_hop_by_hop(std::string_view name);

enum class Named : std::uint8_t { hop_by_hop_only, others };
// What the Connection fields list beside `close` and `keep-alive`.
Named named_by_connection(const net::Fields& fields);

// The same name to servers that hand fields on as variables (CGI, WSGI): without case, and `_` is
// `-`.
bool same_variable(std::string_view a, std::string_view b);

// Fields that make a server take the request for one of another method or path, however spelled.
bool overrides_request_line(std::string_view name);

// A field that some servers take for a framing or routing field: `content_length`.
bool mimics_framing(std::string_view name);

}  // namespace glovebox::egress
