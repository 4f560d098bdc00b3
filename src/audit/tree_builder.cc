#include "audit/tree_builder.h"

#include <optional>
#include <utility>

namespace glovebox::audit {

Result<TreeBuilder> TreeBuilder::resume(const TileSource& source, std::uint64_t size) {
  TreeBuilder tree;
  tree.size_ = size;
  for (unsigned level = 0; level < codec::kTileLevels; ++level) {
    const unsigned width = codec::edge_width(size, level);
    if (width == 0) continue;
    tree.edges_[level] =
        TRY(read_hashes(source, {.row = codec::TileRow::hashes(level),
                                 .index = codec::hashes_at(size, level) / codec::kTileWidth,
                                 .width = width}));
  }
  return tree;
}

std::vector<HashTile> TreeBuilder::add(const codec::Sha256Digest& leaf) {
  std::vector<HashTile> full;
  ++size_;
  codec::Sha256Digest hash = leaf;
  for (unsigned level = 0; level < codec::kTileLevels; ++level) {
    std::vector<codec::Sha256Digest>& edge = edges_[level];
    edge.push_back(hash);
    if (edge.size() < codec::kTileWidth) break;
    hash = codec::root_of(edge);
    full.push_back({.place = {.row = codec::TileRow::hashes(level),
                              .index = codec::hashes_at(size_, level) / codec::kTileWidth - 1},
                    .hashes = std::exchange(edge, {})});
  }
  return full;
}

codec::Sha256Digest TreeBuilder::root() const {
  std::optional<codec::Sha256Digest> right;
  for (const std::vector<codec::Sha256Digest>& edge : edges_) {
    std::vector<codec::Sha256Digest> hashes = edge;
    // What is right of the full subtrees of a level is the last of them, only smaller.
    if (right) hashes.push_back(*right);
    if (!hashes.empty()) right = codec::root_of(hashes);
  }
  return right.value_or(codec::empty_root());
}

}  // namespace glovebox::audit
