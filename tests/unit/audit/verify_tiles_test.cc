#include "audit/verify_tiles.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <set>
#include <thread>

#include "codec/checkpoint.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

// No record is anywhere but in bundles.
Result<std::optional<std::string>> no_tail(std::uint64_t) {
  return std::optional<std::string>();
}

LogReport verify(const std::filesystem::path& path, const LogCheck& check = {},
                 const TailReader& tail = no_tail) {
  HeldRandom random;
  return verify_tiles(LogDirectory::open_to_read(path).value(), check, tail, random).value();
}

// Verifies with the key of the log, as somebody does who kept it elsewhere.
LogReport verify(const TileLog& log, LogCheck check = {}) {
  check.key = log.key().public_key;
  return verify(log.path(), check);
}

// Bytes with one byte changed, each in turn, by every mask; every `step`th byte.
template <class Try>
void with_each_byte_changed(const std::filesystem::path& path, std::size_t step,
                            const Try& attempt) {
  const std::string good = read(path);
  for (std::size_t at = 0; at < good.size(); at += step) {
    for (const char mask : {'\x01', '\x80'}) {
      std::string changed = good;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      write(path, changed);
      attempt(at);
    }
  }
  write(path, good);
}

// A checkpoint over what somebody else says, signed with the key of the log: what only its holder
// can do, to see that the tiles are looked at and not only the signature.
void seal(const TileLog& log, const codec::TreeHead& tree) {
  write(log / "checkpoint",
        codec::sign_checkpoint({.origin = kOrigin, .tree = tree}, log.key().private_key).value());
}

}  // namespace

TEST_CASE("a sealed log is good, at any size") {
  TileLog log;
  for (const std::size_t more : {1u, 2u, 200u, 52u, 1u, 1u, 256u, 300u}) {
    log.add_samples(more);
    log.publish();
    const LogReport report = verify(log);
    CAPTURE(log.records.size(), report.reason);
    REQUIRE(report.verdict == Verdict::good);
    REQUIRE(report.records == log.records.size());
    REQUIRE(report.sealed == log.store().head());
    REQUIRE(report.unsealed() == 0);
  }
  const LogReport report = verify(log);
  CHECK(report.sessions == 3);
  CHECK(report.intents == 406);
  CHECK(report.results == 406);
  CHECK(report.origin == kOrigin);
  CHECK_FALSE(report.key_from_log);
  // Without a key from elsewhere: good, and it says what that is worth.
  CHECK(verify(log.path()).verdict == Verdict::good);
  CHECK(verify(log.path()).key_from_log);
}

TEST_CASE("a sealed folder with any one byte changed is never good") {
  TileLog log;
  for (const std::size_t more : {2u, 3u, 4u}) {
    log.add_samples(more);
    log.publish();
  }
  REQUIRE(verify(log).verdict == Verdict::good);
  std::size_t flips = 0;
  std::size_t not_found = 0;
  for (const auto& [name, bytes] : files_below(log.path())) {
    if (name == "key") continue;  // never in what is given away
    with_each_byte_changed(log / name, 1, [&](std::size_t) {
      ++flips;
      if (verify(log).verdict == Verdict::good) ++not_found;
    });
  }
  CHECK(flips > 2 * 3000);
  CHECK(not_found == 0);
}

// All of them with GLOVEBOX_EVERY_BYTE set, which takes minutes.
TEST_CASE("a sealed folder with full tiles and any one byte changed is never good") {
  const std::size_t step = std::getenv("GLOVEBOX_EVERY_BYTE") != nullptr ? 1 : 211;
  TileLog log;
  for (const std::size_t more : {100u, 158u, 3u}) {
    log.add_samples(more);
    log.publish();
  }
  REQUIRE(verify(log).verdict == Verdict::good);
  std::size_t not_found = 0;
  for (const auto& [name, bytes] : files_below(log / "tile"))
    with_each_byte_changed(log / "tile" / name, step, [&](std::size_t) {
      if (verify(log).verdict == Verdict::good) ++not_found;
    });
  CHECK(not_found == 0);
}

TEST_CASE("a log in which any file is cut, longer or gone is never good") {
  TileLog log;
  for (const std::size_t more : {100u, 158u, 3u}) {
    log.add_samples(more);
    log.publish();
  }
  for (const auto& [name, good] : files_below(log.path())) {
    if (name == "key" || name == "key.pub") continue;
    CAPTURE(name);
    std::vector<std::string> changes{"", good + '\0', good + good, good.substr(1)};
    for (std::size_t size = 1; size < good.size(); size = size * 3 / 2 + 1)
      changes.push_back(good.substr(0, size));
    for (const std::string& changed : changes) {
      write(log / name, changed);
      CHECK(verify(log).verdict == Verdict::changed);
    }
    std::filesystem::remove(log / name);
    // This checkpoint needs no partial tile of an older one.
    const bool is_older = name.ends_with(".p/2");
    CHECK((verify(log).verdict == Verdict::good) == is_older);
    write(log / name, good);
  }
  CHECK(verify(log).verdict == Verdict::good);
}

