#include "codec/merkle.h"

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

using Hashes = std::vector<Sha256Digest>;

Hashes numbered_leaves(std::size_t count) {
  Hashes leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(std::to_string(i)));
  return leaves;
}

std::span<const Sha256Digest> first(const Hashes& hashes, std::size_t count) {
  return std::span(hashes).first(count);
}

// RFC 6962 §2.1.1 and §2.1.2, word for word.
Hashes path(std::size_t index, std::span<const Sha256Digest> leaves) {
  if (leaves.size() == 1) return {};
  const std::size_t k = std::bit_floor(leaves.size() - 1);
  const bool left = index < k;
  Hashes proof = left ? path(index, leaves.first(k)) : path(index - k, leaves.subspan(k));
  proof.push_back(root_of(left ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

Hashes subproof(std::size_t size, std::span<const Sha256Digest> leaves, bool known) {
  if (size == leaves.size()) return known ? Hashes{} : Hashes{root_of(leaves)};
  const std::size_t k = std::bit_floor(leaves.size() - 1);
  const bool left = size <= k;
  Hashes proof =
      left ? subproof(size, leaves.first(k), known) : subproof(size - k, leaves.subspan(k), false);
  proof.push_back(root_of(left ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

TreeHead head(const Hashes& leaves, std::size_t size) {
  return {.size = size, .root = size == 0 ? empty_root() : root_of(first(leaves, size))};
}

// Every proof that differs from a good one in one place.
std::vector<Hashes> spoilt(const Hashes& proof) {
  std::vector<Hashes> all;
  for (std::size_t i = 0; i < proof.size(); ++i) {
    Hashes changed = proof;
    changed[i].bytes[i % 32] ^= 1;
    all.push_back(changed);
    Hashes shorter = proof;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    all.push_back(shorter);
    if (i + 1 < proof.size()) {
      Hashes swapped = proof;
      std::swap(swapped[i], swapped[i + 1]);
      all.push_back(swapped);
    }
  }
  for (std::size_t i = 0; i <= proof.size(); ++i) {
    Hashes longer = proof;
    longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(i), Sha256Digest{});
    all.push_back(longer);
  }
  return all;
}

}  // namespace

TEST_CASE("proofs that are not of this leaf, place or tree are refused") {
  constexpr std::size_t kMost = 33;
  const Hashes leaves = numbered_leaves(kMost + 1);
  for (std::size_t size = 1; size <= kMost; ++size) {
    const TreeHead tree = head(leaves, size);
    for (std::size_t index = 0; index < size; ++index) {
      CAPTURE(size, index);
      const Hashes proof = path(index, first(leaves, size));
      REQUIRE(check_inclusion(tree, index, leaves[index], proof));
      for (const Hashes& bad : spoilt(proof))
        REQUIRE_FALSE(check_inclusion(tree, index, leaves[index], bad));
      REQUIRE_FALSE(check_inclusion(tree, index, leaves[index + 1], proof));
      REQUIRE_FALSE(check_inclusion({.size = size, .root = leaves[kMost]}, index,
                                    leaves[index == kMost ? 0 : index], proof));
      for (std::size_t other = 0; other <= size; ++other)
        if (other != index) REQUIRE_FALSE(check_inclusion(tree, other, leaves[index], proof));
    }
  }
}

TEST_CASE("proofs that a tree began otherwise are refused") {
  constexpr std::size_t kMost = 33;
  const Hashes leaves = numbered_leaves(kMost);
  for (std::size_t size = 1; size <= kMost; ++size) {
    for (std::size_t older = 1; older <= size; ++older) {
      CAPTURE(size, older);
      const Hashes proof = subproof(older, first(leaves, size), true);
      const TreeHead from = head(leaves, older);
      const TreeHead to = head(leaves, size);
      REQUIRE(check_consistency(from, to, proof));
      for (const Hashes& bad : spoilt(proof)) REQUIRE_FALSE(check_consistency(from, to, bad));
      REQUIRE_FALSE(check_consistency({.size = older, .root = leaves[0]},
                                      {.size = size, .root = leaves[1]}, proof));
      REQUIRE_FALSE(check_consistency(from, {.size = size, .root = empty_root()}, proof));
      REQUIRE_FALSE(check_consistency({.size = older, .root = empty_root()}, to, proof));
      if (older != size) REQUIRE_FALSE(check_consistency(to, from, proof));
    }
  }
}

TEST_CASE("an index or a size beyond the tree has no proof") {
  const Hashes leaves = numbered_leaves(2);
  CHECK(check_inclusion({.size = 0, .root = empty_root()}, 0, leaves[0], {}).error().kind() ==
        ErrorKind::invalid);
  CHECK_FALSE(check_inclusion({.size = 1, .root = leaves[0]}, 1, leaves[0], {}));
  CHECK_FALSE(check_inclusion({.size = UINT64_MAX, .root = leaves[0]}, 0, leaves[0], {}));
  CHECK_FALSE(check_consistency({.size = 1, .root = leaves[0]},
                                {.size = UINT64_MAX, .root = leaves[0]}, {}));
  CHECK(check_inclusion({.size = 1, .root = leaves[0]}, 0, leaves[1], {}).error().kind() ==
        ErrorKind::denied);
}

TEST_CASE("an empty tree is the beginning of every tree, and no other is of it") {
  const Hashes leaves = numbered_leaves(3);
  const TreeHead empty{.size = 0, .root = empty_root()};
  CHECK(check_consistency(empty, head(leaves, 3), {}));
  CHECK(check_consistency(empty, empty, {}));
  CHECK_FALSE(check_consistency({.size = 0, .root = leaves[0]}, head(leaves, 3), {}));
  CHECK_FALSE(check_consistency(empty, {.size = 0, .root = leaves[0]}, {}));
  CHECK_FALSE(check_consistency(empty, head(leaves, 3), std::span(leaves).first(1)));
}

// The leaves that other implementations of RFC 6962 test themselves with.
TEST_CASE("roots are those that others compute") {
  const std::string entries[] = {
      "",
      std::string(1, '\0'),
      "\x10",
      "\x20\x21",
      "\x30\x31",
      "\x40\x41\x42\x43",
      "\x50\x51\x52\x53\x54\x55\x56\x57",
      "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
  };
  const std::string roots[] = {
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  };
  Hashes leaves;
  for (const std::string& entry : entries) {
    leaves.push_back(leaf_hash(entry));
    CAPTURE(leaves.size());
    CHECK(root_of(leaves).hex() == roots[leaves.size() - 1]);
  }
  CHECK(empty_root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a node cannot be taken for a leaf") {
  const Hashes leaves = numbered_leaves(2);
  const std::string both = std::string(leaves[0].view()) + std::string(leaves[1].view());
  CHECK(leaf_hash(both) != node_hash(leaves[0], leaves[1]));
}
