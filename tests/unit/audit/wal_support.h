// What the tests of the write-ahead log share.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "audit/wal_recovery.h"
#include "audit/wal_sizes.h"
#include "audit/wal_writer.h"
#include "base/clock.h"
#include "wal_disk.h"

namespace glovebox::audit::test {

using Dice = std::mt19937_64;

inline std::uint64_t roll(Dice& dice, std::uint64_t least, std::uint64_t most) {
  return least + dice() % (most - least + 1);
}

class DiceRandom final : public Random {
 public:
  explicit DiceRandom(std::uint64_t seed) : dice_(seed) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(dice_());
  }

 private:
  Dice dice_;
};

class SetClock final : public Clock {
 public:
  Duration now = seconds(100);
  WallTime wall() const override { return {}; }
  Duration boot() const override { return now; }
  Duration monotonic() const override { return now; }
};

constexpr WalSizes kSmallWal{.block = 512, .segment = 8192, .segments = 3, .group = 2000};

// Any bytes, told apart by index and by history.
inline std::string some_record(Dice& dice, std::uint64_t most = 300) {
  std::string record(roll(dice, 1, most), '\0');
  for (char& byte : record) byte = static_cast<char>(dice());
  return record;
}

struct Recovered {
  WalScan scan;
  std::vector<std::string> records;  // from scan.state.durable on
  bool in_order = true;              // with their indices and leaf hashes
};

inline Recovered recover(WalFolder& folder, std::uint64_t least = 0) {
  Recovered found;
  std::optional<std::uint64_t> next;
  found.scan = scan_wal(folder, least, [&](std::span<const WalRecord> records) -> Result<void> {
                 for (const WalRecord& record : records) {
                   found.in_order = found.in_order && (!next || record.index == *next) &&
                                    record.leaf == wal_leaf(record.bytes);
                   next = record.index + 1;
                   found.records.emplace_back(record.bytes);
                 }
                 return {};
               }).value();
  const std::uint64_t count = found.records.size();
  if (next)
    found.in_order = found.in_order && *next == found.scan.state.durable + count &&
                     *next == found.scan.next.index;
  return found;
}

inline Recovered recover(Disk& disk, std::uint64_t least = 0) {
  DiskFolder folder(disk);
  return recover(folder, least);
}

// A log that was written without an accident, and where its groups lie.
struct WrittenLog {
  struct Group {
    std::string file;
    std::size_t offset = 0, size = 0;
    std::uint64_t end = 0;  // index behind its last record
  };
  Disk disk;
  std::vector<std::string> records;
  std::vector<Group> groups;

  explicit WrittenLog(std::size_t count, const WalSizes& sizes = kSmallWal,
                      std::uint64_t seed = 1) {
    Dice dice(seed);
    DiceRandom random(seed);
    const SetClock clock;
    DiskFolder folder(disk);
    WalWriter writer = WalWriter::open(folder, recover(folder).scan, sizes, clock, random).value();
    while (groups.size() < count) {
      for (std::uint64_t more = roll(dice, 1, 3); more > 0; --more) {
        records.push_back(some_record(dice));
        writer.append(records.back()).value();
      }
      folder.steps.clear();
      writer.commit().value();
      // The last write of a commit is the group.
      for (const Step& step : folder.steps)
        if (step.kind == Step::Kind::write && step.offset > 0)
          groups.push_back({step.file, step.offset, step.bytes.size(), records.size()});
    }
  }
};

}  // namespace glovebox::audit::test
