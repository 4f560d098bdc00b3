#include "audit/tree_proof.h"

#include <algorithm>
#include <bit>
#include <format>
#include <span>
#include <utility>

#include "codec/merkle.h"
#include "codec/tlog_tile.h"

namespace glovebox::audit {

using codec::Sha256Digest;

TreeReader::Halves TreeReader::split(Range range) {
  const std::uint64_t middle = range.begin + std::bit_floor(range.end - range.begin - 1);
  return {.left = {range.begin, middle}, .right = {middle, range.end}};
}

Result<const TreeReader::Tile*> TreeReader::tile(unsigned level, std::uint64_t index) {
  const auto known = tiles_.find({level, index});
  if (known != tiles_.end()) return &known->second;
  const std::uint64_t rest = codec::hashes_at(size_, level) - index * codec::kTileWidth;
  const auto width = static_cast<unsigned>(std::min<std::uint64_t>(rest, codec::kTileWidth));
  Tile read = TRY(
      read_hashes(source_, {.row = codec::TileRow::hashes(level), .index = index, .width = width}));
  return &tiles_.emplace(std::pair(level, index), std::move(read)).first->second;
}

// As many leaves as a power of two: they stand together in one tile, at the level where they come
// to at most 128 hashes.
Result<Sha256Digest> TreeReader::hash_of_full(Range range) {
  const auto height = static_cast<unsigned>(std::countr_zero(range.end - range.begin));
  const unsigned level = height / codec::kTileHeight;
  const std::uint64_t first = range.begin >> (level * codec::kTileHeight);
  const std::size_t count = std::size_t{1} << (height % codec::kTileHeight);
  const Tile* tile = TRY(this->tile(level, first / codec::kTileWidth));
  return codec::root_of(std::span(*tile).subspan(first % codec::kTileWidth, count));
}

Result<Sha256Digest> TreeReader::hash_of(Range range) {
  if (std::has_single_bit(range.end - range.begin)) return hash_of_full(range);
  const Halves halves = split(range);
  const Sha256Digest left = TRY(hash_of(halves.left));
  return codec::node_hash(left, TRY(hash_of(halves.right)));
}

Result<Sha256Digest> TreeReader::root() {
  if (size_ == 0) return codec::empty_root();
  return hash_of({0, size_});
}

Result<std::vector<Sha256Digest>> TreeReader::prove_inclusion(std::uint64_t index) {
  if (index >= size_)
    return Error(ErrorKind::limit, std::format("no record {} among {}", index, size_));
  std::vector<Sha256Digest> proof;  // from the root down
  for (Range range{0, size_}; range.end - range.begin > 1;) {
    const auto [left, right] = split(range);
    const bool is_left = index < left.end;
    proof.push_back(TRY(hash_of(is_left ? right : left)));
    range = is_left ? left : right;
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<std::vector<Sha256Digest>> TreeReader::prove_consistency(std::uint64_t size) {
  if (size > size_)
    return Error(ErrorKind::limit, std::format("no tree of {} records among {}", size, size_));
  std::vector<Sha256Digest> proof;  // from the root down
  if (size == 0) return proof;
  Range range{0, size_};
  while (range.end != size) {
    const auto [left, right] = split(range);
    const bool is_left = size <= left.end;
    proof.push_back(TRY(hash_of(is_left ? right : left)));
    range = is_left ? left : right;
  }
  // What is left is the last part of the older tree; who has that whole tree needs no hash of it.
  if (range.begin != 0) proof.push_back(TRY(hash_of(range)));
  std::ranges::reverse(proof);
  return proof;
}

}  // namespace glovebox::audit
