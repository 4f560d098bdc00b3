#include "audit/wal_recovery.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wal_support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

constexpr std::size_t kGroups = 16;

bool is_prefix(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

const WrittenLog::Group* group_at(const WrittenLog& log, const std::string& file, std::size_t at) {
  for (const WrittenLog::Group& group : log.groups)
    if (group.file == file && at >= group.offset && at < group.offset + group.size) return &group;
  return nullptr;
}

// What a flipped byte must lead to.
enum class Effect { none, last_group_lost, damage };

Effect effect_of(const WrittenLog& log, const std::string& file, std::size_t at) {
  if (file == "state") return at < kWalSlotBytes ? Effect::damage : Effect::none;
  const bool used = std::ranges::any_of(log.groups, [&](const auto& g) { return g.file == file; });
  if (used && at < kWalSector) return Effect::damage;
  const WrittenLog::Group* group = group_at(log, file, at);
  if (group == nullptr) return Effect::none;
  return group == &log.groups.back() ? Effect::last_group_lost : Effect::damage;
}

Effect effect_seen(const Recovered& found, const WrittenLog& log) {
  if (found.scan.damage) return Effect::damage;
  if (found.records.size() == log.records.size()) return Effect::none;
  const std::uint64_t before = log.groups[log.groups.size() - 2].end;
  REQUIRE(found.scan.next.index == before);
  return Effect::last_group_lost;
}

// Index behind the last record in a file.
std::uint64_t end_in(const WrittenLog& log, const std::string& file) {
  std::uint64_t end = 0;
  for (const WrittenLog::Group& group : log.groups)
    if (group.file == file) end = group.end;
  return end;
}

std::uint32_t number(const std::string& file) {
  return static_cast<std::uint32_t>(std::stoul(file));
}

}  // namespace

TEST_CASE("a byte that is flipped anywhere never changes, drops or invents a record unseen") {
  const WrittenLog log(kGroups);
  REQUIRE(log.groups.front().file != log.groups.back().file);
  const std::uint64_t all = log.records.size();
  Dice dice(5);
  std::size_t seen[3] = {};
  for (const std::string& file : log.disk.files()) {
    for (std::size_t at = 0; at < log.disk.size_of(file); ++at) {
      // State slots are flipped at every byte in their own test.
      if (file == "state" && at % 61 != 0) continue;
      const bool used = end_in(log, file) > 0;
      if (file != "state" && !used && at % 7 != 0) continue;
      Disk disk = log.disk;
      disk.flip(file, at, 1u << roll(dice, 0, 7));
      const Recovered found = recover(disk);
      CAPTURE(file, at);
      const Effect effect = effect_of(log, file, at);
      REQUIRE(effect_seen(found, log) == effect);
      REQUIRE(found.in_order);
      REQUIRE(is_prefix(found.records, log.records));
      ++seen[static_cast<int>(effect)];
      if (effect == Effect::none) continue;
      // With the size of a checkpoint that covers everything, nothing can be lost unseen at all.
      REQUIRE(recover(disk, all).scan.damage);
      REQUIRE(recover(disk, all).scan.damage->lost_end >= all);
    }
  }
  CHECK(seen[0] > 1000);
  CHECK(seen[1] >= log.groups.back().size);
  CHECK(seen[2] > 5000);
}

TEST_CASE("a torn tail is left out, and what of it can be told is reported until the log goes on") {
  WrittenLog log(kGroups);
  const WrittenLog::Group& last = log.groups.back();
  const std::string segment = log.disk.read(last.file);
  Disk disk = log.disk;
  disk.flip(last.file, last.offset + 20, 1);
  const Recovered found = recover(disk);
  CHECK_FALSE(found.scan.damage);
  CHECK(found.scan.torn.bytes == last.size);  // its commit frame is there
  CHECK(found.scan.torn.hash == codec::sha256(disk.read(last.file).substr(last.offset, last.size)));
  // A start that comes to nothing leaves a segment without records; the report is not lost.
  DiskFolder folder(disk);
  const SetClock clock;
  DiceRandom random(9);
  REQUIRE(WalWriter::open(folder, found.scan, kSmallWal, clock, random));
  Recovered again = recover(disk);
  CHECK_FALSE(again.scan.damage);
  CHECK(again.scan.torn.hash == found.scan.torn.hash);
  CHECK(again.records == found.records);
  WalWriter writer = WalWriter::open(folder, again.scan, kSmallWal, clock, random).value();
  REQUIRE(writer.append("recovery"));
  REQUIRE(writer.commit());
  again = recover(disk);
  CHECK(again.scan.torn.bytes == 0);
  CHECK(again.records.size() == found.records.size() + 1);
  CHECK(again.records.back() == "recovery");
}

