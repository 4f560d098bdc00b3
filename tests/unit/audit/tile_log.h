// Logs in tiles, for tests: in memory, or in a folder of their own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../salted_record.h"

#include "audit/log_directory.h"
#include "audit/log_key.h"
#include "audit/record.h"
#include "audit/session_chains.h"
#include "audit/tile_source.h"
#include "audit/tile_store.h"
#include "audit/tree_builder.h"
#include "codec/merkle.h"
#include "folder.h"
#include "support.h"

namespace glovebox::audit::test {

inline const std::string kOrigin = "example.com/glovebox/m1/2026";

// The tiles of leaves that are added, without entries.
class MemoryTiles final : public TileSource {
 public:
  void add(const codec::Sha256Digest& leaf) {
    for (const HashTile& tile : tree.add(leaf)) put(tile.place, tile.hashes);
  }
  // Stores the partial tiles of the present size.
  void put_partials() {
    for (unsigned level = 0; level < codec::kTileLevels; ++level)
      if (const auto edge = tree.edge(level); !edge.empty())
        put({.row = codec::TileRow::hashes(level),
             .index = codec::hashes_at(tree.size(), level) / codec::kTileWidth,
             .width = static_cast<unsigned>(edge.size())},
            edge);
  }
  Result<std::optional<std::string>> read(const codec::TilePlace& place) const override {
    const auto found = files.find(codec::tile_path(place));
    if (found == files.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }

  TreeBuilder tree;
  std::map<std::string, std::string> files;

 private:
  void put(const codec::TilePlace& place, std::span<const codec::Sha256Digest> hashes) {
    files[codec::tile_path(place)] = codec::format_hash_tile(hashes);
  }
};

// Records with the chains of their sessions, not yet in any log.
class RecordMaker {
 public:
  std::string make(RecordKind kind, std::string_view session = "", std::string_view tool_use = "",
                   codec::JsonObject members = {}) {
    ++count_;
    const RecordStamp stamp{.wall = {1'795'534'951'000'000 + wall_step + 1000 * count_},
                            .since_boot = milliseconds(1 + count_),
                            .boot_id = boot,
                            .previous = chains_.previous(session)};
    std::string line =
        glovebox::test::salted_record(kind, stamp, session, tool_use, std::move(members)).value();
    chains_.set(session, codec::leaf_hash(line)).value();
    return line;
  }
  // boot, then calls of several sessions, as many as there is place for.
  std::string next_sample() {
    const std::uint64_t turn = turn_++;
    if (turn == 0) return make(RecordKind::boot);
    const std::uint64_t call = (turn - 1) / 2;
    const std::string session = "s" + std::to_string(call / 4 % 3);
    const std::string id = "toolu_" + std::to_string(call);
    if (turn % 2 == 0) return make(RecordKind::tool_result, session, id);
    codec::JsonObject members;
    members.set("tool", "bash");
    members.set("arg", std::string(call % 7, 'x'));
    return make(RecordKind::tool_intent, session, id, std::move(members));
  }

  std::string boot = "b1";
  std::int64_t wall_step = 0;

 private:
  SessionChains chains_;
  std::int64_t count_ = 0;
  std::uint64_t turn_ = 0;
};

// A log in a folder, as the auditor writes it.
class TileLog {
 public:
  explicit TileLog(std::uint8_t seed = 1) : random_(seed) {}

  std::filesystem::path path() const { return folder_ / "audit"; }
  std::filesystem::path operator/(std::string_view name) const { return path() / name; }
  const LogDirectory& directory() const { return directory_; }
  const LogKey& key() const { return key_; }
  TileStore& store() { return *store_; }
  const TileStore& store() const { return *store_; }
  // Opens the store anew, as a new auditor does.
  void reopen(std::uint64_t size) {
    store_.emplace(TileStore::open(directory_, key_, size).value());
  }

  void add(std::string_view record) {
    records.emplace_back(record);
    store_->add(record).value();
  }
  void add_samples(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) add(maker.next_sample());
  }
  std::string publish() { return store_->publish().value(); }

  RecordMaker maker;
  std::vector<std::string> records;

 private:
  Folder folder_;
  HeldRandom random_;
  LogDirectory directory_ = LogDirectory::open_to_write(folder_ / "audit").value();
  LogKey key_ = load_or_make_key(directory_, kOrigin, LogIs::empty, random_).value();
  std::optional<TileStore> store_{TileStore::open(directory_, key_, 0).value()};
};

// Every file below a folder, by its name in it.
inline std::map<std::string, std::string> files_below(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[std::filesystem::relative(entry.path(), folder)] = read(entry.path());
  return files;
}

}  // namespace glovebox::audit::test
