#include "audit/wal_recovery.h"

#include <algorithm>
#include <array>
#include <format>
#include <memory>
#include <string>
#include <utility>

namespace glovebox::audit {

namespace {

// One file of the folder, open.
struct Opened {
  WalDevicePtr device;
  std::optional<WalHeader> header;
  WalSegment segment;
};

// Memory for one segment at a time; every view is of the last one.
class Reader {
 public:
  Result<std::string_view> read(WalDevice& device) {
    size_ = std::min(device.size(), kMostWalSegment);
    if (size_ > room_) {
      memory_ = std::make_unique_for_overwrite<char[]>(size_);
      room_ = size_;
    }
    return read_again(device, 0);
  }
  // The same segment, from `offset` on.
  Result<std::string_view> read_again(WalDevice& device, std::uint64_t offset) {
    const std::size_t got = TRY(device.read(offset, {memory_.get() + offset, size_ - offset}));
    return std::string_view(memory_.get(), offset + got);
  }

 private:
  std::unique_ptr<char[]> memory_;
  std::uint64_t room_ = 0;
  std::uint64_t size_ = 0;
};

class Scanner {
 public:
  Scanner(WalFolder& folder, std::uint64_t least, const WalVisitor& visit)
      : folder_(folder), least_(least), visit_(visit) {}

  Result<WalScan> scan();

 private:
  Result<void> open_segments();
  Result<void> read_state();
  void choose_live();
  Result<std::string_view> read_newest(Opened& opened);
  Result<void> read_live(Opened& opened);
  Result<void> read_all_live();
  Result<void> find_broken();
  Result<void> count_lost();
  Result<void> deliver(std::span<const WalRecord> records);
  void damaged(WalFault fault, std::uint32_t segment = 0);
  // So far; a lost state alone does not keep the segments from being read.
  bool fits() const { return !scan_.damage || scan_.damage->fault == WalFault::state; }

