// The parts of an HTTP message head, checked before they are sent or believed (RFC 9110, 9112).
//
// No parser of whole messages: that is the HTTP library's. These checks are what keeps a value of
// foreign origin from becoming a second header or a second request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"

namespace glovebox::codec {

constexpr std::size_t kMaxFieldName = 256;
constexpr std::size_t kMaxFieldValue = 32 * kKiB;
constexpr std::size_t kMaxTarget = 16 * kKiB;
constexpr std::size_t kMaxMethod = 32;

// RFC 9110 §5.6.2; not empty.
bool is_token(std::string_view text);

// Each error: invalid, or limit.
Result<void> check_method(std::string_view method);
Result<void> check_field_name(std::string_view name);
// Visible characters, space, tab and bytes from 0x80; no CR, LF, NUL or other control, no space at
// either end. So no obs-fold either.
Result<void> check_field_value(std::string_view value);
// Origin form only: `/…`, visible ASCII, no `#`, no backslash, whole escapes.
Result<void> check_target(std::string_view target);

// The three forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850 and asctime. The weekday must be a
// weekday but is not compared with the date. `now` places the two-digit year of RFC 850.
Result<WallTime> parse_http_date(std::string_view text, WallTime now);
// `Tue, 24 Nov 2026 15:22:31 GMT`.
std::string format_http_date(WallTime time);

// Longer waits are cut to this one.
constexpr Duration kMaxRetryAfter = std::chrono::hours(24);

// `retry-after`: seconds (a fraction is tolerated, as official clients do) or an HTTP date; zero if
// that is past.
Result<Duration> parse_retry_after(std::string_view value, WallTime now);
// `retry-after-ms`: milliseconds.
Result<Duration> parse_retry_after_ms(std::string_view value);
// What a server asked for: the ms form wins; nothing if absent, unreadable or not positive.
std::optional<Duration> retry_delay(std::optional<std::string_view> retry_after_ms,
                                    std::optional<std::string_view> retry_after, WallTime now);

}  // namespace glovebox::codec
