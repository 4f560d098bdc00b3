// Quantities that carry their unit.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace glovebox {

using Duration = std::chrono::nanoseconds;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A number of bytes that limits something. Zero is a valid limit and means "nothing".
class ByteLimit {
 public:
  constexpr explicit ByteLimit(std::uint64_t bytes) : bytes_(bytes) {}
  constexpr std::uint64_t bytes() const { return bytes_; }
  constexpr auto operator<=>(const ByteLimit&) const = default;

 private:
  std::uint64_t bytes_;
};

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;

}  // namespace glovebox
