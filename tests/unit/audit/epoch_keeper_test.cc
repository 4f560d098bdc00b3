#include "audit/epoch_keeper.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "epoch_world.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

// Some minutes of a log: records, ends of epochs, an epoch without records, a new run.
Result<void> live(EpochWorld& world) {
  TRY(world.start());
  TRY(world.append(RecordKind::config));
  world.pass(seconds(61));
  TRY(world.append(RecordKind::config));
  world.pass(seconds(61));
  TRY(world.seal_if_due());
  world.pass(seconds(61));
  TRY(world.seal_if_due());
  TRY(world.append(RecordKind::stop));
  world.pass(seconds(3600));
  TRY(world.start());
  return world.append(RecordKind::config);
}

std::size_t writes_of_a_life() {
  EpochWorld world;
  live(world).value();
  return world.power.writes();
}

// Only the slot of the epoch that goes on holds a secret.
bool only_one_secret(const EpochWorld& world) {
  return world.file.is_erased((world.keeper->number() + 1) % kEpochSlots);
}

std::vector<Torn> all_ways() {
  constexpr std::size_t kSectors = kEpochSlotBytes / kSector;
  std::vector<Torn> ways{{.landed = true, .first_sectors = kSectors}};
  for (std::size_t i = 0; i < kSectors; ++i) ways.push_back({.first_sectors = i});
  for (std::size_t i = 1; i < kSectors; ++i) ways.push_back({.last_sectors = i});
  ways.push_back({.first_sectors = 1, .last_sectors = 1});
  return ways;
}

}  // namespace

TEST_CASE("after a power cut at any write the chain goes on, and one secret is left") {
  const std::size_t writes = writes_of_a_life();
  REQUIRE(writes > 15);
  for (std::size_t write = 0; write < writes; ++write) {
    for (const Torn& torn : all_ways()) {
      CAPTURE(write, torn.landed, torn.first_sectors, torn.last_sectors);
      EpochWorld world;
      world.power.cut_at(write, torn);
      REQUIRE_FALSE(live(world));
      const std::vector<std::string> durable = world.records;
      world.power.on();
      world.pass(seconds(5));
      REQUIRE(world.start());
      CHECK(only_one_secret(world));
      REQUIRE(world.append(RecordKind::config));
      world.pass(seconds(61));
      REQUIRE(world.append(RecordKind::config));
      CHECK(only_one_secret(world));
      // Nothing that was durable is missing, and a verifier follows all of it.
      REQUIRE(world.records.size() > durable.size());
      CHECK(std::vector(world.records.begin(),
                        world.records.begin() + static_cast<std::ptrdiff_t>(durable.size())) ==
            durable);
      REQUIRE(world.enrolment);
      const auto rules = follow(world.records, world.enrolment->epoch0);
      REQUIRE(rules);
      CHECK(rules->number() == world.keeper->number());
    }
  }
}

TEST_CASE("a second power cut while the first is repaired does no harm either") {
  const std::size_t writes = writes_of_a_life();
  for (std::size_t first = 1; first < writes; ++first) {
    for (std::size_t second = 0; second < 4; ++second) {
      for (const Torn& torn : {Torn{}, Torn{.landed = true, .first_sectors = 8},
                               Torn{.first_sectors = 1}, Torn{.last_sectors = 7}}) {
        CAPTURE(first, second, torn.landed, torn.first_sectors);
        EpochWorld world;
        world.power.cut_at(first, torn);
        REQUIRE_FALSE(live(world));
        world.power.on();
        world.power.cut_at(second, torn);
        (void)world.start();
        world.power.on();
        REQUIRE(world.start());
        world.pass(seconds(61));
        REQUIRE(world.append(RecordKind::config));
        CHECK(only_one_secret(world));
        REQUIRE(follow(world.records, world.enrolment->epoch0));
      }
    }
  }
}

TEST_CASE("both slots torn: the log does not go on") {
  EpochWorld world;
  live(world).value();
  for (std::size_t at = 0; at < kEpochFileBytes; at += kEpochSlotBytes)
    (*world.file.bytes)[at + 40] = static_cast<char>((*world.file.bytes)[at + 40] ^ 1);
  CHECK(world.start().error().kind() == ErrorKind::conflict);
}