TEST_CASE("an empty folder is a new log, unless there was one") {
  Disk disk;
  CHECK_FALSE(recover(disk).scan.damage);
  CHECK_FALSE(recover(disk).scan.state_found);
  CHECK(recover(disk, 1).scan.damage->fault == WalFault::behind_checkpoint);
  // Made but not used.
  DiskFolder folder(disk);
  REQUIRE(folder.make_state(format_wal_state({})));
  REQUIRE(folder.create_segment(1, kSmallWal.segment));
  CHECK_FALSE(recover(disk).scan.damage);
  CHECK(recover(disk).scan.state_found);
}

TEST_CASE("damage is found, said, and accepted only on request") {
  const WrittenLog log(kGroups);
  const std::uint64_t all = log.records.size();
  const WrittenLog::Group& third = log.groups[2];
  const WrittenLog::Group& last = log.groups.back();
  const std::uint64_t before_third = log.groups[1].end;
  const auto first_elsewhere = std::ranges::find_if(
      log.groups, [&](const WrittenLog::Group& g) { return g.file != log.groups[0].file; });
  const std::string first_file = log.groups[0].file;
  REQUIRE(first_elsewhere->file == last.file);
  const WrittenLog other(kGroups, kSmallWal, 7);

  const struct {
    const char* name;
    std::function<void(Disk&)> harm;
    std::uint64_t least;
    WalFault fault;
    std::uint32_t segment;
    WalGap gap;
  } rows[] = {
      {"a group that others follow",
       [&](Disk& d) { d.flip(third.file, third.offset + 9, 4); },
       0,
       WalFault::group,
       number(third.file),
       {before_third, all, WalFault::group}},
      {"the first segment is gone",
       [&](Disk& d) { d.remove(first_file); },
       0,
       WalFault::segment,
       number(last.file),
       {0, all, WalFault::segment}},
      {"the first segment lost its head",
       [&](Disk& d) { d.flip(first_file, 40, 1); },
       0,
       WalFault::segment,
       number(last.file),
       {0, all, WalFault::segment}},
      {"the last segment lost its head",
       [&](Disk& d) { d.flip(last.file, 40, 1); },
       0,
       WalFault::header,
       number(last.file),
       {end_in(log, first_file), all, WalFault::header}},
      {"a segment is there twice",
       [&](Disk& d) { d.set("9", d.read(last.file)); },
       0,
       WalFault::segment,
       9,
       {all, all, WalFault::segment}},
      {"a segment was cut",
       [&](Disk& d) { d.set(first_file, d.read(first_file).substr(0, 4096)); },
       0,
       WalFault::segment,
       number(first_file),
       {0, all, WalFault::segment}},
      {"the first segment is of another log",
       [&](Disk& d) { d.set(first_file, other.disk.read(first_file)); },
       0,
       WalFault::order,
       number(last.file),
       {end_in(other, first_file), all, WalFault::order}},
      {"no state",
       [](Disk& d) { d.remove("state"); },
       0,
       WalFault::state,
       0,
       {all, all, WalFault::state}},
      {"a state of zeros",
       [](Disk& d) { d.set("state", std::string(kWalStateBytes, '\0')); },
       0,
       WalFault::state,
       0,
       {all, all, WalFault::state}},
      {"a state that was cut",
       [](Disk& d) { d.set("state", d.read("state").substr(0, kWalSlotBytes)); },
       0,
       WalFault::state,
       0,
       {all, all, WalFault::state}},
      {"fewer records than the tiles hold",
       [&](Disk& d) {
         d.set("state", format_wal_state({.sequence = 2, .durable = all + 5, .oldest = 1}));
       },
       0,
       WalFault::behind_tiles,
       0,
       {all + 5, all + 5, WalFault::behind_tiles}},
      {"a newest segment that was seen is gone",
       [&](Disk& d) {
         d.set("state", format_wal_state({.sequence = 2, .oldest = 1, .newest = 7}));
       },
       0,
       WalFault::segment,
       0,
       {all, all, WalFault::segment}},
      {"fewer records than the checkpoint says",
       [](Disk&) {},
       all + 3,
       WalFault::behind_checkpoint,
       0,
       {all, all + 3, WalFault::behind_checkpoint}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Disk disk = log.disk;
      row.harm(disk);
      DiskFolder folder(disk);
      const SetClock clock;
      DiceRandom random(11);
      const Recovered found = recover(folder, row.least);
      REQUIRE(found.scan.damage);
      CHECK(found.scan.damage->fault == row.fault);
      CHECK(found.scan.damage->segment == row.segment);
      if (row.fault != WalFault::order) CHECK(is_prefix(found.records, log.records));
      const auto refused = WalWriter::open(folder, found.scan, kSmallWal, clock, random);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().kind() == ErrorKind::conflict);
      CHECK(refused.error().message().contains(to_string(row.fault)));
      CHECK(refused.error().message().contains("repair --accept-loss"));

      const std::uint64_t held = std::max(found.scan.next.index, found.scan.state.durable);
      if (held > 0)
        CHECK(accept_loss(folder, found.scan, held - 1).error().kind() == ErrorKind::invalid);
      const WalGap gap = accept_loss(folder, found.scan, held).value();
      CHECK(gap == row.gap);
      Recovered after = recover(folder, gap.first);
      REQUIRE_FALSE(after.scan.damage);
      REQUIRE(after.scan.pending_gap());
      CHECK(after.records.empty());
      CHECK(after.scan.next.index == after.scan.pending_gap()->first);
      CHECK(std::ranges::any_of(disk.files(),
                                [](const std::string& f) { return f.ends_with(".lost"); }));
      // Pending until the gap stands in a record, whatever happens before.
      WalWriter writer = WalWriter::open(folder, after.scan, kSmallWal, clock, random).value();
      CHECK(recover(folder).scan.pending_gap());
      REQUIRE(writer.append("gap"));
      REQUIRE(writer.commit());
      after = recover(folder);
      REQUIRE_FALSE(after.scan.damage);
      CHECK_FALSE(after.scan.pending_gap());
      CHECK(after.records == std::vector<std::string>{"gap"});
      REQUIRE(writer.release(writer.durable()));
      CHECK_FALSE(recover(folder).scan.state.gap);
    }
  }
  Disk disk = log.disk;
  DiskFolder folder(disk);
  CHECK(accept_loss(folder, recover(folder).scan, all).error().kind() == ErrorKind::invalid);
  // Tiles that hold more than can be read here make the loss smaller.
  disk.flip(third.file, third.offset + 9, 4);
  CHECK(accept_loss(folder, recover(folder).scan, all).value() ==
        WalGap{all, all, WalFault::group});
  CHECK(recover(folder, all).scan.next.index == all);
}

