#include "base/clock.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

using namespace glovebox;

TEST_CASE("times are written as RFC 3339 with microseconds") {
  CHECK(to_rfc3339({0}) == "1970-01-01T00:00:00.000000Z");
  CHECK(to_rfc3339({1'795'620'151'000'001}) == "2026-11-25T15:22:31.000001Z");
  CHECK(to_rfc3339({951'782'400'000'000}) == "2000-02-29T00:00:00.000000Z");
}

namespace {
class Fixed final : public Random {
 public:
  explicit Fixed(std::uint8_t value) : value_(value) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) b = std::byte{value_};
  }

 private:
  std::uint8_t value_;
};
}  // namespace

TEST_CASE("hex is two digits a byte") {
  CHECK(Fixed(0x0a).hex(3) == "0a0a0a");
}

TEST_CASE("numbers below a bound stay below it and reach every value") {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random.below(7);
    REQUIRE(value < 7);
    seen.insert(value);
  }
  CHECK(seen.size() == 7);
}
