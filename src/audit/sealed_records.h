// The records that a checkpoint speaks of, from the bundles of a folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record_source.h"
#include "audit/tile_source.h"
#include "base/result.h"

namespace glovebox::audit {

class SealedRecords final : public RecordSource {
 public:
  // `tiles` outlives this. `size`: of the checkpoint.
  SealedRecords(const TileSource& tiles, std::uint64_t size) : tiles_(&tiles), size_(size) {}

  // Errors: conflict (a bundle is missing or damaged), those of the source.
  Result<std::optional<StoredRecord>> next() override;
  void skip_to(std::uint64_t index) { at_ = index; }
  // The checkpoint speaks of more by now.
  void grow(std::uint64_t size) { size_ = size; }

  std::uint64_t at() const { return at_; }
  std::uint64_t size() const { return size_; }

 private:
  Result<void> load(std::uint64_t bundle);

  const TileSource* tiles_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  std::optional<std::uint64_t> loaded_;  // which bundle `bytes_` is
  std::string bytes_;
  std::vector<std::string_view> records_;  // of `bytes_`
};

}  // namespace glovebox::audit
