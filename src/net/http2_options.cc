#include "net/http2_options.h"

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <vector>

namespace glovebox::net {

namespace {
// Resets are counted by the session; should it miss one, nghttp2 counts to twice as many.
constexpr std::uint64_t kLibraryResetBurst = 2 * static_cast<std::uint64_t>(kResetBurst);
// It counts every piece of the nine bytes before a CONTINUATION; the session counts frames.
constexpr std::size_t kLibraryContinuations = 10 * kMaxContinuations;
constexpr std::uint64_t kLibraryResetRate = 2 * static_cast<std::uint64_t>(kResetsPerSecond);
}  // namespace

void set_http2_options(nghttp2_option* to, const Http2Limits& limits) {
  // Windows open as bytes are taken.
  nghttp2_option_set_no_auto_window_update(to, 1);
  nghttp2_option_set_peer_max_concurrent_streams(to, limits.streams);
  nghttp2_option_set_max_reserved_remote_streams(to, 0);
  nghttp2_option_set_max_send_header_block_length(to, kMaxSentHeadBlock);
  nghttp2_option_set_max_deflate_dynamic_table_size(to, kHpackTable);
  nghttp2_option_set_no_closed_streams(to, 1);
  nghttp2_option_set_max_outbound_ack(to, kMaxQueuedAcks);
  nghttp2_option_set_max_settings(to, kMaxSettings);
  nghttp2_option_set_stream_reset_rate_limit(to, kLibraryResetBurst, kLibraryResetRate);
  nghttp2_option_set_max_continuations(to, kLibraryContinuations);
}

bool begin_http2(nghttp2_session* session, Http2Role role, const Http2Limits& limits) {
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, kHpackTable},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, role == Http2Role::server ? limits.streams : 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head.bytes())},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  if (role == Http2Role::client) settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
             0 &&
         nghttp2_session_set_local_window_size(
             session, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(limits.connection_window)) ==
             0;
}

std::string http2_goodbye(std::uint32_t last_stream, Http2Code code) {
  std::string out{'\0', '\0', '\x08', '\x07', '\0'};
  for (const std::uint32_t number : {0U, last_stream, static_cast<std::uint32_t>(code)})
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
  return out;
}

}  // namespace glovebox::net
