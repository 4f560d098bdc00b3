#include "codec/merkle.h"

#include <bit>

namespace glovebox::codec {

namespace {

constexpr std::string_view kLeafMark("\0", 1);
constexpr std::string_view kNodeMark("\1", 1);

Error bad_length() {
  return Error(ErrorKind::invalid, "a proof of the wrong length for this tree");
}

Error wrong_root() {
  return Error(ErrorKind::denied, "the proof leads to another root");
}

// Where a walk from a leaf to the root stands: the node's number in its row, and the number of the
// last node of that row.
struct Walk {
  std::uint64_t node;
  std::uint64_t last;

  bool at_root() const { return last == 0; }
  // Whether the next hash of a proof stands to the left.
  bool left_is_next() const { return (node & 1) != 0 || node == last; }
  void up() {
    node >>= 1;
    last >>= 1;
  }
  // A last node without a sibling is its own parent: rows without a hash in the proof.
  void up_to_left_sibling() {
    while ((node & 1) == 0 && node != 0) up();
  }
};

}  // namespace

Sha256Digest leaf_hash(std::string_view entry) {
  return Sha256().update(kLeafMark).update(entry).finish();
}

Sha256Digest node_hash(const Sha256Digest& left, const Sha256Digest& right) {
  return Sha256().update(kNodeMark).update(left.view()).update(right.view()).finish();
}

Sha256Digest empty_root() {
  return sha256("");
}

Sha256Digest root_of(std::span<const Sha256Digest> hashes) {
  if (hashes.size() == 1) return hashes.front();
  const std::size_t left = std::bit_floor(hashes.size() - 1);
  return node_hash(root_of(hashes.first(left)), root_of(hashes.subspan(left)));
}

Result<void> check_inclusion(const TreeHead& tree, std::uint64_t index, const Sha256Digest& leaf,
                             std::span<const Sha256Digest> proof) {
  if (index >= tree.size || tree.size > kMaxTreeSize)
    return Error(ErrorKind::invalid, "an index beyond the tree");
  Walk walk{.node = index, .last = tree.size - 1};
  Sha256Digest hash = leaf;
  for (const Sha256Digest& next : proof) {
    if (walk.at_root()) return bad_length();
    if (walk.left_is_next()) {
      hash = node_hash(next, hash);
      walk.up_to_left_sibling();
    } else {
      hash = node_hash(hash, next);
    }
    walk.up();
  }
  if (!walk.at_root()) return bad_length();
  if (hash != tree.root) return wrong_root();
  return {};
}

Result<void> check_consistency(const TreeHead& older, const TreeHead& newer,
                               std::span<const Sha256Digest> proof) {
  if (older.size > newer.size || newer.size > kMaxTreeSize)
    return Error(ErrorKind::invalid, "an older tree that is larger than the newer one");
  if (older.size == 0 || older.size == newer.size) {
    if (!proof.empty()) return bad_length();
    const bool empty_as_it_must = older.size != 0 || older.root == empty_root();
    const bool the_same = older.size != newer.size || older.root == newer.root;
    if (!empty_as_it_must || !the_same) return wrong_root();
    return {};
  }
  Walk walk{.node = older.size - 1, .last = newer.size - 1};
  while ((walk.node & 1) != 0) walk.up();
  // The part that both trees share. A tree whose size is a power of two is itself that part.
  const bool whole = std::has_single_bit(older.size);
  if (!whole && proof.empty()) return bad_length();
  Sha256Digest old_hash = whole ? older.root : proof.front();
  Sha256Digest new_hash = old_hash;
  for (const Sha256Digest& next : proof.subspan(whole ? 0 : 1)) {
    if (walk.at_root()) return bad_length();
    if (walk.left_is_next()) {
      old_hash = node_hash(next, old_hash);
      new_hash = node_hash(next, new_hash);
      walk.up_to_left_sibling();
    } else {
      new_hash = node_hash(new_hash, next);
    }
    walk.up();
  }
  if (!walk.at_root()) return bad_length();
  if (old_hash != older.root || new_hash != newer.root) return wrong_root();
  return {};
}

}  // namespace glovebox::codec
