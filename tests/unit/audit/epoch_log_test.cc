#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "audit/epoch_folder.h"
#include "audit/epoch_seal.h"
#include "audit/tile_store.h"
#include "run_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

constexpr Duration kLong = kEpochLength + seconds(1);

std::string copy_of(const std::string& folder, std::string_view name) {
  std::string copy = folder + std::string(name);
  std::filesystem::remove_all(copy);
  std::filesystem::copy(folder, copy, std::filesystem::copy_options::recursive);
  return copy;
}

void put_back(const std::string& copy, const std::string& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::rename(copy, folder);
}

codec::NoteKey other_epoch0(std::string_view origin, std::uint64_t epoch = 0) {
  HeldRandom random(77);
  return codec::NoteKey::make(epoch_key_name(origin, epoch),
                              codec::Ed25519PrivateKey::generate(random).public_key())
      .value();
}

}  // namespace

TEST_CASE("epochs end while a log is written, and with each run") {
  RunLog log;
  log.run(3, RunLog::End::stop, 0, kLong);
  const codec::NoteKey epoch0 = log.epoch0();
  CHECK(epoch0.name() == epoch_key_name(kOrigin, 0));
  log.run(2, RunLog::End::crash, 2, kLong);
  log.run(0, RunLog::End::stop);
  log.run(1, RunLog::End::stop);

  const LogReport report = log.verify({.epoch0 = epoch0});
  INFO(report.reason);
  CHECK(report.verdict == Verdict::good);
  CHECK_FALSE(report.epoch0_from_log);
  CHECK(report.epochs == 3 + 1 + 2 + 1 + 1);
  CHECK(log.verify().epoch0_from_log);
  CHECK(log.verify().epochs == report.epochs);
  CHECK(log.epoch0() == epoch0);
}

TEST_CASE("a chain of epochs does not begin with another key") {
  RunLog log;
  log.run(1, RunLog::End::stop);
  log.run(1, RunLog::End::stop);
  const struct {
    const char* name;
    codec::NoteKey key;
    const char* reason;
  } rows[] = {
      {"another key", other_epoch0(kOrigin), "epoch0.pub is not the key that was given"},
      {"another log", other_epoch0("example.com/other"), "epoch0.pub is not the key"},
      {"another epoch", other_epoch0(kOrigin, 1), "epoch0.pub is not the key"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      LogReport report = log.verify({.epoch0 = row.key});
      CHECK(report.verdict == Verdict::changed);
      CHECK(report.reason.starts_with(row.reason));
      // Nor when the log says nothing, or says the same.
      std::filesystem::remove(log / kEpoch0Name);
      CHECK(log.verify({.epoch0 = row.key}).verdict == Verdict::changed);
      write(log / kEpoch0Name, row.key.to_string() + "\n");
      CHECK(log.verify().verdict == Verdict::changed);
    }
  }
  SECTION("no key at all") {
    std::filesystem::remove(log / kEpoch0Name);
    const LogReport report = log.verify();
    CHECK(report.verdict == Verdict::incomplete);
    CHECK(report.reason == "no key to check the epochs with");
    CHECK_FALSE(report.epochs);
  }
}

TEST_CASE("who has the key of the log alone cannot go on with it") {
  RunLog log;
  log.run(2, RunLog::End::stop, 0, kLong);
  REQUIRE(log.verify_epochs().verdict == Verdict::good);
  const LogReport before = log.verify();
  const LogDirectory directory = LogDirectory::open_to_write(log.path()).value();
  HeldRandom random;
  const LogKey key = load_or_make_key(directory, kOrigin, LogIs::filled, random).value();
  TileStore tiles = TileStore::open(directory, key, before.sealed->size).value();

  SECTION("the same records, signed anew") {
    REQUIRE(tiles.publish());
    const LogReport report = log.verify_epochs();
    CHECK(report.verdict == Verdict::incomplete);
    CHECK(report.reason.contains("without a signature of"));
  }
  SECTION("with a key of an epoch that it made up") {
    REQUIRE(tiles.publish([&](const codec::Checkpoint& checkpoint) {
      const auto made_up = codec::Ed25519PrivateKey::generate(random);
      return codec::sign_note(codec::checkpoint_text(checkpoint),
                              epoch_key_name(kOrigin, *before.epochs), made_up);
    }));
    CHECK(log.verify_epochs().verdict == Verdict::changed);
  }
  SECTION("more records, without a seal") {
    RecordMaker maker;
    maker.boot = "forged";
    maker.wall_step = std::chrono::duration_cast<microseconds>(10 * kLong).count();
    REQUIRE(tiles.take(maker.make(RecordKind::boot)));
    REQUIRE(tiles.publish());
    const LogReport report = log.verify_epochs();
    CHECK(report.verdict == Verdict::changed);
    CHECK(report.bad_record == before.records);
  }
}

TEST_CASE("a log that was cut back behind the end of an epoch does not go on") {
  RunLog log;
  log.run(1, RunLog::End::stop);
  const std::string before = copy_of(log.path(), ".before");
  log.run(2, RunLog::End::stop, 0, kLong);
  const std::string secrets = read(log / kEpochKeyName);

  SECTION("with the secrets of today") {
    put_back(before, log.path());
    write(log / kEpochKeyName, secrets);
    const Error refused = log.refusal();
    CHECK(refused.kind() == ErrorKind::conflict);
    CHECK(refused.message().contains("records were cut off"));
  }
  SECTION("with no secrets") {
    std::filesystem::remove(log / kEpochKeyName);
    CHECK(log.refusal().message().contains("epoch.key: missing, but there is a log"));
  }
  SECTION("with all that was there: what only a checkpoint elsewhere tells") {
    const std::uint64_t size = log.verify().sealed->size;
    put_back(before, log.path());
    log.run(1, RunLog::End::stop);
    CHECK(log.verify_epochs().verdict == Verdict::good);
    CHECK(log.verify({.min_size = size}).verdict == Verdict::changed);
  }
}

TEST_CASE("the secret of an epoch that is over is gone") {
  RunLog log;
  log.run(0, RunLog::End::stop);
  const std::string first = read(log / kEpochKeyName).substr(0, kEpochSlotBytes);
  log.run(0, RunLog::End::stop);
  const std::string now = read(log / kEpochKeyName);
  CHECK(now.substr(0, kEpochSlotBytes) == std::string(kEpochSlotBytes, '\0'));
  CHECK(now.substr(kEpochSlotBytes) != std::string(kEpochSlotBytes, '\0'));
  for (const auto& [name, bytes] : files_below(log.path()))
    CHECK_FALSE(bytes.contains(first.substr(32, 32)));
}

TEST_CASE("epochs without records are sealed too") {
  RunLog log;
  log.idle(4 * kEpochLength + seconds(10));
  std::vector<RecordKind> kinds;
  for (const std::string& line : log.records()) kinds.push_back(parse_record(line).value().kind);
  using enum RecordKind;
  CHECK(kinds == std::vector{boot, epoch_rotate, heartbeat, heartbeat, heartbeat, stop});
  const LogReport report = log.verify_epochs();
  INFO(report.reason);
  CHECK(report.verdict == Verdict::good);
  CHECK(report.epochs == 4);
}
