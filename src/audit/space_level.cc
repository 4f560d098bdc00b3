#include "audit/space_level.h"

#include <algorithm>

namespace glovebox::audit {

SpaceLevel space_level(const os::SpaceFacts& disk, std::uint64_t segment) {
  constexpr std::uint64_t kWarnShare = 5, kDrainShare = 10;  // one in so many
  if (disk.free_bytes < least_free(segment)) return SpaceLevel::stop;
  if (disk.free_bytes < std::min(disk.total_bytes / kDrainShare, kDrainBytes))
    return SpaceLevel::drain;
  if (disk.free_bytes < std::min(disk.total_bytes / kWarnShare, kWarnBytes))
    return SpaceLevel::warn;
  return SpaceLevel::ample;
}

std::string_view to_string(SpaceLevel level) {
  switch (level) {
    case SpaceLevel::ample:
      return "ample";
    case SpaceLevel::warn:
      return "warn";
    case SpaceLevel::drain:
      return "drain";
    case SpaceLevel::stop:
      return "stop";
  }
  return {};
}

}  // namespace glovebox::audit