TEST_CASE("what is missing is told apart from what was changed") {
  TileLog log;
  log.add_samples(300);
  log.publish();
  log.add_samples(300);
  log.publish();
  const struct {
    const char* name;
    Verdict verdict;
  } rows[] = {
      {"checkpoint", Verdict::incomplete},       // R5: a key, and no seal
      {"tile/0/000", Verdict::incomplete},       // can be made again
      {"tile/0/002.p/88", Verdict::incomplete},  // the specification wants it
      {"tile/1/000.p/2", Verdict::incomplete},
      {"tile/entries/000", Verdict::changed},  // a hole
      {"tile/entries/001", Verdict::changed},
      {"tile/entries/002.p/88", Verdict::incomplete},  // cut
      {"tile/1/000.p/1", Verdict::good},               // of an older checkpoint
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const std::string good = read(log / row.name);
    std::filesystem::remove(log / row.name);
    const LogReport report = verify(log);
    CAPTURE(report.reason);
    CHECK(report.verdict == row.verdict);
    write(log / row.name, good);
  }
  std::filesystem::remove_all(log / "tile");
  CHECK(verify(log).verdict == Verdict::incomplete);
}

TEST_CASE("a log that was cut at any record is incomplete, below what is known changed") {
  constexpr std::size_t kSize = 40;
  TileLog log;
  log.add_samples(kSize);
  log.publish();
  std::string bundle;
  std::string hashes;
  std::filesystem::remove(log / "tile/entries/000.p/40");
  std::filesystem::remove(log / "tile/0/000.p/40");
  for (std::size_t size = 1; size < kSize; ++size) {
    codec::append_to_bundle(bundle, log.records[size - 1]).value();
    hashes += codec::leaf_hash(log.records[size - 1]).view();
    const std::string name = "tile/entries/000.p/" + std::to_string(size);
    const std::string tile = "tile/0/000.p/" + std::to_string(size);
    write(log / name, bundle);
    write(log / tile, hashes);
    const LogReport report = verify(log);
    CAPTURE(size, report.reason);
    CHECK(report.verdict == Verdict::incomplete);
    CHECK(report.records == size);
    CHECK(verify(log, {.min_size = size}).verdict == Verdict::incomplete);
    CHECK(verify(log, {.min_size = size + 1}).verdict == Verdict::changed);
    std::filesystem::remove(log / name);
    std::filesystem::remove(log / tile);
  }
}

TEST_CASE("an older state with its older checkpoint is seen by who knows the size") {
  TileLog log;
  log.add_samples(5);
  log.publish();
  CHECK(verify(log).verdict == Verdict::good);
  CHECK(verify(log, {.min_size = 5}).verdict == Verdict::good);
  const LogReport report = verify(log, {.min_size = 6});
  CHECK(report.verdict == Verdict::changed);
  CHECK(report.reason == "cut: there were at least 6 records, 5 are there and sealed");
  std::filesystem::remove(log / "checkpoint");
  CHECK(verify(log, {.min_size = 1}).verdict == Verdict::changed);
}

TEST_CASE("records behind the checkpoint are never taken for sealed") {
  TileLog log;
  log.add_samples(10);
  const std::string checkpoint = log.publish();
  log.add_samples(5);
  log.publish();
  write(log / "checkpoint", checkpoint);  // as a crash before the last step leaves it
  const LogReport report = verify(log);
  CHECK(report.verdict == Verdict::incomplete);
  CHECK(report.reason == "5 records are behind the checkpoint");
  CHECK(report.unsealed() == 5);
  CHECK(report.tail == milliseconds(4));
  CHECK(verify(log, {.max_tail = milliseconds(4)}).verdict == Verdict::good);
  CHECK(verify(log, {.max_tail = milliseconds(3)}).verdict == Verdict::incomplete);

  // The same when they are in no bundle yet.
  std::filesystem::remove(log / "tile/entries/000.p/15");
  std::filesystem::remove(log / "tile/0/000.p/15");
  const TailReader tail = [&](std::uint64_t index) -> Result<std::optional<std::string>> {
    if (index >= log.records.size()) return std::optional<std::string>();
    return std::optional<std::string>(log.records[index]);
  };
  const LogReport more = verify(log.path(), {.key = log.key().public_key}, tail);
  CHECK(more.verdict == Verdict::incomplete);
  CHECK(more.records == 15);
  CHECK(more.unsealed() == 5);
  const TailReader bad = [&](std::uint64_t index) -> Result<std::optional<std::string>> {
    return std::optional<std::string>(log.records[index - 1]);
  };
  CHECK(verify(log.path(), {.max_tail = seconds(60)}, bad).bad_record == 10);
  const TailReader broken = [&](std::uint64_t) -> Result<std::optional<std::string>> {
    return Error(ErrorKind::io, "read");
  };
  HeldRandom random;
  CHECK(verify_tiles(log.directory(), {}, broken, random).error().kind() == ErrorKind::io);
}

