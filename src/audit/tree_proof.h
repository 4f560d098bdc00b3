// Proofs from the tiles of a log: that a record is in a tree (RFC 6962 §2.1.1), and that a tree is
// how another one began (§2.1.2).
//
// Nothing that is read is trusted: whoever uses a proof checks it (codec/merkle.h).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "audit/tile_source.h"
#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

// A tree of a certain size, of which the tiles may hold more. Memory: at most a few tiles a level.
class TreeReader {
 public:
  // `source` outlives the reader.
  TreeReader(const TileSource& source, std::uint64_t size) : source_(source), size_(size) {}

  // Errors of all: not_found, conflict (a tile is missing or damaged), those of the source.
  Result<codec::Sha256Digest> root();
  // Also: limit (an index beyond the tree).
  Result<std::vector<codec::Sha256Digest>> prove_inclusion(std::uint64_t index);
  // Also: limit (`size` is beyond the tree).
  Result<std::vector<codec::Sha256Digest>> prove_consistency(std::uint64_t size);

 private:
  // Leaves from `begin` up to `end`, a subtree of this tree.
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  struct Halves {
    Range left;
    Range right;
  };
  static Halves split(Range range);
  Result<codec::Sha256Digest> hash_of(Range range);
  Result<codec::Sha256Digest> hash_of_full(Range range);
  using Tile = std::vector<codec::Sha256Digest>;
  Result<const Tile*> tile(unsigned level, std::uint64_t index);

  const TileSource& source_;
  std::uint64_t size_;
  std::map<std::pair<unsigned, std::uint64_t>, Tile> tiles_;
};

}  // namespace glovebox::audit
