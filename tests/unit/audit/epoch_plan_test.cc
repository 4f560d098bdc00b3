#include "audit/epoch_plan.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "../salted_record.h"

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

codec::Ed25519PublicKey key_of(std::uint64_t epoch) {
  return test_key(static_cast<std::uint8_t>(40 * (epoch + 1))).public_key();
}

EpochKeyFacts held(std::uint64_t epoch) {
  return {.number = epoch, .key = key_of(epoch)};
}

EpochFileFacts slots(std::vector<EpochKeyFacts> secrets) {
  EpochFileFacts facts;
  for (const EpochKeyFacts& secret : secrets) facts.slots.at(secret.number % 2) = secret;
  return facts;
}

// A log of `records` records, of which each of the first `seals` is a seal.
LogEpochs log_of(std::uint64_t seals, std::uint64_t records) {
  LogEpochs log;
  for (std::uint64_t i = 0; i < records; ++i) {
    const RecordKind kind = i < seals ? RecordKind::heartbeat : RecordKind::boot;
    codec::JsonObject members;
    if (i < seals)
      members =
          sign_seal({.epoch = i, .tree = {.size = i, .root = {}}, .at = {5}, .next = key_of(i + 1)},
                    kOrigin, test_key());
    const RecordStamp stamp{.wall = {5}, .since_boot = {}, .boot_id = "b", .previous = {}};
    const std::string line =
        glovebox::test::salted_record(kind, stamp, "", "", std::move(members)).value();
    log.take(RecordHeadReader().read(line).value(), line).value();
  }
  return log;
}

std::string text_of(const std::vector<EpochStep>& steps) {
  std::string text;
  for (const EpochStep step : steps) text += std::string(to_string(step)) + " ";
  return text;
}

}  // namespace

TEST_CASE("keys that do not fit the log are refused") {
  const struct {
    const char* name;
    std::optional<EpochFileFacts> file;
    std::uint64_t seals;
    std::uint64_t records;
    const char* why;
  } rows[] = {
      {"no file, but a log", {}, 0, 1, "missing"},
      {"no file, but epochs", {}, 2, 5, "missing"},
      {"both slots torn", slots({}), 2, 5, "no secret in it is whole"},
      {"both slots torn, and no log", slots({}), 0, 0, "no secret in it is whole"},
      {"the log is cut behind an older seal", slots({held(2)}), 1, 5, "records were cut off"},
      {"the log is gone", slots({held(2)}), 0, 0, "records were cut off"},
      {"cut while an epoch ended", slots({held(2), held(3)}), 1, 5, "records were cut off"},
      {"an older file", slots({held(1)}), 2, 5, "an older file was put back"},
      {"an older file of two", slots({held(0), held(1)}), 2, 5, "an older file was put back"},
      {"the file of another log", slots({{.number = 2, .key = key_of(5)}}), 2, 5, "not the one"},
      {"secrets far apart", slots({held(2), held(5)}), 2, 5, "side by side"},
      {"a secret of long ago", slots({held(4), held(1)}), 4, 5, "side by side"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto steps = plan_epochs(row.file, log_of(row.seals, row.records));
      REQUIRE_FALSE(steps);
      CHECK(steps.error().kind() == ErrorKind::conflict);
      CHECK(steps.error().message().contains(row.why));
    }
  }
}

TEST_CASE("what is stored and what the log says tell the next step") {
  const struct {
    const char* name;
    std::optional<EpochFileFacts> file;
    std::uint64_t seals;
    std::uint64_t records;
    const char* steps;
  } rows[] = {
      {"a new log", {}, 0, 0, "make_file "},
      {"a new log that was not written to", slots({held(0)}), 0, 0, "store_next seal erase_old "},
      {"a new run", slots({held(2)}), 2, 5, "store_next seal erase_old "},
      {"a new run in an empty epoch", slots({held(2)}), 2, 2, "store_next seal erase_old "},
      {"stored, not sealed", slots({held(2), held(3)}), 2, 5, "seal erase_old "},
      {"sealed, not erased", slots({held(1), held(2)}), 2, 5,
       "erase_old store_next seal erase_old "},
      {"the first epoch, stored", slots({held(0), held(1)}), 0, 3, "seal erase_old "},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(text_of(plan_epochs(row.file, log_of(row.seals, row.records)).value()) == row.steps);
    }
  }
}

TEST_CASE("a seal that does not follow is a conflict when the log is opened") {
  const auto line = [](const EpochSeal& seal) {
    const RecordStamp stamp{.wall = {5}, .since_boot = {}, .boot_id = "b", .previous = {}};
    return glovebox::test::salted_record(RecordKind::heartbeat, stamp, "", "",
                                         sign_seal(seal, kOrigin, test_key()))
        .value();
  };
  for (const EpochSeal& seal :
       {EpochSeal{.epoch = 1}, EpochSeal{.epoch = 0, .tree = {.size = 1}}}) {
    LogEpochs log;
    const std::string bytes = line(seal);
    CHECK(log.take(RecordHeadReader().read(bytes).value(), bytes).error().kind() ==
          ErrorKind::conflict);
  }
  const RecordStamp stamp{.wall = {5}, .since_boot = {}, .boot_id = "b", .previous = {}};
  const std::string empty =
      glovebox::test::salted_record(RecordKind::heartbeat, stamp, "", "", {}).value();
  LogEpochs log;
  CHECK_FALSE(log.take(RecordHeadReader().read(empty).value(), empty));
  CHECK(log_of(2, 5).number() == 2);
  CHECK(log_of(2, 5).first() == 2);
  CHECK(log_of(0, 5).first() == 0);
  CHECK(log_of(2, 5).records() == 5);
}