TEST_CASE("a forged tail is checked like any record") {
  TileLog log;
  log.add_samples(10);
  const std::string checkpoint = log.publish();
  RecordMaker other;
  other.boot = "b9";
  log.add(other.make(RecordKind::boot));
  log.publish();
  write(log / "checkpoint", checkpoint);
  const LogReport report = verify(log, {.max_tail = seconds(60)});
  CHECK(report.verdict == Verdict::changed);
  CHECK(report.bad_record == 10);
}

TEST_CASE("a key or a checkpoint of somebody else is refused") {
  TileLog log;
  log.add_samples(5);
  log.publish();
  TileLog forged(77);
  forged.add_samples(6);
  forged.publish();
  const codec::NoteKey key = log.key().public_key;

  // The forger's whole folder.
  CHECK(verify(forged.path(), {.key = key}).verdict == Verdict::changed);
  // With the right key beside it.
  write(forged / "key.pub", read(log / "key.pub"));
  CHECK(verify(forged.path(), {.key = key}).verdict == Verdict::changed);
  CHECK(verify(forged.path()).verdict == Verdict::changed);
  // The right tiles under the forger's checkpoint.
  write(log / "checkpoint", read(forged / "checkpoint"));
  CHECK(verify(log.path(), {.key = key}).verdict == Verdict::changed);
  // No key at all.
  std::filesystem::remove(log / "key.pub");
  CHECK(verify(log.path()).verdict == Verdict::incomplete);
  CHECK(verify(log.path()).reason == "no key to check the checkpoint with");
  write(log / "key.pub", "nonsense\n");
  CHECK(verify(log.path()).verdict == Verdict::changed);
  write(log / "key.pub", std::string(5000, 'x'));
  CHECK(verify(log.path()).verdict == Verdict::changed);
}

TEST_CASE("a checkpoint that the log signed over another tree is refused") {
  TileLog log;
  log.add_samples(300);
  log.publish();
  const codec::TreeHead good = log.store().head();
  REQUIRE(verify(log).verdict == Verdict::good);
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{299}}) {
    CAPTURE(size);
    seal(log, {.size = size, .root = good.root});
    CHECK(verify(log).verdict == Verdict::changed);
  }
  seal(log, {.size = 300, .root = codec::empty_root()});
  CHECK(verify(log).verdict == Verdict::changed);
  seal(log, {.size = 301, .root = good.root});
  CHECK(verify(log).verdict == Verdict::incomplete);
  seal(log, {.size = codec::kMaxTreeSize, .root = good.root});
  CHECK(verify(log).verdict == Verdict::incomplete);
}

TEST_CASE("what no log holds is found beside the tiles") {
  TileLog log;
  log.add_samples(300);
  log.publish();
  const auto with = [&](const std::string& name, std::string_view bytes) {
    std::filesystem::create_directories((log / name).parent_path());
    write(log / name, bytes);
    const LogReport report = verify(log);
    std::filesystem::remove(log / name);
    for (auto up = (log / name).parent_path(); std::filesystem::is_empty(up); up = up.parent_path())
      std::filesystem::remove(up);
    REQUIRE(verify(log).verdict == Verdict::good);
    return report.verdict;
  };
  CHECK(with("tile/x", "x") == Verdict::changed);
  CHECK(with("tile/0/2", "x") == Verdict::changed);
  CHECK(with("tile/9/000", "x") == Verdict::changed);
  CHECK(with("tile/0/000.p/300", "x") == Verdict::changed);
  CHECK(with("tile/entries/002.p/1", std::string("\0\1x", 3)) == Verdict::changed);  // a hole
  CHECK(with("tile/entries/x001/000", "x") == Verdict::changed);
  CHECK(with("tile/0/001.p/7", std::string(7 * 32, 'x')) == Verdict::changed);
  CHECK(with("tile/1/000.p/2", std::string(64, 'x')) == Verdict::changed);
  CHECK(with("tile/2/000.p/1", std::string(32, 'x')) == Verdict::incomplete);
  CHECK(with("tile/0/.new-1", "x") == Verdict::good);  // never finished
  std::filesystem::create_symlink(log / "checkpoint", log / "tile/0/001.p/3");
  CHECK(verify(log).verdict == Verdict::changed);
}

