#include "audit/space_level.h"

#include <catch2/catch_test_macros.hpp>

using namespace glovebox;
using namespace glovebox::audit;

TEST_CASE("how full a disk is") {
  constexpr std::uint64_t kSegment = 64 * kMiB;
  const struct {
    const char* name;
    std::uint64_t free, total;
    SpaceLevel level;
  } rows[] = {
      {"nothing left", 0, 100 * kGiB, SpaceLevel::stop},
      {"no segment and something over", 2 * kSegment - 1, 100 * kGiB, SpaceLevel::stop},
      {"just enough of a large disk", 2 * kSegment, 100 * kGiB, SpaceLevel::drain},
      {"below a tenth", 4 * kGiB - 1, 40 * kGiB, SpaceLevel::drain},
      {"a tenth", 4 * kGiB, 40 * kGiB, SpaceLevel::warn},
      {"below a fifth", 8 * kGiB - 1, 40 * kGiB, SpaceLevel::warn},
      {"a fifth", 8 * kGiB, 40 * kGiB, SpaceLevel::ample},
      {"one in a hundred of a huge disk", 100 * kGiB, 10'000 * kGiB, SpaceLevel::ample},
      {"little of a huge disk", kWarnBytes - 1, 10'000 * kGiB, SpaceLevel::warn},
      {"very little of a huge disk", kDrainBytes - 1, 10'000 * kGiB, SpaceLevel::drain},
      {"a small empty disk", 900 * kMiB, 1 * kGiB, SpaceLevel::ample},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(space_level({.free_bytes = row.free, .total_bytes = row.total}, kSegment) == row.level);
  }
}
