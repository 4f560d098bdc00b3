// Tiles of a transparency log and bundles of its entries (C2SP tlog-tiles): names and bytes.
//
// A tile holds up to 256 hashes of one level: level 0 the leaves, each level above the roots of
// full tiles below. A bundle holds the entries of a tile of level 0, each behind its length as two
// bytes, big-endian. A tile that is not full is partial and stands under a name of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::codec {

constexpr unsigned kTileWidth = 256;
constexpr unsigned kTileHeight = 8;  // rows of the tree in one tile
constexpr unsigned kTileLevels = 8;  // that trees of up to 2^63 - 1 entries have
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kMaxEntryBytes = 65'535;
constexpr std::uint64_t kMaxTileIndex = (std::uint64_t{1} << 55) - 1;

// How many hashes a tree has at a level, and how many of them stand in the tile that is not full.
constexpr std::uint64_t hashes_at(std::uint64_t tree_size, unsigned level) {
  return level < kTileLevels ? tree_size >> (kTileHeight * level) : 0;
}
constexpr unsigned edge_width(std::uint64_t tree_size, unsigned level) {
  return static_cast<unsigned>(hashes_at(tree_size, level) % kTileWidth);
}

// One row of tiles: the entries, or the hashes of a level below kTileLevels.
class TileRow {
 public:
  static constexpr TileRow entries() { return TileRow(-1); }
  static constexpr TileRow hashes(unsigned level) { return TileRow(static_cast<int>(level)); }

  constexpr bool is_entries() const { return row_ < 0; }
  constexpr unsigned level() const { return row_ < 0 ? 0 : static_cast<unsigned>(row_); }
  std::string name() const;  // `entries`, or the level
  auto operator<=>(const TileRow&) const = default;

 private:
  constexpr explicit TileRow(int row) : row_(row) {}
  int row_;
};

struct TilePlace {
  TileRow row;
  std::uint64_t index = 0;      // up to kMaxTileIndex
  unsigned width = kTileWidth;  // 1 to kTileWidth; less than that is partial

  bool is_full() const { return width == kTileWidth; }
  bool operator==(const TilePlace&) const = default;
};

// `tile/0/x001/234.p/56`.
std::string tile_path(const TilePlace& place);
// The one spelling of each place and no other. Error: invalid.
Result<TilePlace> parse_tile_path(std::string_view path);

// The hashes of a tile. Error: invalid (not `width` times 32 bytes).
Result<std::vector<Sha256Digest>> parse_hash_tile(std::string_view bytes, unsigned width);
std::string format_hash_tile(std::span<const Sha256Digest> hashes);

// The entries of a bundle, into `bytes`. Error: invalid (not exactly `width` entries).
Result<std::vector<std::string_view>> parse_bundle(std::string_view bytes, unsigned width);
// Adds one entry to the bytes of a bundle. Error: limit (more than kMaxEntryBytes).
Result<void> append_to_bundle(std::string& bundle, std::string_view entry);

}  // namespace glovebox::codec
