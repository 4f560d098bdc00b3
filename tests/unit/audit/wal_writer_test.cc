#include "audit/wal_writer.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>

#include "os/file.h"
#include "wal_support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

struct Fixture {
  Disk disk;
  DiskFolder folder{disk};
  SetClock clock;
  DiceRandom random{1};

  Result<WalWriter> open(const WalSizes& sizes = kSmallWal) {
    return WalWriter::open(folder, recover(folder).scan, sizes, clock, random);
  }
  static void write(WalWriter& writer, const std::string& record) {
    REQUIRE(writer.append(record));
    REQUIRE(writer.commit());
  }
  std::size_t creations() const {
    return static_cast<std::size_t>(
        std::ranges::count(folder.steps, Step::Kind::create, &Step::kind));
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "records that cannot be taken are refused, and the log goes on") {
  CHECK(open({.block = 7}).error().kind() == ErrorKind::invalid);
  CHECK(disk.files().empty());
  WalWriter writer = open().value();
  CHECK(writer.append("").error().kind() == ErrorKind::invalid);
  CHECK(writer.append(std::string(kMaxWalRecord + 1, 'x')).error().kind() == ErrorKind::invalid);
  REQUIRE(writer.append(std::string(kSmallWal.group - kWalFrameHead, 'x')));
  CHECK(writer.append("y").error().kind() == ErrorKind::limit);
  CHECK(writer.size() == 1);
  CHECK(writer.durable() == 0);
  CHECK(writer.release(1).error().kind() == ErrorKind::internal);
  REQUIRE(writer.commit());
  CHECK(writer.durable() == 1);
  write(writer, "y");
  CHECK(recover(disk).records.back() == "y");
}

TEST_CASE_METHOD(Fixture, "the first error is final") {
  const struct {
    const char* name;
    std::function<void(DiskFolder&)> harm;
    ErrorKind kind;
  } rows[] = {
      {"the device does not sync", [](DiskFolder& f) { f.fail_sync_in = 0; }, ErrorKind::io},
      {"the device does not write", [](DiskFolder& f) { f.fail_write_in = 0; }, ErrorKind::io},
      {"the file was moved", [](DiskFolder& f) { f.moved_file = "1"; }, ErrorKind::conflict},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      WalWriter writer = open().value();
      write(writer, "one");
      row.harm(folder);
      REQUIRE(writer.append("two"));
      CHECK(writer.commit().error().kind() == row.kind);
      CHECK(writer.durable() == 1);
      folder.moved_file.clear();
      const std::size_t steps = folder.steps.size();
      CHECK(writer.commit().error().kind() == ErrorKind::io);
      CHECK(writer.append("three").error().kind() == ErrorKind::io);
      CHECK(writer.release(1).error().kind() == ErrorKind::io);
      clock.now += kWatchEvery;
      CHECK(writer.watch().error().kind() == ErrorKind::io);
      CHECK(folder.steps.size() == steps);
    }
  }
}

TEST_CASE_METHOD(Fixture, "a release that fails is final too, and nothing is used again") {
  WalWriter writer = open().value();
  while (creations() == 3 && writer.spare_bytes() > kSmallWal.segment)
    write(writer, std::string(900, 'x'));
  const std::uint64_t spare = writer.spare_bytes();
  folder.fail_sync_in = 0;
  CHECK(writer.release(writer.durable()).error().kind() == ErrorKind::io);
  CHECK(writer.spare_bytes() == spare);
  CHECK(writer.append("x").error().kind() == ErrorKind::io);
}

