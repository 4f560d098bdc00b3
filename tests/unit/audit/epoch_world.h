// A log with epochs in memory: its records, the file of its keys, both clocks, and a power cut at
// any write.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../salted_record.h"

#include "audit/epoch_keeper.h"
#include "audit/epoch_rules.h"
#include "audit/record_head.h"
#include "tile_log.h"

namespace glovebox::audit::test {

constexpr std::size_t kSector = 512;

// What is left of a write that the power cut fell into.
struct Torn {
  bool landed = false;            // of a file that is made, of a flush: all of it or nothing
  std::size_t first_sectors = 0;  // of a slot: these are new,
  std::size_t last_sectors = 0;   // and these; the rest is as it was
};

// Counts what is written to stable storage, and cuts the power at one of these writes.
class Power {
 public:
  void cut_at(std::size_t write, Torn torn) {
    cut_at_ = writes_ + write;
    torn_ = torn;
  }
  // What is left of this write, if it is the one.
  std::optional<Torn> next_write() {
    if (writes_++ != cut_at_) return std::nullopt;
    off_ = true;
    return torn_;
  }
  bool off() const { return off_; }
  void on() {
    off_ = false;
    cut_at_.reset();
  }
  std::size_t writes() const { return writes_; }

 private:
  std::size_t writes_ = 0;
  std::optional<std::size_t> cut_at_;
  Torn torn_;
  bool off_ = false;
};

inline Error power_cut() {
  return {ErrorKind::io, "power cut"};
}

class MemoryEpochFile final : public EpochFile {
 public:
  explicit MemoryEpochFile(Power& power) : power_(power) {}

  Result<std::optional<Secret>> read() override {
    if (!bytes) return std::optional<Secret>();
    return std::optional(Secret::take(std::string(*bytes)));
  }
  Result<void> make(std::string_view made) override {
    if (power_.off()) return power_cut();
    const auto torn = power_.next_write();
    if (!torn || torn->landed) bytes = std::string(made);
    if (torn) return power_cut();
    return {};
  }
  Result<void> write_slot(std::size_t slot, std::string_view written) override {
    if (power_.off()) return power_cut();
    const auto torn = power_.next_write();
    constexpr std::size_t kSectors = kEpochSlotBytes / kSector;
    for (std::size_t i = 0; i < kSectors; ++i)
      if (!torn || i < torn->first_sectors || i >= kSectors - torn->last_sectors)
        bytes->replace(slot * kEpochSlotBytes + i * kSector, kSector, written, i * kSector,
                       kSector);
    if (torn) return power_cut();
    return {};
  }
  bool is_erased(std::size_t slot) const {
    return bytes->substr(slot * kEpochSlotBytes, kEpochSlotBytes) ==
           std::string(kEpochSlotBytes, '\0');
  }

  std::optional<std::string> bytes;

 private:
  Power& power_;
};

class EpochWorld {
 public:
  // Starts a run of the auditor. `size` records are durable.
  Result<void> start() {
    ++run_;
    boot_us = 1'000'000;
    seen_ = {};
    for (const std::string& record : records)
      TRY(seen_.take(RecordHeadReader().read(record).value(), record));
    tree_ = tree_of(records.size());
    waiting_.clear();
    keeper.reset();
    keeper = TRY(EpochKeeper::open(file, kOrigin, seen_, random_));
    if (auto made = keeper->take_enrolment()) enrolment = std::move(made);
    return append(RecordKind::boot);
  }

  // One record, durable when it returns.
  Result<void> append(RecordKind kind) {
    TRY(seal_if_due());
    TRY(write(kind, {}));
    return flush();
  }
  Result<void> seal_if_due() {
    if (!keeper->due(now(), tree_.size())) return {};
    Seal seal = TRY(keeper->begin_seal(tree_.head(), now()));
    TRY(write(seal.kind, std::move(seal.members)));
    TRY(flush());
    return keeper->sealed();
  }
  void pass(Duration time) {
    const auto us = std::chrono::duration_cast<microseconds>(time).count();
    wall_us += us;
    boot_us += us;
  }
  RecordTime now() const { return {.wall = {wall_us}, .since_boot = microseconds(boot_us)}; }

  static TreeBuilder tree_of(const std::vector<std::string>& records, std::size_t size) {
    TreeBuilder tree;
    for (std::size_t i = 0; i < size; ++i) (void)tree.add(codec::leaf_hash(records.at(i)));
    return tree;
  }
  TreeBuilder tree_of(std::size_t size) const { return tree_of(records, size); }

  // Only what is on stable storage.
  std::vector<std::string> records;
  Power power;
  MemoryEpochFile file{power};
  std::optional<EpochKeeper> keeper;
  std::optional<Enrolment> enrolment;
  std::int64_t wall_us = 1'795'534'951'000'000;
  std::int64_t boot_us = 0;

 private:
  Result<void> write(RecordKind kind, codec::JsonObject members) {
    const std::string run = "b" + std::to_string(run_);
    const RecordStamp stamp{
        .wall = {wall_us}, .since_boot = microseconds(boot_us), .boot_id = run, .previous = {}};
    waiting_.push_back(
        glovebox::test::salted_record(kind, stamp, "", "", std::move(members)).value());
    (void)tree_.add(codec::leaf_hash(waiting_.back()));
    return {};
  }
  Result<void> flush() {
    if (power.off()) return power_cut();
    const auto torn = power.next_write();
    if (!torn || torn->landed) records.insert(records.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
    if (torn) return power_cut();
    return {};
  }

  HeldRandom random_;
  int run_ = 0;
  LogEpochs seen_;
  TreeBuilder tree_;
  std::vector<std::string> waiting_;
};

// What a verifier makes of records.
inline Result<EpochRules> follow(const std::vector<std::string>& records,
                                 const codec::NoteKey& epoch0, std::string_view origin = kOrigin) {
  EpochRules rules = TRY(EpochRules::make(origin, epoch0));
  TreeBuilder tree;
  for (const std::string& record : records) {
    const RecordHead head = TRY(RecordHeadReader().read(record));
    TRY(rules.take(head, record, tree));
    (void)tree.add(codec::leaf_hash(record));
  }
  return rules;
}

}  // namespace glovebox::audit::test
