// Merkle trees over SHA-256, as RFC 6962 §2.1 defines them: their hashes, and checks of proofs.
//
// A leaf and a node are hashed with different first bytes, so that neither can be taken for the
// other. Sizes and indices are below 2^63. What makes proofs is audit/tree_proof.h.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::codec {

constexpr std::uint64_t kMaxTreeSize = (std::uint64_t{1} << 63) - 1;
// Of an inclusion proof; a consistency proof may have one more.
constexpr std::size_t kMaxInclusionHashes = 63;

Sha256Digest leaf_hash(std::string_view entry);                               // SHA-256(00, entry)
Sha256Digest node_hash(const Sha256Digest& left, const Sha256Digest& right);  // SHA-256(01, both)
Sha256Digest empty_root();                                                    // SHA-256 of nothing

// The root of a tree whose leaves (or equally high subtrees) are these. At least one.
Sha256Digest root_of(std::span<const Sha256Digest> hashes);

// A tree as somebody states it.
struct TreeHead {
  std::uint64_t size = 0;
  Sha256Digest root;
  bool operator==(const TreeHead&) const = default;
};

// RFC 9162 §2.1.3.2: that entry `index` of the tree has this leaf hash. Errors: invalid (an index
// beyond the tree, a proof of another length), denied (it leads to another root).
Result<void> check_inclusion(const TreeHead& tree, std::uint64_t index, const Sha256Digest& leaf,
                             std::span<const Sha256Digest> proof);

// RFC 9162 §2.1.4.2: that `older` is how `newer` began. Equal sizes need equal roots and no proof;
// an empty tree is the beginning of every tree. Errors as above.
Result<void> check_consistency(const TreeHead& older, const TreeHead& newer,
                               std::span<const Sha256Digest> proof);

}  // namespace glovebox::codec
