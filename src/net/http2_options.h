// Every limit that nghttp2 has, set; and what the peer is told of them.
#pragma once

#include <cstdint>
#include <string>

#include "net/http2_session.h"

struct nghttp2_option;
struct nghttp2_session;

namespace glovebox::net {

void set_http2_options(nghttp2_option* to, const Http2Limits& limits);
// Submits the first SETTINGS. False: out of memory.
bool begin_http2(nghttp2_session* session, Http2Role role, const Http2Limits& limits);
// GOAWAY (RFC 9113 §6.8), for when nghttp2 is no longer to be asked.
std::string http2_goodbye(std::uint32_t last_stream, Http2Code code);

}  // namespace glovebox::net
