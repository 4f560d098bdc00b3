// Server-sent events (WHATWG HTML, "event stream interpretation").
//
// Bytes go in as they arrive, events come out. Lines end in LF, CR or CRLF, also when the pair is
// split between two pushes; one leading byte order mark is dropped; comments, `id`, `retry` and
// unknown fields are ignored; several data lines join with LF; a blank line ends an event, and an
// event without a data line is dropped. A frame that the end of the stream cuts off never comes
// out. Bytes that are not UTF-8 become U+FFFD.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::codec {

constexpr ByteLimit kDefaultSseEventLimit{16 * kMiB};

struct SseEvent {
  std::optional<std::string> name;  // of the last `event` field; none if that is empty
  std::string data;
  bool operator==(const SseEvent&) const = default;
};

class SseParser {
 public:
  // `event_limit` bounds what is held of one event: its name, its data and the line at hand.
  explicit SseParser(ByteLimit event_limit = kDefaultSseEventLimit) : limit_(event_limit) {}

  // Error: limit. After an error the stream is dead: every further push gives it again, events
  // that were complete before stay readable.
  Result<void> push(std::string_view bytes);

  // The next complete event in order.
  std::optional<SseEvent> next();

 private:
  void end_line();
  void end_event();

  ByteLimit limit_;
  std::deque<SseEvent> ready_;
  std::string line_;
  std::string data_;
  std::optional<std::string> name_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
  bool dead_ = false;
};

// One frame. `name` must be without line ends (error: invalid); each line of `data` becomes a
// data line.
Result<std::string> format_sse(std::string_view name, std::string_view data);

}  // namespace glovebox::codec
