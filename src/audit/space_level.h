// How full the disk of the log is, as a rule for what may still be recorded.
//
// Nothing is ever overwritten or dropped to make room. The shares are of the file system, capped,
// so that a large disk which others fill does not stop a log that has room for years.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/units.h"
#include "os/file.h"

namespace glovebox::audit {

enum class SpaceLevel {
  ample,
  warn,   // below 20 % and kWarnBytes: say so
  drain,  // below 10 % and kDrainBytes: no new sessions
  stop,   // the log makes no new segment: only results of running calls and last records, which go
          // to the segments that exist
};

constexpr std::uint64_t kWarnBytes = 16 * kGiB;
constexpr std::uint64_t kDrainBytes = 8 * kGiB;

// Free bytes that are left to tiles and checkpoints; below it the level is `stop`.
constexpr std::uint64_t least_free(std::uint64_t segment) {
  return 2 * segment;
}

// `segment`: bytes of a segment of the write-ahead log.
SpaceLevel space_level(const os::SpaceFacts& disk, std::uint64_t segment);
std::string_view to_string(SpaceLevel level);

}  // namespace glovebox::audit
