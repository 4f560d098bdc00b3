#include "codec/tlog_tile.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("what is not the one name of a tile is refused") {
  const char* rows[] = {
      "",
      "tile",
      "tile/",
      "tile/0",
      "tile/0/",
      "/tile/0/000",
      "tile//000",
      "tile/0/0",
      "tile/0/00",
      "tile/0/0000",
      "tile/0/00a",
      "tile/0/-01",
      "tile/0/+01",
      "tile/0/ 01",
      "tile/00/000",
      "tile/8/000",
      "tile/63/000",
      "tile/-1/000",
      "tile/Entries/000",
      "tile/entries/",
      "tile/data/000",
      "tile/0/x000/001",
      "tile/0/x001",
      "tile/0/x001/",
      "tile/0/x001/x000",
      "tile/0/001/002",
      "tile/0/x01/002",
      "tile/0/x001//002",
      "tile/0/x001/../001",
      "tile/0/X001/002",
      "tile/0/000/",
      "tile/0/000.p",
      "tile/0/000.p/",
      "tile/0/000.p/0",
      "tile/0/000.p/01",
      "tile/0/000.p/256",
      "tile/0/000.p/-1",
      "tile/0/000.p/1.p/1",
      "tile/0/000.p/1/",
      "tile/0/000.P/1",
      "tile/0/x036/x028/x797/x018/x963/968",
      "tile/0/x999/x999/x999/x999/x999/999",
      "tile/0/x001/x000/x000/x000/x000/x000/000",
      "tile/0/000.p/99999999999999999999",
  };
  for (const char* row : rows) {
    CAPTURE(row);
    CHECK_FALSE(parse_tile_path(row));
  }
}

TEST_CASE("each place has a name and each name a place") {
  const TileRow entries = TileRow::entries();
  const TileRow zero = TileRow::hashes(0);
  const struct {
    const char* path;
    TilePlace place;
  } rows[] = {
      {"tile/0/000", {zero, 0, 256}},
      {"tile/0/000.p/1", {zero, 0, 1}},
      {"tile/0/000.p/255", {zero, 0, 255}},
      {"tile/7/999", {TileRow::hashes(7), 999, 256}},
      {"tile/1/x001/000", {TileRow::hashes(1), 1000, 256}},
      {"tile/entries/x001/x234/067", {entries, 1'234'067, 256}},
      {"tile/entries/x001/x234/067.p/112", {entries, 1'234'067, 112}},
      {"tile/entries/x001/x000/000", {entries, 1'000'000, 256}},
      {"tile/0/x036/x028/x797/x018/x963/967", {zero, kMaxTileIndex, 256}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.path);
    CHECK(tile_path(row.place) == row.path);
    CHECK(parse_tile_path(row.path).value() == row.place);
  }
}

// The example of the specification.
TEST_CASE("a tree of 70,000 has these tiles") {
  CHECK(hashes_at(70'000, 0) / kTileWidth == 273);
  CHECK(edge_width(70'000, 0) == 112);
  CHECK(hashes_at(70'000, 1) / kTileWidth == 1);
  CHECK(edge_width(70'000, 1) == 17);
  CHECK(hashes_at(70'000, 2) == 1);
  CHECK(edge_width(70'000, 2) == 1);
  CHECK(hashes_at(70'000, 3) == 0);
  CHECK(edge_width(256, 0) == 0);
  CHECK(edge_width(256, 1) == 1);
  CHECK(hashes_at((std::uint64_t{1} << 63) - 1, 7) == 127);
  CHECK(hashes_at((std::uint64_t{1} << 63) - 1, 8) == 0);
}

TEST_CASE("a bundle that does not hold exactly its entries is refused") {
  std::string bundle;
  for (const char* entry : {"one", "", "three"}) REQUIRE(append_to_bundle(bundle, entry));
  CHECK_FALSE(parse_bundle(bundle, 2));
  CHECK_FALSE(parse_bundle(bundle, 4));
  CHECK_FALSE(parse_bundle(bundle + '\0', 3));
  for (std::size_t size = 0; size < bundle.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_bundle(bundle.substr(0, size), 3));
  }
  CHECK(append_to_bundle(bundle, std::string(kMaxEntryBytes + 1, 'x')).error().kind() ==
        ErrorKind::limit);
  CHECK(parse_bundle(bundle, 3));  // nothing of it was added
}

TEST_CASE("a bundle gives back its entries") {
  const std::vector<std::string> entries{"one", "", std::string(kMaxEntryBytes, 'x'),
                                         std::string("\0\1", 2)};
  std::string bundle;
  for (const std::string& entry : entries) REQUIRE(append_to_bundle(bundle, entry));
  CHECK(bundle.starts_with(std::string("\0\3one\0\0\xff\xff", 9)));
  const auto parsed = parse_bundle(bundle, 4).value();
  CHECK(std::vector<std::string>(parsed.begin(), parsed.end()) == entries);
}

TEST_CASE("a tile of hashes has the length of its width") {
  const std::vector<Sha256Digest> hashes{sha256("a"), sha256("b"), sha256("c")};
  const std::string bytes = format_hash_tile(hashes);
  CHECK(bytes.size() == 96);
  CHECK(parse_hash_tile(bytes, 3).value() == hashes);
  CHECK_FALSE(parse_hash_tile(bytes, 2));
  CHECK_FALSE(parse_hash_tile(bytes, 4));
  CHECK_FALSE(parse_hash_tile(bytes.substr(1), 3));
}
