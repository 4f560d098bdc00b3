// A store of records in memory, for tests of the auditor's role.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/record_store.h"
#include "codec/merkle.h"

namespace glovebox::roles {

// Records in memory; the device fails when it is told to.
class MemoryStore final : public audit::RecordStore {
 public:
  std::uint64_t size() const override { return lines.size(); }
  bool has_room() const override { return true; }
  Result<std::optional<audit::Seal>> begin_seal(const audit::RecordTime&) override {
    return std::nullopt;
  }
  Result<audit::RecordPlace> append(std::string_view record,
                                    const std::optional<audit::Salt>&) override {
    lines.emplace_back(record);
    return audit::RecordPlace{lines.size() - 1, codec::leaf_hash(record)};
  }
  Result<void> flush() override {
    ++flushes;
    if (flushes > good_flushes) return Error(ErrorKind::io, "fdatasync: EIO");
    return {};
  }
  Result<void> settle() override { return {}; }
  Result<std::string> publish() override {
    seals.push_back(lines.size());
    return std::string("checkpoint");
  }
  audit::SpaceLevel space() const override { return audit::SpaceLevel::ample; }
  std::vector<std::string> lines;
  std::vector<std::size_t> seals;
  int flushes = 0;
  int good_flushes = 1'000'000;
};

}  // namespace glovebox::roles
