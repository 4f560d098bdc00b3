#include "audit/wal_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>

#include "folder.h"
#include "os/file.h"
#include "wal_support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

struct Fixture {
  Folder folder;
  LogDirectory log = LogDirectory::open_to_write(folder / "audit").value();
  SetClock clock;
  DiceRandom random{1};

  Result<WalDirectory> open() { return WalDirectory::open(log, folder / "audit"); }
  std::filesystem::path segment(int number) const {
    return folder / ("audit/wal/000" + std::to_string(number) + ".wal");
  }
};

std::string all_of(WalDevice& device) {
  std::string bytes(device.size() + 1, '?');
  bytes.resize(device.read(0, bytes).value());
  return bytes;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "files that are not ours alone are refused") {
  const struct {
    const char* name;
    std::function<void(const std::filesystem::path&)> harm;
  } rows[] = {
      {"readable by others", [](const auto& path) { set_mode(path, 0644); }},
      {"a second name",
       [](const auto& path) {
         REQUIRE(::link(path.c_str(), (path.string() + ".2").c_str()) == 0);
       }},
      {"a link",
       [](const auto& path) {
         std::filesystem::rename(path, path.string() + ".real");
         std::filesystem::create_symlink(path.string() + ".real", path);
       }},
      {"a folder",
       [](const auto& path) {
         std::filesystem::remove(path);
         std::filesystem::create_directory(path);
       }},
  };
  WalDirectory wal = open().value();
  for (const auto& row : rows) {
    CAPTURE(row.name);
    REQUIRE(wal.create_segment(1, 4096));
    row.harm(segment(1));
    CHECK(wal.open_segment(1).error().kind() == ErrorKind::denied);
    REQUIRE(wal.make_state("state"));
    row.harm(folder / "audit/state");
    CHECK(wal.open_state().error().kind() == ErrorKind::denied);
    for (const char* name : {"audit/wal", "audit"})
      for (const auto& entry : std::filesystem::directory_iterator(folder / name))
        if (entry.path().filename() != "wal") std::filesystem::remove(entry.path());
  }
  CHECK(wal.open_segment(1).error().kind() == ErrorKind::not_found);
  CHECK(wal.open_state().value() == nullptr);
  CHECK(open().error().kind() == ErrorKind::exists);  // locked
}

TEST_CASE_METHOD(Fixture, "a segment is made of real zeros, for us alone") {
  constexpr std::uint64_t kSize = 3 * kMiB + 4096;
  WalDirectory wal = open().value();
  const WalDevicePtr device = wal.create_segment(12, kSize).value();
  CHECK(device->size() == kSize);
  const os::FileFacts facts = os::facts_of_path(folder / "audit/wal/0012.wal").value();
  CHECK(facts.mode == 0600);
  CHECK(facts.size == kSize);
  CHECK(facts.allocated >= kSize);
  CHECK(all_of(*device) == std::string(kSize, '\0'));
  CHECK_FALSE(wal.create_segment(12, kSize));
  CHECK(wal.segments().value() == std::vector<std::uint32_t>{12});
  REQUIRE(device->write(4000, "across a page" + std::string(200, '!')));
  REQUIRE(device->sync());
  REQUIRE(device->drop_cache(0, 0));
  CHECK(all_of(*wal.open_segment(12).value()).substr(4000, 13) == "across a page");
}

