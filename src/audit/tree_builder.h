// The tree of a log while it grows: what of it is not in full tiles yet.
//
// Of each level it holds the hashes of the tile that is not full, at most 255: the roots of all
// that came before. So memory is bounded whatever the size (64 KiB), the root of every size can be
// told, and each tile comes out once, when it is full.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "audit/tile_source.h"
#include "base/result.h"
#include "codec/digest.h"
#include "codec/merkle.h"
#include "codec/tlog_tile.h"

namespace glovebox::audit {

struct HashTile {
  codec::TilePlace place;
  std::vector<codec::Sha256Digest> hashes;
};

class TreeBuilder {
 public:
  TreeBuilder() = default;
  // Goes on behind a tree whose tiles are stored. Errors: not_found, conflict (a tile is missing or
  // damaged), those of the source. Whether it is the right tree, its root says.
  static Result<TreeBuilder> resume(const TileSource& source, std::uint64_t size);

  // Adds the hash of the next leaf. Returns the tiles that are full now, lowest level first.
  [[nodiscard]] std::vector<HashTile> add(const codec::Sha256Digest& leaf);

  std::uint64_t size() const { return size_; }
  codec::Sha256Digest root() const;
  codec::TreeHead head() const { return {.size = size_, .root = root()}; }
  // The hashes of the tile of `level` that is not full; may be empty.
  std::span<const codec::Sha256Digest> edge(unsigned level) const { return edges_.at(level); }

 private:
  std::array<std::vector<codec::Sha256Digest>, codec::kTileLevels> edges_;
  std::uint64_t size_ = 0;
};

}  // namespace glovebox::audit
