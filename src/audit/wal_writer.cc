#include "audit/wal_writer.h"

#include <algorithm>
#include <format>
#include <span>
#include <utility>

#include "audit/wal_header.h"
#include "os/positioned_io.h"

namespace glovebox::audit {

namespace {

Error failed_before() {
  return Error(ErrorKind::io, "the write-ahead log has failed before");
}

}  // namespace

WalWriter::WalWriter(WalFolder& folder, const WalScan& scan, const WalSizes& sizes,
                     const Clock& clock, Random& random)
    : folder_(folder),
      sizes_(sizes),
      clock_(clock),
      random_(random),
      state_(scan.state),
      newest_(scan.newest),
      durable_(scan.next.index),
      chain_(scan.next.chain) {}

Result<WalWriter> WalWriter::open(WalFolder& folder, const WalScan& scan, const WalSizes& sizes,
                                  const Clock& clock, Random& random) {
  TRY(sizes.check());
  if (scan.damage) return damage_error(*scan.damage, scan.next.index);
  WalWriter writer(folder, scan, sizes, clock, random);
  TRY_CONTEXT(writer.prepare(scan), "write-ahead log");
  return writer;
}

Result<void> WalWriter::prepare(const WalScan& scan) {
  if (!scan.state_found) {
    state_ = {};
    TRY(folder_.make_state(format_wal_state(state_)));
  }
  state_file_ = TRY(folder_.open_state());
  for (const WalSegment& found : scan.segments) {
    Segment segment{.number = found.number,
                    .device = TRY(folder_.open_segment(found.number)),
                    .generation = found.generation,
                    .first = found.first};
    last_number_ = std::max(last_number_, found.number);
    if (found.use == WalSegment::Use::live)
      live_.push_back(std::move(segment));
    else if (fits(*segment.device))
      free_.push_back(std::move(segment));
  }
  std::ranges::sort(live_, {}, &Segment::generation);
  while (live_.size() + free_.size() < sizes_.segments) TRY(make_segment());
  group_.begin(durable_, chain_);
  TRY(begin_segment());
  return watch_all();
}

// Of a log that was made with other sizes, smaller segments are left alone.
bool WalWriter::fits(const WalDevice& device) const {
  return device.size() >= sizes_.segment && device.size() <= kMostWalSegment &&
         device.size() % sizes_.block == 0;
}

Result<void> WalWriter::make_segment() {
  const os::SpaceFacts disk = TRY(folder_.space());
  if (disk.free_bytes < sizes_.segment + least_free(sizes_.segment))
    return os::out_of_space("make a segment");
  const std::uint32_t number = last_number_ + 1;
  free_.push_back(
      {.number = number, .device = TRY(folder_.create_segment(number, sizes_.segment))});
  last_number_ = number;
  return {};
}

// The head is durable before the first group follows: a head that cannot be read later is damage
// and not a torn write.
Result<void> WalWriter::begin_segment() {
  if (free_.empty()) TRY(make_segment());
  Segment segment = std::move(free_.front());
  free_.erase(free_.begin());
  WalHeader header{.block = sizes_.block,
                   .segment = segment.device->size(),
                   .generation = newest_ + 1,
                   .first = durable_,
                   .chain = chain_};
  random_.fill(std::as_writable_bytes(std::span(header.salt)));
  TRY(segment.device->write(0, format_wal_header(header)));
  TRY(segment.device->sync());
  newest_ = header.generation;
  seed_ = header.seed();
  offset_ = header.block;
  segment.generation = header.generation;
  segment.first = header.first;
  live_.push_back(std::move(segment));
  return {};
}

Result<void> WalWriter::or_poison(Result<void> outcome) {
  if (outcome) return outcome;
  poisoned_ = true;
  return std::move(outcome).error().with_context("write-ahead log");
}

Result<WalWriter::Place> WalWriter::append(std::string_view record) {
  if (poisoned_) return failed_before();
  if (record.empty() || record.size() > kMaxWalRecord)
    return Error(ErrorKind::invalid, std::format("a record of {} bytes", record.size()));
  if (group_.frame_bytes() + kWalFrameHead + record.size() > sizes_.group)
    return Error(ErrorKind::limit, "too many bytes wait for one flush");
  const Place place{.index = size(), .leaf = wal_leaf(record)};
  group_.add(record, place.leaf);
  return place;
}

Result<void> WalWriter::write_group() {
  const std::size_t padded = group_.padded_size(sizes_.block);
  if (live_.back().device->size() - offset_ < padded) TRY(begin_segment());
  WalDevice& device = *live_.back().device;
  const std::string_view bytes = group_.finish(seed_, sizes_.block);
  const Duration begin = clock_.monotonic();
  TRY(device.write(offset_, bytes));
  TRY(device.sync());
  const Duration end = clock_.monotonic();
  last_flush_ = end - begin;
  // Before anybody is told: a file that lost its name keeps nothing.
  if (++groups_ >= kWatchGroups || end - last_watch_ >= kWatchEvery)
    TRY(watch_all());
  else
    TRY(device.check_in_place());
  offset_ += bytes.size();
  chain_ = group_.chain();
  durable_ += group_.count();
  group_.begin(durable_, chain_);
  return {};
}

Result<void> WalWriter::commit() {
  if (poisoned_) return failed_before();
  if (!has_group()) return {};
  return or_poison(write_group());
}

Result<void> WalWriter::write_state(WalState state) {
  state.sequence = state_.sequence + 1;
  TRY(state_file_->write(wal_slot_offset(state), format_wal_slot(state)));
  TRY(state_file_->sync());
  state_ = state;
  return {};
}

Result<void> WalWriter::release(std::uint64_t records) {
  if (poisoned_) return failed_before();
  if (records > durable_)
    return Error(ErrorKind::internal, "tiles of records that are not durable");
  if (records < state_.durable) return {};
  // The first segment that is still needed holds record `records`, or will.
  auto needed = live_.begin();
  while (needed + 1 != live_.end() && (needed + 1)->first <= records) ++needed;
  if (records == state_.durable && needed == live_.begin()) return {};
  WalState state{.durable = records, .oldest = needed->generation, .newest = newest_};
  if (state_.gap && records <= state_.gap->first) state.gap = state_.gap;
  TRY(or_poison(write_state(state)));
  std::move(live_.begin(), needed, std::back_inserter(free_));
  live_.erase(live_.begin(), needed);
  return {};
}

Result<void> WalWriter::watch_all() {
  TRY(folder_.check_in_place());
  TRY(state_file_->check_in_place());
  for (const Segment& segment : live_) TRY(segment.device->check_in_place());
  for (const Segment& segment : free_) TRY(segment.device->check_in_place());
  last_watch_ = clock_.monotonic();
  groups_ = 0;
  return {};
}

Result<void> WalWriter::watch() {
  if (poisoned_) return failed_before();
  if (clock_.monotonic() - last_watch_ < kWatchEvery) return {};
  return or_poison(watch_all());
}

std::uint64_t WalWriter::spare_bytes() const {
  std::uint64_t spare = live_.back().device->size() - offset_;
  for (const Segment& segment : free_) spare += segment.device->size();
  return spare;
}

Result<SpaceLevel> WalWriter::space() const {
  return space_level(TRY(folder_.space()), sizes_.segment);
}

}  // namespace glovebox::audit
