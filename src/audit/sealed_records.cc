#include "audit/sealed_records.h"

#include "codec/tlog_tile.h"

namespace glovebox::audit {

Result<void> SealedRecords::load(std::uint64_t bundle) {
  const bool full = bundle < size_ / codec::kTileWidth;
  const codec::TilePlace place{.row = codec::TileRow::entries(),
                               .index = bundle,
                               .width = full ? codec::kTileWidth : codec::edge_width(size_, 0)};
  loaded_.reset();
  auto bytes = read_front(*tiles_, place);
  if (!bytes && bytes.error().kind() == ErrorKind::not_found)
    return Error(ErrorKind::conflict, bytes.error().message());
  bytes_ = TRY(std::move(bytes));
  records_ = TRY_CONTEXT(codec::parse_bundle(bytes_, place.width), codec::tile_path(place));
  loaded_ = bundle;
  return {};
}

Result<std::optional<StoredRecord>> SealedRecords::next() {
  if (at_ >= size_) return std::nullopt;
  const std::uint64_t bundle = at_ / codec::kTileWidth;
  const std::uint64_t place = at_ % codec::kTileWidth;
  // One that was not full when it was loaded may have grown.
  if (loaded_ != bundle || place >= records_.size()) TRY(load(bundle));
  return StoredRecord{at_++, records_[place]};
}

}  // namespace glovebox::audit
