#include "audit/tile_store.h"

#include <algorithm>

#include "codec/checkpoint.h"

namespace glovebox::audit {

namespace {

// What waits is written from here on, without a checkpoint.
constexpr std::size_t kWriteAt = kMaxWaitingBytes / 4;
constexpr codec::TileRow kEntries = codec::TileRow::entries();

Error failed_before() {
  return Error(ErrorKind::io, "the tiles of the audit log could not be written before");
}

// Every row that trees have.
std::vector<codec::TileRow> all_rows() {
  std::vector<codec::TileRow> rows{kEntries};
  for (unsigned level = 0; level < codec::kTileLevels; ++level)
    rows.push_back(codec::TileRow::hashes(level));
  return rows;
}

codec::TilePlace edge_place(codec::TileRow row, std::uint64_t size) {
  return {.row = row,
          .index = codec::hashes_at(size, row.level()) / codec::kTileWidth,
          .width = codec::edge_width(size, row.level())};
}

}  // namespace

Result<TileStore> TileStore::open(const LogDirectory& log, const LogKey& key, std::uint64_t size) {
  TileStore store(log, key);
  store.published_ = size;
  auto tree = TreeBuilder::resume(store.folder_, size);
  if (!tree && tree.error().kind() == ErrorKind::not_found)
    return Error(ErrorKind::conflict, tree.error().message());
  store.tree_ = TRY(std::move(tree));
  const codec::TilePlace edge = edge_place(kEntries, size);
  if (edge.width == 0) return store;
  auto bundle = read_front(store.folder_, edge);
  if (!bundle && bundle.error().kind() == ErrorKind::not_found)
    return Error(ErrorKind::conflict, bundle.error().message());
  store.bundle_ = TRY(std::move(bundle));
  const auto records = TRY(codec::parse_bundle(store.bundle_, edge.width));
  if (!std::ranges::equal(records, store.tree_.edge(0), {}, codec::leaf_hash))
    return Error(ErrorKind::conflict,
                 codec::tile_path(edge) + " does not hold what the tile beside it says");
  return store;
}

Result<codec::Sha256Digest> TileStore::add(std::string_view record) {
  if (poisoned_) return failed_before();
  if (waiting_bytes_ >= kMaxWaitingBytes)
    return Error(ErrorKind::limit, "too many tiles wait to be written");
  TRY(codec::append_to_bundle(bundle_, record));
  const codec::Sha256Digest leaf = codec::leaf_hash(record);
  const std::vector<HashTile> full = tree_.add(leaf);
  const auto wait = [&](const codec::TilePlace& place, std::string bytes) {
    waiting_bytes_ += bytes.size();
    waiting_.emplace_back(place, std::move(bytes));
  };
  // A bundle is full when its tile is; it goes first.
  if (!full.empty())
    wait({.row = kEntries, .index = full.front().place.index}, std::exchange(bundle_, {}));
  for (const HashTile& tile : full) wait(tile.place, codec::format_hash_tile(tile.hashes));
  return leaf;
}

Result<void> TileStore::take(std::string_view record) {
  if (waiting_bytes_ >= kWriteAt) TRY(write_full());
  TRY(add(record));
  return {};
}

Result<void> TileStore::write_waiting() {
  for (const auto& [place, bytes] : waiting_) TRY(folder_.write(place, bytes));
  waiting_.clear();
  waiting_bytes_ = 0;
  return {};
}

Result<void> TileStore::write_partials() {
  for (const codec::TileRow row : all_rows()) {
    const codec::TilePlace place = edge_place(row, size());
    if (place.width == 0) continue;
    TRY(folder_.write(
        place, row.is_entries() ? bundle_ : codec::format_hash_tile(tree_.edge(row.level()))));
  }
  return {};
}

// Of each row at most one tile had partial ones when it became full: the one at the edge of the
// size that was published before.
Result<void> TileStore::remove_superseded(std::uint64_t before) {
  for (const codec::TileRow row : all_rows()) {
    const std::uint64_t index = edge_place(row, before).index;
    if (index < edge_place(row, size()).index) TRY(folder_.remove_partials(row, index));
  }
  return {};
}

Result<void> TileStore::write_full() {
  if (poisoned_) return failed_before();
  auto written = write_waiting();
  poisoned_ = !written;
  return written;
}

Result<std::string> TileStore::publish_now(const Cosign& cosign) {
  TRY(log_.check_in_place());
  TRY(write_waiting());
  TRY(write_partials());
  const codec::Checkpoint checkpoint{.origin = key_.public_key.name(), .tree = tree_.head()};
  std::string note = TRY(codec::sign_checkpoint(checkpoint, key_.private_key));
  if (cosign) note += codec::format_signature_line(TRY(cosign(checkpoint)));
  TRY(log_.replace(kCheckpointName, note));
  TRY(remove_superseded(published_));
  published_ = size();
  return note;
}

Result<std::string> TileStore::publish(const Cosign& cosign) {
  if (poisoned_) return failed_before();
  auto note = publish_now(cosign);
  poisoned_ = !note;
  return note;
}

}  // namespace glovebox::audit
