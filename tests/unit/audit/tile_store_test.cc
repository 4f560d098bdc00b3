#include "audit/tile_store.h"

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "audit/tile_folder.h"
#include "codec/checkpoint.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

std::set<std::string> names_below(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files_below(folder)) names.insert(name);
  return names;
}

codec::Checkpoint opened(const std::string& note, const LogKey& key) {
  return codec::open_checkpoint(note, std::span(&key.public_key, 1)).value().checkpoint;
}

}  // namespace

TEST_CASE("tiles that are there with other bytes are not written over") {
  for (const char* name : {"tile/entries/000.p/3", "tile/0/000.p/3"}) {
    CAPTURE(name);
    TileLog log;
    log.add_samples(3);
    std::filesystem::create_directories((log / name).parent_path());
    write(log / name, "x");
    CHECK(log.store().publish().error().kind() == ErrorKind::conflict);
    CHECK(read(log / name) == "x");
    CHECK_FALSE(std::filesystem::exists(log / "checkpoint"));
    // Final, whatever is done about it.
    std::filesystem::remove(log / name);
    CHECK(log.store().publish().error().kind() == ErrorKind::io);
    CHECK(log.store().write_full().error().kind() == ErrorKind::io);
    CHECK(log.store().add("x").error().kind() == ErrorKind::io);
  }
}

TEST_CASE("nothing is written through a link or into a folder that was moved") {
  TileLog log;
  Folder elsewhere;
  log.add_samples(3);
  SECTION("tile is a link") {
    std::filesystem::create_directory_symlink(elsewhere.path(), log / "tile");
    CHECK_FALSE(log.store().publish());
  }
  SECTION("a row is a link") {
    std::filesystem::create_directory(log / "tile");
    std::filesystem::create_directory_symlink(elsewhere.path(), log / "tile/entries");
    CHECK_FALSE(log.store().publish());
  }
  SECTION("moved") {
    std::filesystem::rename(log.path(), elsewhere / "log");
    CHECK(log.store().publish().error().kind() == ErrorKind::conflict);
    CHECK_FALSE(std::filesystem::exists(elsewhere / "log/checkpoint"));
    std::filesystem::remove_all(elsewhere / "log");
  }
  CHECK(std::filesystem::is_empty(elsewhere.path()));
}

TEST_CASE("records that are too long, or too many that wait, are refused") {
  TileLog log;
  CHECK(log.store().add(std::string(codec::kMaxEntryBytes + 1, 'x')).error().kind() ==
        ErrorKind::limit);
  CHECK(log.store().size() == 0);
  const std::string large(codec::kMaxEntryBytes, 'x');
  std::size_t taken = 0;
  while (log.store().add(large)) ++taken;
  CHECK(taken == 256);  // a bundle of 16 MiB, and 256 times two bytes
  CHECK(log.store().waiting_bytes() > kMaxWaitingBytes);
  REQUIRE(log.store().write_full());
  CHECK(log.store().waiting_bytes() == 0);
  CHECK(log.store().add(large));
}

TEST_CASE("a checkpoint stands over the tiles of its size") {
  TileLog log;
  const codec::Checkpoint empty = opened(log.publish(), log.key());
  CHECK(empty == codec::Checkpoint{.origin = kOrigin, .tree = {0, codec::empty_root()}});
  CHECK(names_below(log.path()) == std::set<std::string>{"checkpoint", "key", "key.pub"});

  log.add_samples(3);
  CHECK(log.store().published() == 0);
  const codec::Checkpoint three = opened(log.publish(), log.key());
  CHECK(log.store().published() == 3);
  CHECK(three.tree == log.store().head());
  CHECK(names_below(log / "tile") == std::set<std::string>{"0/000.p/3", "entries/000.p/3"});
  std::string bundle;
  for (const std::string& record : log.records) codec::append_to_bundle(bundle, record).value();
  CHECK(read(log / "tile/entries/000.p/3") == bundle);

  log.add_samples(2);
  log.publish();
  CHECK(names_below(log / "tile") ==
        std::set<std::string>{"0/000.p/3", "0/000.p/5", "entries/000.p/3", "entries/000.p/5"});
  CHECK(opened(read(log / "checkpoint"), log.key()).tree.size == 5);
  // Again at the same size: the same bytes.
  const auto before = files_below(log.path());
  log.publish();
  CHECK(files_below(log.path()) == before);
}

