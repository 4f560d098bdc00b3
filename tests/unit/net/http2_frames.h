// Sessions of HTTP/2 that talk, and frames by hand, right and wrong ones.
#pragma once

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http2_session.h"

namespace glovebox::net::testing {

enum Http2Type : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPush = 5,
  kPing = 6,
  kGoAway = 7,
  kWindow = 8,
  kContinuation = 9,
};
inline constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHead = 4, kPadded = 8;

inline std::string number(std::uint32_t value, int bytes = 4) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
  return out;
}
inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload = "") {
  return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + number(stream) + std::string(payload);
}

// A length of HPACK with a prefix of 7 bits (RFC 7541 §5.1).
inline std::string hpack_length(std::size_t size) {
  if (size < 127) return std::string(1, static_cast<char>(size));
  std::string out(1, '\x7f');
  for (size -= 127; size >= 128; size >>= 7) out += static_cast<char>(0x80 | (size & 0x7f));
  return out + static_cast<char>(size);
}
using FieldList = std::initializer_list<std::pair<std::string_view, std::string_view>>;
// Literal fields, in no table.
inline std::string hpack(FieldList fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += std::string(1, '\0') + hpack_length(name.size()) + std::string(name) +
           hpack_length(value.size()) + std::string(value);
  return out;
}

inline std::string preface() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0);
}
inline std::string get_head(FieldList more = {}) {
  return hpack(
             {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}}) +
         hpack(more);
}
inline std::string post_head(FieldList more = {}) {
  return hpack({{":method", "POST"},
                {":scheme", "https"},
                {":authority", "a.test"},
                {":path", "/up"}}) +
         hpack(more);
}
inline std::string get(std::uint32_t stream) {
  return frame(kHeaders, kEndStream | kEndHead, stream, get_head());
}
inline std::string post(std::uint32_t stream) {
  return frame(kHeaders, kEndHead, stream, post_head());
}
inline std::string reset(std::uint32_t stream, std::uint32_t code = 8) {
  return frame(kReset, 0, stream, number(code));
}

// The error code of the GOAWAY in what was sent; -1: there is none.
inline int farewell_in(std::string_view sent) {
  while (sent.size() >= 9) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(sent[at]); };
    const std::size_t size = static_cast<std::size_t>(byte(0)) << 16 | byte(1) << 8 | byte(2);
    if (byte(3) == kGoAway && size >= 8 && sent.size() >= 17) return byte(16);
    sent.remove_prefix(std::min(sent.size(), 9 + size));
  }
  return -1;
}
// How many frames of a type are in what was sent, behind a client's preface or without one.
inline int frames_in(std::string_view sent, std::uint8_t type) {
  int count = 0;
  while (sent.size() >= 9) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(sent[at]); };
    const std::size_t size = static_cast<std::size_t>(byte(0)) << 16 | byte(1) << 8 | byte(2);
    if (byte(3) == type) ++count;
    sent.remove_prefix(std::min(sent.size(), 9 + size));
  }
  return count;
}

inline constexpr Duration kNow = seconds(1000);
inline constexpr std::size_t kAll = 1 << 20;

inline Http2Session server(const Http2Limits& limits = {}) {
  auto made = Http2Session::make(Http2Role::server, limits);
  REQUIRE(made);
  return *std::move(made);
}
inline Http2Session client(const Http2Limits& limits = {}) {
  auto made = Http2Session::make(Http2Role::client, limits);
  REQUIRE(made);
  return *std::move(made);
}

inline std::string pull_all(Http2Session& session) {
  std::string all;
  for (;;) {
    const std::string some = session.pull(kAll);
    if (some.empty()) return all;
    all += some;
  }
}

// What one session has to say to another, until both are silent.
inline void talk(Http2Session& a, Http2Session& b) {
  for (;;) {
    const std::string from_a = pull_all(a);
    if (!from_a.empty()) (void)b.push(from_a, kNow);
    const std::string from_b = pull_all(b);
    if (!from_b.empty()) (void)a.push(from_b, kNow);
    if (from_a.empty() && from_b.empty()) return;
  }
}

inline std::vector<Http2Field> fields(FieldList list) {
  std::vector<Http2Field> out;
  for (const auto& [name, value] : list) out.push_back({name, value});
  return out;
}

}  // namespace glovebox::net::testing
