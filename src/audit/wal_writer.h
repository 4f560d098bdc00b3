// Makes records durable: one group, one write, one flush of the device.
//
// Use: append() for everything that is waiting, then commit() once; what append() gave may be told
// to anybody only after commit() has succeeded. One group is in flight at a time, since commit()
// returns when it is over.
//
// The first error is final: the kernel may have dropped what it could not write,
// so no later flush may claim success. Everything after it is refused (kind io), and the process
// ends.
//
// A start never goes on in a segment: it takes a fresh one with a new generation, so that what a
// crash left behind the end of the old one is never mixed with new groups. release() gives segments
// back; it is to be called after each start as soon as the tiles hold what was recovered.
//
// The folder and its files are compared with their names: the file that is written with every
// group, all of them every second and every thousand groups.
//
// Not thread-safe. Memory: one group.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "audit/space_level.h"
#include "audit/wal_folder.h"
#include "audit/wal_group.h"
#include "audit/wal_recovery.h"
#include "audit/wal_sizes.h"
#include "audit/wal_state.h"
#include "base/clock.h"
#include "base/result.h"

namespace glovebox::audit {

constexpr Duration kWatchEvery = seconds(1);
constexpr std::uint32_t kWatchGroups = 1000;

class WalWriter {
 public:
  // `scan` was made of this folder just before. Makes the state and the segments that are missing.
  // Errors: conflict (damage), invalid (sizes), io, out of space (os::is_out_of_space).
  static Result<WalWriter> open(WalFolder& folder, const WalScan& scan, const WalSizes& sizes,
                                const Clock& clock, Random& random);

  // Takes one record; gives its index (and leaf hash). Errors: invalid (empty, longer than
  // kMaxWalRecord), limit (the group is full: commit first), io (failed before).
  struct Place {
    std::uint64_t index = 0;
    codec::Sha256Digest leaf;
  };
  Result<Place> append(std::string_view record);
  // Makes everything appended durable. Errors: conflict (a file is not in its place), io; final.
  Result<void> commit();
  // The tiles hold all records below `records`, durably: segments that hold nothing else are used
  // again. Records must be durable here. Errors: as commit().
  Result<void> release(std::uint64_t records);
  // The same look for a log that is idle; does nothing within kWatchEvery of the last time.
  Result<void> watch();

  std::uint64_t size() const { return durable_ + group_.count(); }
  std::uint64_t durable() const { return durable_; }
  bool has_group() const { return group_.count() > 0; }
  // Whether so many bytes of frames still fit into the group.
  bool has_room(std::size_t bytes) const { return group_.frame_bytes() + bytes <= sizes_.group; }
  Duration last_flush() const { return last_flush_; }
  // What can be written without a new segment.
  std::uint64_t spare_bytes() const;
  Result<SpaceLevel> space() const;

 private:
  struct Segment {
    std::uint32_t number = 0;
    WalDevicePtr device;
    std::uint64_t generation = 0;  // of a live one
    std::uint64_t first = 0;
  };

  WalWriter(WalFolder& folder, const WalScan& scan, const WalSizes& sizes, const Clock& clock,
            Random& random);
  Result<void> prepare(const WalScan& scan);
  bool fits(const WalDevice& device) const;
  Result<void> make_segment();
  Result<void> begin_segment();
  Result<void> write_group();
  Result<void> write_state(WalState state);
  Result<void> watch_all();
  // An error ends the log.
  Result<void> or_poison(Result<void> outcome);

  WalFolder& folder_;
  WalSizes sizes_;
  const Clock& clock_;
  Random& random_;
  WalDevicePtr state_file_;
  WalState state_;
  std::vector<Segment> live_;  // by generation; the last is written
  std::vector<Segment> free_;
  std::uint32_t last_number_ = 0;
  std::uint64_t newest_ = 0;
  std::uint32_t seed_ = 0;
  std::uint64_t offset_ = 0;  // in the segment that is written
  std::uint64_t durable_ = 0;
  codec::Sha256Digest chain_;
  WalGroup group_;
  Duration last_flush_{};
  Duration last_watch_{};
  std::uint32_t groups_ = 0;  // since last_watch_
  bool poisoned_ = false;
};

}  // namespace glovebox::audit