TEST_CASE("a log that was cut, or whose keys were put back, does not go on") {
  EpochWorld world;
  world.start().value();
  const auto early_file = world.file.bytes;
  const auto early_records = world.records;
  world.pass(seconds(61));
  world.append(RecordKind::config).value();
  const auto late_file = world.file.bytes;

  world.file.bytes = early_file;
  CHECK(world.start().error().message().contains("an older file was put back"));
  world.file.bytes = late_file;
  world.records = early_records;
  CHECK(world.start().error().message().contains("records were cut off"));
  world.records.clear();
  CHECK(world.start().error().message().contains("records were cut off"));
}

TEST_CASE("two secrets that were not stored by one log are refused") {
  HeldRandom random(3);
  EpochWorld world;
  world.start().value();
  EpochSecrets held = parse_epoch_file(*world.file.bytes);
  EpochSecret next = held[0]->make_next(random);
  next.next_mac = next.next_mac.next();
  world.file.bytes->replace(kEpochSlotBytes, kEpochSlotBytes, format_epoch_slot(next).reveal());
  CHECK(world.start().error().message().contains("not of one log"));
}

TEST_CASE("an error of the file is final") {
  EpochWorld world;
  world.start().value();
  world.pass(seconds(61));
  const TreeBuilder tree = world.tree_of(world.records.size());
  world.power.cut_at(0, {});
  CHECK_FALSE(world.keeper->begin_seal(tree.head(), world.now()));
  world.power.on();
  CHECK(world.keeper->begin_seal(tree.head(), world.now()).error().kind() == ErrorKind::io);
}

TEST_CASE("an epoch does not end before the seal of the one before is durable") {
  EpochWorld world;
  world.start().value();
  world.pass(seconds(61));
  TreeBuilder tree = world.tree_of(world.records.size());
  REQUIRE(world.keeper->begin_seal(tree.head(), world.now()));
  CHECK(world.keeper->begin_seal(tree.head(), world.now()).error().kind() == ErrorKind::conflict);
  (void)tree.add(codec::sha256("seal"));
  CHECK(world.keeper->begin_seal(tree.head(), world.now()).error().kind() == ErrorKind::conflict);
  CHECK_FALSE(world.file.is_erased(0));
  REQUIRE(world.keeper->sealed());
  CHECK(world.file.is_erased(0));
  CHECK(world.keeper->begin_seal(tree.head(), world.now())->kind == RecordKind::heartbeat);
}

TEST_CASE("when an epoch is over") {
  const RecordTime begin{.wall = {10'000'000}, .since_boot = microseconds(7'000'000)};
  const struct {
    const char* name;
    std::int64_t wall;
    std::int64_t boot;
    std::uint64_t records;
    bool due;
  } rows[] = {
      {"at once", 0, 0, 0, false},
      {"shortly before", 59'999'999, 59'999'999, 99'999, false},
      {"by the wall clock", 60'000'000, 0, 1, true},
      {"by the other clock", 0, 60'000'000, 1, true},
      {"the wall clock was set back", -1, 1'000'000, 1, true},
      {"by its records", 1, 1, kMaxEpochRecords, true},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Power power;
      MemoryEpochFile file(power);
      HeldRandom random;
      EpochKeeper keeper = EpochKeeper::open(file, kOrigin, LogEpochs(), random).value();
      CHECK_FALSE(keeper.due(begin, 0));
      const RecordTime now{.wall = {begin.wall.microseconds + row.wall},
                           .since_boot = begin.since_boot + microseconds(row.boot)};
      CHECK(keeper.due(now, row.records) == row.due);
    }
  }
}

