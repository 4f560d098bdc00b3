#include "audit/tree_builder.h"

#include <catch2/catch_test_macros.hpp>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

codec::Sha256Digest leaf(std::size_t index) {
  return codec::leaf_hash(std::to_string(index));
}

}  // namespace

// `tests/integration/audit_tiles.py vectors` prints the hashes of this file.
TEST_CASE("a tree has the root of every size") {
  constexpr std::size_t kMost = 600;
  TreeBuilder tree;
  std::vector<codec::Sha256Digest> leaves;
  codec::Sha256 all;
  all.update(tree.root().view());
  for (std::size_t i = 0; i < kMost; ++i) {
    CHECK(tree.size() == i);
    leaves.push_back(leaf(i));
    (void)tree.add(leaves.back());
    REQUIRE(tree.root() == codec::root_of(leaves));
    all.update(tree.root().view());
  }
  CHECK(all.finish().hex() == "c8ff58d744b7d1074ade0c8b03281cca38fc68e42be2c7fca128e4e57829febd");
}

TEST_CASE("every tile comes out once, when it is full") {
  constexpr std::size_t kMost = 70'000;  // the example of the specification
  TreeBuilder tree;
  std::vector<std::uint64_t> next(codec::kTileLevels);
  for (std::size_t i = 0; i < kMost; ++i) {
    for (const HashTile& tile : tree.add(leaf(i))) {
      REQUIRE(tile.place.is_full());
      REQUIRE(tile.hashes.size() == codec::kTileWidth);
      REQUIRE(tile.place.index == next[tile.place.row.level()]++);
      REQUIRE(codec::hashes_at(tree.size(), tile.place.row.level()) % codec::kTileWidth == 0);
    }
  }
  CHECK(next == std::vector<std::uint64_t>{273, 1, 0, 0, 0, 0, 0, 0});
  CHECK(tree.edge(0).size() == 112);
  CHECK(tree.edge(1).size() == 17);
  CHECK(tree.edge(2).size() == 1);
  CHECK(tree.edge(3).empty());
  CHECK(tree.root().hex() == "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e");
}

TEST_CASE("a tree goes on from its tiles at any size") {
  constexpr std::size_t kMost = 530;
  for (std::size_t size = 0; size <= kMost; size += 53) {
    CAPTURE(size);
    MemoryTiles tiles;
    for (std::size_t i = 0; i < size; ++i) tiles.add(leaf(i));
    tiles.put_partials();
    TreeBuilder again = TreeBuilder::resume(tiles, size).value();
    REQUIRE(again.head() == tiles.tree.head());
    for (std::size_t i = size; i < kMost; ++i) {
      (void)again.add(leaf(i));
      (void)tiles.tree.add(leaf(i));
    }
    CHECK(again.head() == tiles.tree.head());
  }
}

TEST_CASE("a tree goes on from full tiles when partial ones were given up") {
  MemoryTiles tiles;
  TreeBuilder then;
  for (std::size_t i = 0; i < 512; ++i) {
    tiles.add(leaf(i));
    if (i < 300) (void)then.add(leaf(i));
    if (tiles.tree.size() == 300) tiles.put_partials();
  }
  tiles.files.erase("tile/0/001.p/44");
  CHECK(TreeBuilder::resume(tiles, 300)->head() == then.head());
}

TEST_CASE("a tree does not go on from tiles that are missing or damaged") {
  MemoryTiles tiles;
  for (std::size_t i = 0; i < 300; ++i) tiles.add(leaf(i));
  tiles.put_partials();
  REQUIRE(TreeBuilder::resume(tiles, 300));
  for (const char* name : {"tile/0/001.p/44", "tile/1/000.p/1"}) {
    CAPTURE(name);
    MemoryTiles changed = tiles;
    changed.files[name].pop_back();
    CHECK(TreeBuilder::resume(changed, 300).error().kind() == ErrorKind::conflict);
    changed.files.erase(name);
    CHECK(TreeBuilder::resume(changed, 300).error().kind() == ErrorKind::not_found);
  }
}
