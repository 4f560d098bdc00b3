#include "audit/tree_proof.h"

#include <catch2/catch_test_macros.hpp>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

constexpr std::size_t kMost = 600;

// Tiles of 600 leaves, with the partial ones of every size.
struct Fixture {
  MemoryTiles tiles;
  std::vector<codec::Sha256Digest> leaves;
  std::vector<codec::TreeHead> heads{tiles.tree.head()};

  Fixture() {
    for (std::size_t i = 0; i < kMost; ++i) {
      leaves.push_back(codec::leaf_hash(std::to_string(i)));
      tiles.add(leaves.back());
      tiles.put_partials();
      heads.push_back(tiles.tree.head());
    }
  }
};

void update(codec::Sha256& all, const std::vector<codec::Sha256Digest>& proof) {
  for (const codec::Sha256Digest& hash : proof) all.update(hash.view());
}

}  // namespace

TEST_CASE_METHOD(Fixture, "what is beyond a tree has no proof") {
  TreeReader tree(tiles, 300);
  CHECK(tree.prove_inclusion(300).error().kind() == ErrorKind::limit);
  CHECK(tree.prove_consistency(301).error().kind() == ErrorKind::limit);
  CHECK(TreeReader(tiles, 0).prove_inclusion(0).error().kind() == ErrorKind::limit);
  CHECK(TreeReader(tiles, kMost + 1).root().error().kind() == ErrorKind::not_found);
  tiles.files["tile/0/000"].pop_back();
  CHECK(TreeReader(tiles, 300).prove_inclusion(0).error().kind() == ErrorKind::conflict);
}

// `tests/integration/audit_tiles.py vectors` prints the hashes of this file.
TEST_CASE_METHOD(Fixture, "proofs are those that another program makes") {
  codec::Sha256 inclusion;
  codec::Sha256 consistency;
  for (std::size_t size = 1; size <= kMost; size += 7) {
    TreeReader tree(tiles, size);
    for (std::size_t index = 0; index < size; index += 5)
      update(inclusion, tree.prove_inclusion(index).value());
    for (std::size_t older = 1; older <= size; older += 5)
      update(consistency, tree.prove_consistency(older).value());
  }
  CHECK(inclusion.finish().hex() ==
        "0c569dee25f7787f13d8317614a1dc9fe407e70b8890abdef00cc1b642f5dcfa");
  CHECK(consistency.finish().hex() ==
        "c9702f3a821481ce30ed099370a47959443576e2cf0666246df7dde6c433221d");
}

TEST_CASE_METHOD(Fixture, "every size has its root and proofs that hold") {
  for (std::size_t size = 0; size <= kMost; ++size) {
    CAPTURE(size);
    TreeReader tree(tiles, size);
    REQUIRE(tree.root().value() == heads[size].root);
    for (std::size_t index = size % 11; index < size; index += 11)
      REQUIRE(codec::check_inclusion(heads[size], index, leaves[index],
                                     tree.prove_inclusion(index).value()));
    for (std::size_t older = size % 13; older <= size; older += 13)
      REQUIRE(codec::check_consistency(heads[older], heads[size],
                                       tree.prove_consistency(older).value()));
  }
}
