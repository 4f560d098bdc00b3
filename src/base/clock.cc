#include "base/clock.h"

#include <sys/random.h>
#include <time.h>

#include <cerrno>
#include <cstdlib>
#include <format>
#include <vector>

namespace glovebox {

namespace {

Duration read_clock(clockid_t id) {
  timespec now{};
  (void)::clock_gettime(id, &now);
  return seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  using namespace std::chrono;
  sys_time<std::chrono::microseconds> point{std::chrono::microseconds(time.microseconds)};
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const hh_mm_ss<std::chrono::microseconds> clock(point - day);
  return std::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

WallTime SystemClock::wall() const {
  return {
      std::chrono::duration_cast<std::chrono::microseconds>(read_clock(CLOCK_REALTIME)).count()};
}
Duration SystemClock::boot() const {
  return read_clock(CLOCK_BOOTTIME);
}
Duration SystemClock::monotonic() const {
  return read_clock(CLOCK_MONOTONIC);
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Rejection keeps it uniform: the last, incomplete block of values is drawn again.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = 0;
  do {
    fill(std::as_writable_bytes(std::span(&value, 1)));
  } while (value >= limit);
  return value % bound;
}

std::string Random::hex(std::size_t bytes) {
  std::vector<std::byte> raw(bytes);
  fill(raw);
  std::string text;
  text.reserve(bytes * 2);
  for (std::byte b : raw) text += std::format("{:02x}", static_cast<unsigned>(b));
  return text;
}

void SystemRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace glovebox
