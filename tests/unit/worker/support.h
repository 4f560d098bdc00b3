// What the tables of this room need: a Random whose every byte is the same, and short spellings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"

namespace glovebox::worker {

// 0x00: the shortest jitter; below(n) is 0.
class SameBytes final : public Random {
 public:
  explicit SameBytes(std::uint8_t value = 0) : value_(value) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) b = std::byte{value_};
  }

 private:
  std::uint8_t value_;
};

}  // namespace glovebox::worker
