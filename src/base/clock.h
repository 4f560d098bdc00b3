// Time and randomness, passed in so that tests can hold them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/units.h"

namespace glovebox {

// Microseconds since 1970-01-01T00:00:00Z.
struct WallTime {
  std::int64_t microseconds = 0;
  auto operator<=>(const WallTime&) const = default;
};

// `2026-11-24T15:22:31.000000Z` (RFC 3339, UTC, six digits).
std::string to_rfc3339(WallTime time);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  // Since boot, including suspend (CLOCK_BOOTTIME); never steps back.
  virtual Duration boot() const = 0;
  // CLOCK_MONOTONIC, for timeouts.
  virtual Duration monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  Duration boot() const override;
  Duration monotonic() const override;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;
  // Uniform in [0, bound); bound must be positive.
  std::uint64_t below(std::uint64_t bound);
  // `2 * bytes` hexadecimal digits.
  std::string hex(std::size_t bytes);
};

// getrandom(2). Ends the process if the kernel cannot give randomness.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

}  // namespace glovebox