  WalFolder& folder_;
  std::uint64_t least_;
  const WalVisitor& visit_;
  Reader reader_;
  std::vector<Opened> files_;
  std::vector<Opened*> live_;  // by generation
  WalScan scan_;
};

void Scanner::damaged(WalFault fault, std::uint32_t segment) {
  if (fits()) scan_.damage = WalDamage{.fault = fault, .segment = segment};
}

Result<void> Scanner::open_segments() {
  for (const std::uint32_t number : TRY(folder_.segments())) {
    if (files_.size() == kMostWalSegments)
      return Error(ErrorKind::limit, std::format("more than {} segments", kMostWalSegments));
    Opened opened{.device = TRY(folder_.open_segment(number)), .segment = {.number = number}};
    TRY(opened.device->sync());
    TRY(opened.device->drop_cache(0, kMostWalBlock));
    std::array<char, kWalSector> sector;
    const std::size_t got = TRY(opened.device->read(0, sector));
    opened.header = parse_wal_header({sector.data(), got});
    if (opened.header) scan_.newest = std::max(scan_.newest, opened.header->generation);
    files_.push_back(std::move(opened));
  }
  return {};
}

Result<void> Scanner::read_state() {
  const WalDevicePtr device = TRY(folder_.open_state());
  if (device) {
    TRY(device->sync());
    TRY(device->drop_cache(0, 0));
    std::string bytes(kWalStateBytes, '\0');
    bytes.resize(TRY(device->read(0, bytes)));
    const auto state = device->size() == kWalStateBytes ? parse_wal_state(bytes) : std::nullopt;
    scan_.state_found = state.has_value();
    if (state) scan_.state = *state;
  }
  // A log begins with its state, so that segments alone are no new log.
  if (!scan_.state_found && (device || !files_.empty())) damaged(WalFault::state);
  scan_.newest = std::max(scan_.newest, scan_.state.newest);
  return {};
}

// Without a state: the longest run of generations that ends with the newest.
std::uint64_t oldest_of_run(const std::vector<Opened*>& sorted) {
  std::uint64_t oldest = sorted.empty() ? 1 : sorted.back()->header->generation;
  for (auto at = sorted.rbegin(); at != sorted.rend(); ++at)
    if ((*at)->header->generation + 1 == oldest) --oldest;
  return oldest;
}

void Scanner::choose_live() {
  for (Opened& opened : files_)
    if (opened.header) live_.push_back(&opened);
  std::ranges::stable_sort(live_, {},
                           [](const Opened* opened) { return opened->header->generation; });
  if (!scan_.state_found) scan_.state.oldest = oldest_of_run(live_);
  std::erase_if(
      live_, [&](const Opened* opened) { return opened->header->generation < scan_.state.oldest; });
  if (!scan_.state_found && !live_.empty()) scan_.state.durable = live_.front()->header->first;
  for (Opened* opened : live_) {
    opened->segment.use = WalSegment::Use::live;
    opened->segment.generation = opened->header->generation;
    opened->segment.first = opened->header->first;
  }
}

Result<void> Scanner::deliver(std::span<const WalRecord> records) {
  if (records.back().index < scan_.state.durable) return {};
  const std::uint64_t known =
      scan_.state.durable - std::min(scan_.state.durable, records.front().index);
  return visit_(records.subspan(known));
}

// What was written last, and failed to be synced, may be in memory only.
Result<std::string_view> Scanner::read_newest(Opened& opened) {
  const std::string_view cached = TRY(reader_.read(*opened.device));
  const auto last = last_commit(cached, *opened.header);
  const std::uint64_t from = last ? last->offset : 0;
  TRY(opened.device->drop_cache(from, 0));
  return reader_.read_again(*opened.device, from);
}

Result<void> Scanner::read_live(Opened& opened) {
  const WalHeader& header = *opened.header;
  const bool newest = &opened == live_.back();
  if (header.segment != opened.device->size()) {
    damaged(WalFault::segment, opened.segment.number);
    return {};
  }
  const std::string_view bytes =
      newest ? TRY(read_newest(opened)) : TRY(reader_.read(*opened.device));
  const WalSegmentFound found = TRY(scan_wal_segment(
      bytes, header, [&](std::span<const WalRecord> records) { return deliver(records); }));
  // Records behind what was torn: it was reported when the log went on.
  if (found.next.index > scan_.next.index) scan_.torn = {};
  if (found.torn > 0)
    scan_.torn = {.bytes = found.torn, .hash = codec::sha256(bytes.substr(found.end, found.torn))};
  scan_.next = found.next;
  if (found.lost_end) damaged(WalFault::group, opened.segment.number);
  return {};
}

Result<void> Scanner::read_all_live() {
  scan_.next.index = scan_.state.durable;
  std::uint64_t generation = scan_.state.oldest;
  for (Opened* opened : live_) {
    const WalHeader& header = *opened->header;
    const bool begins = opened == live_.front();
    if (header.generation != generation)
      damaged(WalFault::segment, opened->segment.number);
    else if (begins ? header.first > scan_.state.durable
                    : header.first != scan_.next.index || header.chain != scan_.next.chain)
      damaged(WalFault::order, opened->segment.number);
    if (fits()) TRY(read_live(*opened));
    if (!fits()) return {};
    ++generation;
  }
  if (generation <= scan_.state.newest) damaged(WalFault::segment);
  if (scan_.next.index < scan_.state.durable) damaged(WalFault::behind_tiles);
  if (scan_.next.index < least_) damaged(WalFault::behind_checkpoint);
  return {};
}

// A file that was never used is zeros at its start, behind the head too.
Result<bool> is_blank(WalDevice& device) {
  std::string bytes(std::size_t{2} * kMostWalBlock, '\0');
  bytes.resize(TRY(device.read(0, bytes)));
  return bytes.find_first_not_of('\0') == bytes.npos;
}

Result<void> Scanner::find_broken() {
  for (Opened& opened : files_) {
    if (opened.header || TRY(is_blank(*opened.device))) continue;
    const std::uint64_t end = end_without_header(TRY(reader_.read(*opened.device)));
    if (end <= scan_.next.index) continue;
    opened.segment.use = WalSegment::Use::broken;
    damaged(WalFault::header, opened.segment.number);
  }
  return {};
}

Result<void> Scanner::count_lost() {
  std::uint64_t end = std::max({scan_.next.index, scan_.state.durable, least_});
  for (Opened& opened : files_) {
    if (opened.segment.use == WalSegment::Use::free) continue;
    const std::string_view bytes = TRY(reader_.read(*opened.device));
    if (opened.header) {
      const auto last = last_commit(bytes, *opened.header);
      end = std::max({end, opened.header->first, last ? last->end : 0});
    } else {
      end = std::max(end, end_without_header(bytes));
    }
  }
  scan_.damage->lost_end = end;
  return {};
}

Result<WalScan> Scanner::scan() {
  TRY(open_segments());
  TRY(read_state());
  choose_live();
  TRY(read_all_live());
  TRY(find_broken());
  if (scan_.damage) TRY(count_lost());
  for (const Opened& opened : files_) scan_.segments.push_back(opened.segment);
  return std::move(scan_);
}

}  // namespace

std::optional<WalGap> WalScan::pending_gap() const {
  if (state.gap && next.index <= state.gap->first) return state.gap;
  return std::nullopt;
}

Error damage_error(const WalDamage& damage, std::uint64_t good_records) {
  const std::string place =
      damage.segment == 0 ? "" : std::format(" (segment {:04})", damage.segment);
  return Error(
      ErrorKind::conflict,
      std::format(
          "the write-ahead log does not fit together: {}{}: {} records are good, and there "
          "were at least {}; `glovebox audit repair --accept-loss` goes on without the rest",
          to_string(damage.fault), place, good_records, damage.lost_end));
}

Result<WalScan> scan_wal(WalFolder& folder, std::uint64_t least, const WalVisitor& visit) {
  return Scanner(folder, least, visit).scan();
}

Result<WalGap> accept_loss(WalFolder& folder, const WalScan& scan, std::uint64_t held) {
  if (!scan.damage) return Error(ErrorKind::invalid, "nothing is damaged");
  if (held < scan.next.index || held < scan.state.durable)
    return Error(ErrorKind::invalid, "records that can be read are not in the tiles");
  WalGap gap{.first = held, .fault = scan.damage->fault};
  gap.end = std::max(gap.first, scan.damage->lost_end);
  if (const auto before = scan.pending_gap()) gap.end = std::max(gap.end, before->end);
  const WalState state{.sequence = scan.state.sequence + 1,
                       .durable = gap.first,
                       .oldest = scan.newest + 1,
                       .newest = scan.newest,
                       .gap = gap};
  // Decided with this write: what is before `oldest` is not looked at again.
  TRY(folder.make_state(format_wal_state(state)));
  for (const WalSegment& segment : scan.segments)
    if (segment.use != WalSegment::Use::free) TRY(folder.set_aside(segment.number));
  return gap;
}

}  // namespace glovebox::audit
