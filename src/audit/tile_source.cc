#include "audit/tile_source.h"

#include <string_view>
#include <utility>

namespace glovebox::audit {

namespace {

// The bytes of the first `width` hashes or records of a tile that has `stored_width`.
Result<std::string> front_of(std::string stored, const codec::TilePlace& stored_as,
                             unsigned width) {
  const auto damaged = [&] {
    return Error(ErrorKind::conflict, codec::tile_path(stored_as) + " is damaged");
  };
  if (!stored_as.row.is_entries()) {
    if (stored.size() != stored_as.width * codec::kHashBytes) return damaged();
    stored.resize(width * codec::kHashBytes);
    return stored;
  }
  const auto records = codec::parse_bundle(stored, stored_as.width);
  if (!records) return damaged();
  const std::string_view last = (*records)[width - 1];
  stored.resize(static_cast<std::size_t>(last.data() + last.size() - stored.data()));
  return stored;
}

}  // namespace

Result<std::string> read_front(const TileSource& source, const codec::TilePlace& place) {
  if (auto stored = TRY(source.read(place)); stored)
    return front_of(*std::move(stored), place, place.width);
  codec::TilePlace full = place;
  full.width = codec::kTileWidth;
  if (!place.is_full()) {
    if (auto stored = TRY(source.read(full)); stored)
      return front_of(*std::move(stored), full, place.width);
  }
  return Error(ErrorKind::not_found, codec::tile_path(place) + " is missing");
}

Result<std::vector<codec::Sha256Digest>> read_hashes(const TileSource& source,
                                                     const codec::TilePlace& place) {
  return codec::parse_hash_tile(TRY(read_front(source, place)), place.width);
}

}  // namespace glovebox::audit
