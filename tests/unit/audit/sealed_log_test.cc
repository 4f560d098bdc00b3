#include "audit/sealed_log.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "audit/prove.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

std::vector<std::string> all_of(SealedRecords records) {
  std::vector<std::string> found;
  std::uint64_t first = 0;
  while (const auto record = records.next().value()) {
    if (found.empty()) first = record->index;
    CHECK(record->index == first + found.size());
    found.emplace_back(record->bytes);
  }
  return found;
}

}  // namespace

TEST_CASE("a folder that holds no sealed log is refused, saying what is missing") {
  const Folder folder;
  CHECK(SealedLog::open(folder / "none").error().kind() == ErrorKind::not_found);
  const auto empty = SealedLog::open(folder.path());
  CHECK(empty.error().message().contains("no key.pub\nhint: is it the folder of a log?"));
  TileLog log;
  const auto unsealed = SealedLog::open(log.path());
  CHECK(unsealed.error().kind() == ErrorKind::not_found);
  CHECK(unsealed.error().message().contains("no checkpoint\nhint: nothing in it was ever sealed"));
  log.add_samples(3);
  log.publish();
  REQUIRE(SealedLog::open(log.path()));
  write(log / "key.pub", note_key(test_key(9), kOrigin).to_string() + "\n");
  CHECK(SealedLog::open(log.path()).error().kind() == ErrorKind::denied);
  write(log / "key.pub", "no key\n");
  CHECK(SealedLog::open(log.path()).error().kind() == ErrorKind::invalid);
  std::filesystem::remove(log / "key.pub");
  std::filesystem::create_symlink("key", log / "key.pub");
  CHECK_FALSE(SealedLog::open(log.path()));
}

TEST_CASE("sealed records come in order, from any index, and none that is not sealed") {
  for (const std::size_t count : {1u, 255u, 256u, 257u, 512u, 600u}) {
    CAPTURE(count);
    TileLog log;
    log.add_samples(count);
    log.publish();
    log.add_samples(2);
    const auto sealed = SealedLog::open(log.path());
    REQUIRE(sealed);
    CHECK(sealed->tree().size == count);
    for (const std::size_t first : {std::size_t{0}, count / 2, count - 1, count, count + 5}) {
      CAPTURE(first);
      const auto from = std::min(first, count);
      CHECK(all_of(sealed->records(first)) ==
            std::vector<std::string>(log.records.begin() + static_cast<std::ptrdiff_t>(from),
                                     log.records.begin() + static_cast<std::ptrdiff_t>(count)));
    }
  }
}

TEST_CASE("a missing or damaged bundle is an error, not an end") {
  TileLog log;
  log.add_samples(300);
  log.publish();
  const auto sealed = SealedLog::open(log.path()).value();
  const std::string good = read(log / "tile/entries/000");
  write(log / "tile/entries/000", good.substr(0, good.size() - 1));
  SealedRecords damaged = sealed.records();
  CHECK_FALSE(damaged.next());
  CHECK_FALSE(damaged.next());
  std::filesystem::remove(log / "tile/entries/000");
  CHECK(sealed.records().next().error().kind() == ErrorKind::conflict);
  CHECK(sealed.records(256).next());
}

TEST_CASE("an opened log is read and proved after it was moved and after it grew") {
  TileLog log;
  log.add_samples(200);
  log.publish();
  SealedLog first = SealedLog::open(log.path()).value();
  const SealedLog sealed = std::move(first);
  log.add_samples(200);
  log.publish();
  CHECK(all_of(sealed.records()).size() == 200);
  const std::string proof = sealed.prove(199).value();
  const std::vector<codec::NoteKey> known{log.key().public_key};
  CHECK(check_proof(proof, known)->bytes == log.records[199]);
  CHECK(sealed.prove(200).error().kind() == ErrorKind::limit);
}
