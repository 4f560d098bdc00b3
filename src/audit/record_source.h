// Where the records of a log come from, one after the other: a folder (log_reader.h), or memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace glovebox::audit {

struct StoredRecord {
  std::uint64_t index = 0;
  std::string_view bytes;  // as they are stored, valid until the next one is asked for
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // The next record; nothing behind the last. Nothing is checked but that there are records.
  virtual Result<std::optional<StoredRecord>> next() = 0;
};

class RecordsInMemory final : public RecordSource {
 public:
  explicit RecordsInMemory(std::vector<std::string> records) : records_(std::move(records)) {}
  Result<std::optional<StoredRecord>> next() override {
    if (at_ == records_.size()) return std::nullopt;
    const std::uint64_t index = at_++;
    return StoredRecord{index, records_[index]};
  }

 private:
  std::vector<std::string> records_;
  std::uint64_t at_ = 0;
};

}  // namespace glovebox::audit