TEST_CASE("a second loss before the first is recorded keeps the larger end") {
  WrittenLog log(kGroups);
  DiskFolder folder(log.disk);
  const std::uint64_t all = log.records.size();
  REQUIRE(accept_loss(folder, recover(folder, all + 40).scan, all));
  const Recovered again = recover(folder, all + 10);
  REQUIRE(again.scan.damage);
  CHECK(accept_loss(folder, again.scan, all).value() ==
        WalGap{all, all + 40, WalFault::behind_checkpoint});
}

TEST_CASE("only what the tiles do not hold is given again") {
  WrittenLog log(kGroups);
  DiskFolder folder(log.disk);
  const SetClock clock;
  DiceRandom random(3);
  WalWriter writer =
      WalWriter::open(folder, recover(folder).scan, kSmallWal, clock, random).value();
  for (std::uint64_t held : {1u, 7u, 12u, 21u}) {
    REQUIRE(writer.release(held));
    const Recovered found = recover(log.disk);
    REQUIRE_FALSE(found.scan.damage);
    CHECK(found.scan.state.durable == held);
    CHECK(found.records ==
          std::vector<std::string>(log.records.begin() + static_cast<std::ptrdiff_t>(held),
                                   log.records.end()));
    CHECK(found.in_order);
  }
}

TEST_CASE("errors of the one who is given the records end the scan") {
  WrittenLog log(kGroups);
  DiskFolder folder(log.disk);
  const auto scanned = scan_wal(folder, 0, [](std::span<const WalRecord>) -> Result<void> {
    return Error(ErrorKind::conflict, "two intents");
  });
  CHECK(scanned.error().kind() == ErrorKind::conflict);
  folder.fail_sync_in = 0;
  const auto unsynced =
      scan_wal(folder, 0, [](std::span<const WalRecord>) -> Result<void> { return {}; });
  CHECK(unsynced.error().kind() == ErrorKind::io);
}