TEST_CASE_METHOD(Fixture, "other names are no segments, and what was not finished goes") {
  {
    WalDirectory wal = open().value();
    REQUIRE(wal.create_segment(7, 4096));
    REQUIRE(wal.create_segment(10'000, 4096));
    for (const char* name : {"1.wal", "0001.wal2", "00001.wal", "x001.wal", ".wal", "-001.wal",
                             "0003.lost", "99999999999.wal", ".new-0002.wal"})
      write(folder / "audit/wal" / name, "x");
    CHECK(wal.segments().value() == std::vector<std::uint32_t>{7, 10'000});
  }
  const WalDirectory again = open().value();
  CHECK_FALSE(std::filesystem::exists(folder / "audit/wal/.new-0002.wal"));
  CHECK(std::filesystem::exists(folder / "audit/wal/0003.lost"));
}

TEST_CASE_METHOD(Fixture, "a file or folder that is no longer in its place is seen") {
  WalDirectory wal = open().value();
  const auto seen = [&](const std::function<void()>& harm) {
    const WalDevicePtr device = wal.create_segment(1, 4096).value();
    REQUIRE(device->check_in_place());
    harm();
    const auto checked = device->check_in_place();
    std::filesystem::remove(segment(1));
    std::filesystem::remove(segment(2));
    return !checked && checked.error().kind() == ErrorKind::conflict;
  };
  const std::filesystem::path path = segment(1);
  CHECK(seen([&] { std::filesystem::remove(path); }));
  CHECK(seen([&] { std::filesystem::rename(path, segment(2)); }));
  CHECK(seen([&] { REQUIRE(::link(path.c_str(), segment(2).c_str()) == 0); }));
  CHECK(seen([&] { std::filesystem::resize_file(path, 4095); }));
  CHECK(seen([&] { std::filesystem::resize_file(path, 4097); }));
  CHECK(seen([&] {
    std::filesystem::copy_file(path, segment(2));
    std::filesystem::rename(segment(2), path);
  }));
  REQUIRE(wal.check_in_place());
  std::filesystem::rename(folder / "audit/wal", folder / "audit/wal2");
  CHECK(wal.check_in_place().error().kind() == ErrorKind::conflict);
  std::filesystem::rename(folder / "audit/wal2", folder / "audit/wal");
  REQUIRE(wal.check_in_place());
  std::filesystem::rename(folder / "audit", folder / "elsewhere");
  CHECK(wal.check_in_place().error().kind() == ErrorKind::conflict);
}

TEST_CASE_METHOD(Fixture, "what is set aside keeps its bytes and never comes back") {
  WalDirectory wal = open().value();
  for (const char* kept : {"0001.lost", "0001-1.lost", "0001-2.lost"}) {
    const WalDevicePtr device = wal.create_segment(1, 4096).value();
    REQUIRE(device->write(0, kept));
    REQUIRE(wal.set_aside(1));
    CHECK(read(folder / "audit/wal" / kept).starts_with(kept));
    CHECK(wal.segments()->empty());
  }
  CHECK(wal.set_aside(1).error().kind() == ErrorKind::not_found);
}

TEST_CASE_METHOD(Fixture, "a log on a real disk is written, damaged, and found again") {
  const WalSizes sizes{.block = 4096, .segment = 128 * kKiB, .segments = 2, .group = 64 * kKiB};
  std::vector<std::string> written;
  for (int start = 0; start < 3; ++start) {
    WalDirectory wal = open().value();
    const Recovered found = recover(wal, written.size());
    REQUIRE_FALSE(found.scan.damage);
    CHECK(found.in_order);
    CHECK(found.records == std::vector<std::string>(written.begin() + static_cast<std::ptrdiff_t>(
                                                                          found.scan.state.durable),
                                                    written.end()));
    WalWriter writer = WalWriter::open(wal, found.scan, sizes, clock, random).value();
    for (int i = 0; i < 40; ++i) {
      written.push_back("record " + std::to_string(written.size()));
      REQUIRE(writer.append(written.back()));
      REQUIRE(writer.commit());
      if (i % 16 == 15) REQUIRE(writer.release(writer.durable() - 3));
    }
  }
  {
    WalDirectory wal = open().value();
    CHECK(wal.segments()->size() <= 4);
    WalWriter writer = WalWriter::open(wal, recover(wal).scan, sizes, clock, random).value();
    std::filesystem::remove(segment(1));
    REQUIRE(writer.append("never acknowledged"));
    clock.now += kWatchEvery;
    CHECK(writer.commit().error().kind() == ErrorKind::conflict);
  }
}
