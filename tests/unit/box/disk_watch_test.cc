#include "box/disk_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <format>
#include <fstream>
#include <string>

#include "os/file.h"
#include "os/identity.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

DiskUse use_of(const std::string& path, std::uint64_t enough = 1 * kGiB) {
  const auto folder = os::open_path(path, O_PATH | O_DIRECTORY);
  REQUIRE(folder);
  const auto use = disk_use(folder->get(), enough);
  REQUIRE(use);
  return *use;
}

void fill(const std::string& path, std::size_t bytes) {
  std::ofstream(path) << std::string(bytes, 'x');
  ::sync();  // blocks are given when they are written
}

}  // namespace

TEST_CASE("bytes and names of a workspace are counted") {
  const TestSession session;
  const std::string work = session.workspace();
  CHECK(use_of(work).bytes == 0);
  for (int i = 0; i < 100; ++i) fill(std::format("{}/{}", work, i), 0);
  CHECK(use_of(work).bytes == 100 * kNameCost);
  fill(work + "/big", 1 * kMiB);
  CHECK(use_of(work).bytes >= 1 * kMiB + 100 * kNameCost);
  CHECK(use_of(work).complete);
}

TEST_CASE("what lies too deep is not counted as nothing") {
  const TestSession session;
  std::string path = session.workspace();
  for (int i = 0; i < 250; ++i) path += "/d";
  std::filesystem::create_directories(path);
  CHECK_FALSE(use_of(session.workspace()).complete);
}

TEST_CASE("a deep file does not escape the limit") {
  const TestSession session;
  std::string path = session.workspace();
  for (int i = 0; i < 250; ++i) path += "/d";
  std::filesystem::create_directories(path);
  DiskWatch watch(session.workspace());
  IdMap ids;
  ids.outside_uid = os::effective_uid();
  ids.outside_gid = os::effective_gid();
  watch.begin(64 * kMiB, ids);
  CHECK(watch.look(64 * kMiB, ids) == DiskWatch::Verdict::fits);
  fill(path + "/big", 128 * kMiB);
  CHECK(watch.look(64 * kMiB, ids) == DiskWatch::Verdict::too_much);
}

namespace {
IdMap own_ids() {
  IdMap ids;
  ids.outside_uid = os::effective_uid();
  ids.outside_gid = os::effective_gid();
  return ids;
}
}  // namespace

TEST_CASE("calls that end before they are looked at add up") {
  constexpr std::uint64_t kLimit = 64 * kMiB;
  const TestSession session;
  DiskWatch watch(session.workspace());
  const IdMap ids = own_ids();
  for (int call = 0; call < 5; ++call) {
    watch.begin(kLimit, ids);
    CHECK(watch.first_look(kLimit) == DiskWatch::kInterval);
    fill(std::format("{}/{}", session.workspace(), call), 16 * kMiB);
  }
  watch.begin(kLimit, ids);
  CHECK(watch.first_look(kLimit) == DiskWatch::kIntervalAboveLimit);
  fill(session.workspace() + "/more", 16 * kMiB);
  CHECK(watch.look(kLimit, ids) == DiskWatch::Verdict::too_much);
}

TEST_CASE("what others give back does not hide for long what a call takes") {
  constexpr std::uint64_t kLimit = 32 * kMiB;
  const TestSession session, other;
  fill(other.workspace() + "/file", 64 * kMiB);
  DiskWatch watch(session.workspace());
  const IdMap ids = own_ids();
  watch.begin(kLimit, ids);
  CHECK(watch.look(kLimit, ids) == DiskWatch::Verdict::fits);
  fill(session.workspace() + "/file", 48 * kMiB);
  std::filesystem::remove(other.workspace() + "/file");
  ::sync();
  unsigned looks = 1;
  while (watch.look(kLimit, ids) == DiskWatch::Verdict::fits && looks < 1000) ++looks;
  CHECK(looks <= DiskWatch::kLooksToCount);
}

TEST_CASE("a session over its limit may remove what it has") {
  constexpr std::uint64_t kLimit = 32 * kMiB;
  const TestSession session;
  DiskWatch watch(session.workspace());
  const IdMap ids = own_ids();
  watch.begin(kLimit, ids);
  for (int file = 0; file < 4; ++file)
    fill(std::format("{}/{}", session.workspace(), file), 16 * kMiB);
  CHECK(watch.look(kLimit, ids) == DiskWatch::Verdict::too_much);
  watch.begin(kLimit, ids);
  std::filesystem::remove(session.workspace() + "/0");
  fill(session.workspace() + "/small", 1 * kMiB);
  ::sync();
  CHECK(watch.look(kLimit, ids) == DiskWatch::Verdict::fits);
}

}  // namespace glovebox::box::test
