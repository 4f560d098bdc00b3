// What was asked of the plane, in order: for comparing workers and for tests.
//
// Credentials are replaced by their kind, so a trace can be kept and shown. Bodies are cut to
// kMaxTracedBody bytes (a whole answer of a tool is less); the oldest entries go once there are
// kMaxTraceEntries, or kMaxTracedBytes of bodies.
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
constexpr std::size_t kMaxTracedBody = kMiB;
constexpr std::size_t kMaxTracedBytes = 64 * kMiB;

class Trace {
 public:
  explicit Trace(const Clock& clock) : clock_(clock) {}

  // `route` and `credential` as far as they are known, else empty; `status` 0: no answer was made.
  void record(const Request& request, std::string_view route, std::string_view credential,
              int status, std::string_view fault);
  void clear();

  // Entries with a larger number than `after`: {number, at, route, method, path, query, headers,
  // body, credential, status, fault}. The body is JSON where it is JSON.
  codec::Json report(std::uint64_t after) const;

 private:
  struct Entry {
    std::uint64_t number;
    std::size_t body_bytes;
    codec::Json json;
  };
  const Clock& clock_;
  std::uint64_t last_number_ = 0;
  std::size_t body_bytes_ = 0;
  std::deque<Entry> entries_;
};

}  // namespace glovebox::plane