TEST_CASE("partial tiles go when a checkpoint stands over the full one, full ones stay") {
  TileLog log;
  log.add_samples(255);
  log.publish();
  log.add_samples(1);
  REQUIRE(log.store().write_full());
  // Not yet: the checkpoint that is there speaks of the partial ones.
  CHECK(names_below(log / "tile") ==
        std::set<std::string>{"0/000", "0/000.p/255", "entries/000", "entries/000.p/255"});
  log.publish();
  CHECK(names_below(log / "tile") == std::set<std::string>{"0/000", "1/000.p/1", "entries/000"});
  log.add_samples(300);
  log.publish();
  CHECK(names_below(log / "tile") == std::set<std::string>{"0/000", "0/001", "0/002.p/44",
                                                           "1/000.p/1", "1/000.p/2", "entries/000",
                                                           "entries/001", "entries/002.p/44"});
  CHECK_FALSE(std::filesystem::exists(log / "tile/0/000.p"));
}

TEST_CASE("folders and files are the auditor's alone, whatever the umask") {
  TileLog log;
  const auto before = ::umask(0);
  log.add_samples(300);
  log.publish();
  ::umask(before);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(log.path())) {
    CAPTURE(entry.path());
    const auto mode = entry.status().permissions() & std::filesystem::perms::all;
    const auto wanted = entry.is_directory() ? 0700 : 0600;
    CHECK(mode == static_cast<std::filesystem::perms>(wanted));
  }
}

TEST_CASE("a store that is opened at the last checkpoint goes on with the same bytes") {
  for (const std::size_t sealed : {std::size_t{0}, std::size_t{3}, std::size_t{255},
                                   std::size_t{256}, std::size_t{300}, std::size_t{512}}) {
    CAPTURE(sealed);
    TileLog log;
    log.add_samples(sealed);
    log.publish();
    log.add_samples(270);
    // Killed after the full tiles were written, and after what was half written.
    REQUIRE(log.store().write_full());
    write(log / "tile/0/.new-0000000000000000", "half");
    const codec::TreeHead wanted = log.store().head();

    log.reopen(sealed);
    CHECK(log.store().size() == sealed);
    CHECK(log.store().published() == sealed);
    CHECK(log.store().head() == opened(read(log / "checkpoint"), log.key()).tree);
    for (std::size_t i = sealed; i < log.records.size(); ++i)
      REQUIRE(log.store().add(log.records[i]));
    log.publish();
    CHECK(log.store().head() == wanted);
    TileLog whole;
    whole.add_samples(sealed);
    whole.publish();
    whole.add_samples(270);
    whole.publish();
    auto files = files_below(log / "tile");
    files.erase("0/.new-0000000000000000");  // only where the store has written since
    CHECK(files == files_below(whole / "tile"));
  }
}

TEST_CASE("a store is not opened over tiles that are missing or do not fit") {
  TileLog log;
  log.add_samples(300);
  log.publish();
  const auto reopened = [&] { return TileStore::open(log.directory(), log.key(), 300); };
  REQUIRE(reopened());
  for (const char* name : {"tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"}) {
    CAPTURE(name);
    const std::string good = read(log / name);
    std::filesystem::remove(log / name);
    CHECK(reopened().error().kind() == ErrorKind::conflict);
    write(log / name, good.substr(1));
    CHECK(reopened().error().kind() == ErrorKind::conflict);
    write(log / name, good);
  }
  // A bundle of other records than the tile beside it.
  std::string bundle = read(log / "tile/entries/001.p/44");
  bundle.back() ^= 1;
  write(log / "tile/entries/001.p/44", bundle);
  CHECK(reopened().error().kind() == ErrorKind::conflict);
}