// The kernel calls pages clean that it could not write. Whoever believes them builds on nothing.
TEST_CASE_METHOD(Fixture, "after a failed sync a new start believes the device") {
  // Far behind the head, which is read anew anyway.
  const WalSizes sizes{.block = 4096, .segment = 256 * kKiB, .segments = 1, .group = 64 * kKiB};
  const std::string large(60'000, 'x');
  {
    WalWriter writer = open(sizes).value();
    for (int i = 0; i < 3; ++i) write(writer, large);
    folder.fail_sync_in = 0;
    REQUIRE(writer.append("two"));
    REQUIRE_FALSE(writer.commit());
  }
  CHECK(disk.read("1").contains("two"));  // in the kernel's memory
  {
    WalWriter writer = open(sizes).value();
    CHECK(writer.durable() == 3);
    write(writer, "other");
  }
  disk.cut_power();
  const Recovered found = recover(disk, 4);
  CHECK_FALSE(found.scan.damage);
  CHECK(found.records == std::vector<std::string>{large, large, large, "other"});
}

TEST_CASE_METHOD(Fixture, "a group is one write and one sync, and sectors are written once") {
  WalWriter writer = open().value();
  std::uint64_t end = 0;
  for (int i = 0; i < 8; ++i) {
    folder.steps.clear();
    for (int more = 0; more <= i % 3; ++more) REQUIRE(writer.append(std::string(100, 'x')));
    REQUIRE(writer.commit());
    REQUIRE(folder.steps.size() == 2);
    CHECK(folder.steps[0].kind == Step::Kind::write);
    CHECK(folder.steps[0].bytes.size() % kSmallWal.block == 0);
    CHECK(folder.steps[0].offset % kSmallWal.block == 0);
    CHECK(folder.steps[0].offset >= end);
    CHECK(folder.steps[1].kind == Step::Kind::sync);
    end = folder.steps[0].offset + folder.steps[0].bytes.size();
  }
  folder.steps.clear();
  REQUIRE(writer.commit());  // nothing waits
  CHECK(folder.steps.empty());
}

TEST_CASE_METHOD(Fixture, "segments exist up front and are used again") {
  WalWriter writer = open().value();
  CHECK(creations() == kSmallWal.segments);
  CHECK(writer.spare_bytes() == 3 * kSmallWal.segment - kSmallWal.block);
  for (int i = 0; i < 200; ++i) {
    write(writer, std::string(700, 'x'));
    if (i % 5 == 4) REQUIRE(writer.release(writer.durable()));
  }
  CHECK(creations() == kSmallWal.segments);
  CHECK(recover(disk).scan.newest > 10);
  const std::uint64_t state_writes = recover(disk).scan.state.sequence;
  REQUIRE(writer.release(writer.durable()));
  REQUIRE(writer.release(3));  // known already
  CHECK(recover(disk).scan.state.sequence == state_writes);
  // Without a release nothing is overwritten: there are more segments.
  for (int i = 0; i < 60; ++i) write(writer, std::string(700, 'y'));
  CHECK(creations() > kSmallWal.segments);
  const Recovered found = recover(disk, writer.durable());
  CHECK_FALSE(found.scan.damage);
  CHECK(found.records == std::vector<std::string>(60, std::string(700, 'y')));
}

TEST_CASE_METHOD(Fixture, "starts that write nothing use up no segments, and forget no gap") {
  {
    WalWriter writer = open().value();
    write(writer, "one");
    REQUIRE(writer.release(1));
  }
  for (int start = 0; start < 10; ++start) {
    WalWriter writer = open().value();
    REQUIRE(writer.release(1));
    CHECK(writer.spare_bytes() == 3 * kSmallWal.segment - kSmallWal.block);
  }
  CHECK(creations() == kSmallWal.segments);
  const WalGap gap = accept_loss(folder, recover(folder, 9).scan, 1).value();
  for (int start = 0; start < 10; ++start) {
    WalWriter writer = open().value();
    REQUIRE(writer.release(1));
    CHECK(recover(folder).scan.pending_gap() == gap);
  }
  const Recovered found = recover(folder, 1);
  CHECK_FALSE(found.scan.damage);
  CHECK(found.scan.next.index == 1);
}

TEST_CASE_METHOD(Fixture, "a full disk stops the log before the tiles have no room") {
  folder.disk_space.free_bytes = 3 * kSmallWal.segment - 1;
  CHECK(os::is_out_of_space(open().error()));
  CHECK_FALSE(disk.has("1"));
  folder.disk_space.free_bytes = 3 * kSmallWal.segment;
  WalWriter writer = open().value();
  CHECK(writer.space().value() == SpaceLevel::drain);
  folder.disk_space.free_bytes = 2 * kSmallWal.segment - 1;
  CHECK(writer.space().value() == SpaceLevel::stop);
  // What exists is used to its end.
  Result<void> committed;
  std::uint64_t written = 0;
  while (writer.append(std::string(900, 'x')) && (committed = writer.commit())) ++written;
  REQUIRE_FALSE(committed);
  CHECK(os::is_out_of_space(committed.error()));
  CHECK(written >= 3 * (kSmallWal.segment / 1024 - 1));
  CHECK(recover(disk).scan.next.index == written);
  CHECK(creations() == 3);
}

TEST_CASE_METHOD(Fixture, "segments of another size are kept, and used if they are large enough") {
  {
    WalWriter writer = open({.block = 512, .segment = 4096, .segments = 2, .group = 2000}).value();
    write(writer, "small");
  }
  {
    WalWriter writer = open().value();
    write(writer, "large");
    REQUIRE(writer.release(2));
    CHECK(creations() == 4);
    CHECK(disk.size_of("3") == kSmallWal.segment);
  }
  {
    WalWriter writer = open({.block = 1024, .segment = 4096, .segments = 2, .group = 2000}).value();
    write(writer, "again");
    CHECK(creations() == 4);
  }
  const Recovered found = recover(disk);
  CHECK_FALSE(found.scan.damage);
  CHECK(found.scan.next.index == 3);
}

TEST_CASE_METHOD(Fixture, "files and folder are looked at every second and every thousand groups") {
  WalWriter writer = open().value();
  const int opened = folder.watched;
  for (std::uint32_t i = 1; i < kWatchGroups; ++i) {
    write(writer, "x");
    if (i % 8 == 0) REQUIRE(writer.release(writer.durable()));
  }
  CHECK(folder.watched == opened);
  write(writer, "x");
  CHECK(folder.watched == opened + 1);
  clock.now += kWatchEvery - Duration(1);
  REQUIRE(writer.watch());
  write(writer, "x");
  CHECK(folder.watched == opened + 1);
  clock.now += Duration(1);
  write(writer, "x");
  CHECK(folder.watched == opened + 2);
  clock.now += kWatchEvery;
  REQUIRE(writer.watch());
  CHECK(folder.watched == opened + 3);

  const auto is_seen = [&](const std::function<void()>& harm) {
    WalWriter watched = open().value();
    write(watched, "good");
    harm();
    clock.now += kWatchEvery;
    const auto idle = watched.watch();
    const bool seen = !idle && idle.error().kind() == ErrorKind::conflict && !watched.append("x");
    folder.moved = false;
    folder.moved_file.clear();
    return seen;
  };
  CHECK(is_seen([&] { folder.moved = true; }));
  for (const std::string& file : disk.files()) {
    CAPTURE(file);
    CHECK(is_seen([&] { folder.moved_file = file; }));
  }
}