TEST_CASE("sealed records that break a rule are told by their number") {
  const auto verdict_of = [](const std::vector<std::string>& records) {
    TileLog log;
    for (const std::string& record : records) log.add(record);
    log.publish();
    return verify(log);
  };
  RecordMaker maker;
  const std::string boot = maker.make(RecordKind::boot);
  const std::string intent = maker.make(RecordKind::tool_intent, "s", "t");
  const std::string result = maker.make(RecordKind::tool_result, "s", "t");
  REQUIRE(verdict_of({boot, intent, result}).verdict == Verdict::good);
  const struct {
    const char* name;
    std::vector<std::string> records;
    std::uint64_t bad;
  } rows[] = {
      {"a space in it", {boot, intent.substr(0, 1) + " " + intent.substr(1)}, 1},
      {"a line feed behind it", {boot + "\n"}, 0},
      {"not JSON", {boot, "x"}, 1},
      {"empty", {boot, ""}, 1},
      {"one left out", {boot, result}, 1},
      {"in another order", {intent, boot}, 0},
      {"twice", {boot, intent, intent}, 2},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const LogReport report = verdict_of(row.records);
    CHECK(report.verdict == Verdict::changed);
    CHECK(report.bad_record == row.bad);
    CHECK(report.reason.starts_with("record " + std::to_string(row.bad) + ": "));
  }
}

TEST_CASE("an accepted loss is not good, a recovery is") {
  TileLog log;
  log.add(log.maker.make(RecordKind::boot));
  log.maker.boot = "b2";
  log.add(log.maker.make(RecordKind::recovery));
  log.add(log.maker.make(RecordKind::boot));
  log.publish();
  CHECK(verify(log).verdict == Verdict::good);
  CHECK(verify(log).recoveries == 1);
  log.add(log.maker.make(RecordKind::gap));
  log.publish();
  CHECK(verify(log).verdict == Verdict::incomplete);
  CHECK(verify(log).gaps == 1);
}

TEST_CASE("a log is good at any moment while it is written") {
  TileLog log;
  log.add_samples(200);
  log.publish();
  const LogCheck check{.key = log.key().public_key, .max_tail = seconds(3600)};
  std::atomic<bool> ended = false;
  std::thread writer([&] {
    for (std::size_t i = 0; i < 30; ++i) {
      log.add_samples(1 + i * 7 % 40);
      log.publish();
    }
    ended = true;
  });
  std::set<std::string> reasons;
  std::uint64_t most = 0;
  while (!ended) {
    const LogReport report = verify(log.path(), check);
    if (report.verdict != Verdict::good) reasons.insert(report.reason);
    most = std::max(most, report.records);
  }
  writer.join();
  CHECK(reasons == std::set<std::string>());
  CHECK(most >= 200);
  CHECK(verify(log).records == log.records.size());
}

TEST_CASE("a policy that was loaded must lie beside the log, as it was") {
  TileLog log;
  const std::string document = "the document";
  const codec::Sha256Digest policy = codec::sha256("the policy");
  codec::JsonObject members;
  members.set("pol", policy.hex());
  members.set("doc", codec::sha256(document).hex());
  log.add(log.maker.make(RecordKind::boot));
  log.add(log.maker.make(RecordKind::policy_load, "", "", members));
  log.publish();
  const std::string name = "policies/" + policy.hex();
  CHECK(verify(log).verdict == Verdict::incomplete);
  CHECK(verify(log).reason == name + " is missing");
  std::filesystem::create_directory(log / "policies");
  write(log / name, document);
  CHECK(verify(log).verdict == Verdict::good);
  write(log / name, "another document");
  CHECK(verify(log).verdict == Verdict::changed);
  std::filesystem::remove(log / name);
  std::filesystem::create_symlink(log / "checkpoint", log / name);
  CHECK(verify(log).verdict == Verdict::changed);
}

TEST_CASE("a log without records is not good") {
  TileLog log;
  CHECK(verify(log).verdict == Verdict::incomplete);
  log.publish();
  CHECK(verify(log).verdict == Verdict::incomplete);
  CHECK(verify(log).reason == "no records");
}