TEST_CASE("a checkpoint carries the line of the epoch that it ends in") {
  EpochWorld world;
  world.start().value();
  world.append(RecordKind::config).value();
  const codec::Checkpoint before{.origin = kOrigin, .tree = world.tree_of(2).head()};
  REQUIRE(world.keeper->sign_checkpoint(before));
  world.pass(seconds(61));
  world.append(RecordKind::config).value();
  REQUIRE(world.records.size() == 4);
  // Its tree ended before the epoch began, and whoever has the key of that is gone.
  CHECK_FALSE(world.keeper->sign_checkpoint(before));
  CHECK_FALSE(world.keeper->sign_checkpoint({.origin = "x", .tree = world.tree_of(4).head()}));
  for (const std::size_t size : {std::size_t{3}, std::size_t{4}}) {
    const codec::Checkpoint now{.origin = kOrigin, .tree = world.tree_of(size).head()};
    const auto line = world.keeper->sign_checkpoint(now).value();
    CHECK(line.name == kOrigin + "/epoch/1");
    const std::vector taken(world.records.begin(),
                            world.records.begin() + static_cast<std::ptrdiff_t>(size));
    const auto rules = follow(taken, world.enrolment->epoch0).value();
    CHECK(rules.check_checkpoint({.text = codec::checkpoint_text(now), .signatures = {line}}));
  }
}

TEST_CASE("the codes of groups follow from the seed that was escrowed") {
  EpochWorld world;
  world.start().value();
  const WalMacSeed seed = world.enrolment->mac_seed.after(0);
  const WalGroupFacts facts{.first = 3, .count = 1, .chain = {}};
  GroupMacs of_0 = seed.groups(), of_1 = seed.after(1).groups(), of_2 = seed.after(2).groups();
  CHECK(world.keeper->group_mac(facts).value() == of_0.next(facts));
  CHECK(world.keeper->group_mac(facts).value() == of_0.next(facts));
  world.pass(seconds(61));
  world.seal_if_due().value();
  CHECK(world.keeper->group_mac(facts).value() == of_1.next(facts));
  // A new run has none before its seal, whatever was written of the old epoch.
  LogEpochs seen;
  for (const std::string& record : world.records)
    seen.take(RecordHeadReader().read(record).value(), record).value();
  HeldRandom random(7);
  EpochKeeper keeper = EpochKeeper::open(world.file, kOrigin, seen, random).value();
  CHECK(keeper.group_mac(facts).error().kind() == ErrorKind::conflict);
  CHECK(keeper.due(world.now(), world.records.size()));
  keeper.begin_seal(world.tree_of(world.records.size()).head(), world.now()).value();
  CHECK(keeper.group_mac(facts).value() == of_2.next(facts));
}

TEST_CASE("a name that no key can have is refused, and an enrolment comes once") {
  Power power;
  MemoryEpochFile file(power);
  HeldRandom random;
  CHECK_FALSE(EpochKeeper::open(file, "with space", LogEpochs(), random));
  EpochKeeper keeper = EpochKeeper::open(file, kOrigin, LogEpochs(), random).value();
  CHECK(keeper.take_enrolment()->epoch0.name() == kOrigin + "/epoch/0");
  CHECK_FALSE(keeper.take_enrolment());
}

TEST_CASE("a run that ended before its first record is told of its key again") {
  Power power;
  MemoryEpochFile file(power);
  HeldRandom random;
  const Enrolment first =
      EpochKeeper::open(file, kOrigin, LogEpochs(), random)->take_enrolment().value();
  EpochKeeper again = EpochKeeper::open(file, kOrigin, LogEpochs(), random).value();
  const Enrolment second = again.take_enrolment().value();
  CHECK(second.epoch0 == first.epoch0);
  CHECK(second.mac_epoch == 1);
  CHECK(second.mac_seed == first.mac_seed.next());
  const WalGroupFacts facts{.first = 0, .count = 1, .chain = {}};
  again.begin_seal(TreeBuilder().head(), {.wall = {5}, .since_boot = seconds(1)}).value();
  CHECK(again.group_mac(facts).value() == second.mac_seed.groups().next(facts));
  // Not when there is a record.
  EpochWorld world;
  world.start().value();
  world.enrolment.reset();
  world.start().value();
  CHECK_FALSE(world.enrolment);
}
