// What was asked of the plane, in order: for comparing workers and for tests.
//
// Credentials are replaced by their kind, so a trace can be kept and shown. Bodies are cut to
// kMaxTracedBody bytes; the oldest entries go once there are kMaxTraceEntries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"
#include "plane/message.h"

namespace glovebox::plane {

constexpr std::size_t kMaxTraceEntries = 20'000;
constexpr std::size_t kMaxTracedBody = 64 * kKiB;

class Trace {
 public:
  explicit Trace(const Clock& clock) : clock_(clock) {}

  // `route` and `credential` as far as they are known, else empty; `status` 0: no answer was made.
  void record(const Request& request, std::string_view route, std::string_view credential,
              int status, std::string_view fault);
  void clear() { entries_.clear(); }

  // Entries with a larger number than `after`: {number, at, route, method, path, query, headers,
  // body, credential, status, fault}. The body is JSON where it is JSON.
  codec::Json report(std::uint64_t after) const;

 private:
  struct Entry {
    std::uint64_t number;
    codec::Json json;
  };
  const Clock& clock_;
  std::uint64_t last_number_ = 0;
  std::deque<Entry> entries_;
};

}  // namespace glovebox::plane
