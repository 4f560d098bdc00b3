// A segment of the write-ahead log, and the file that says which are needed: what is taken is
// written again as the same bytes. Checksums keep almost every mutation out, so each input is also
// read with those of its head and its frames set right.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/little_endian.h"
#include "audit/wal_group.h"
#include "audit/wal_header.h"
#include "audit/wal_segment.h"
#include "audit/wal_state.h"
#include "codec/crc32c.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {

void check(bool holds) {
  if (!holds) __builtin_trap();
}

// How many records; every whole group is built anew and compared.
std::uint64_t read_segment(std::string_view bytes) {
  const auto header = parse_wal_header(bytes);
  if (!header) return 0;
  check(format_wal_header(*header) == bytes.substr(0, kWalSector));
  WalGroup group;
  WalPosition next{.index = header->first, .chain = header->chain};
  std::uint64_t end = header->block;
  const auto found = scan_wal_segment(bytes, *header, [&](std::span<const WalRecord> records) {
    check(!records.empty());
    group.begin(next.index, next.chain);
    for (const WalRecord& record : records) {
      check(record.index == next.index++ && record.leaf == wal_leaf(record.bytes));
      group.add(record.bytes, record.leaf);
    }
    const std::string_view again = group.finish(header->seed(), header->block);
    check(bytes.substr(end, again.size()) == again);
    next.chain = group.chain();
    end += again.size();
    return Result<void>();
  });
  check(found && found->next.index == next.index && found->next.chain == next.chain);
  check(found->end == end &&
        found->end + found->torn <= std::max<std::uint64_t>(bytes.size(), end));
  check(!found->lost_end || *found->lost_end > next.index);
  check(end <= bytes.size() || end == header->block);
  (void)end_without_header(bytes);
  if (next.index > header->first) check(last_commit(bytes, *header).has_value());
  return next.index - header->first;
}

// Sets the checksum of the `size` bytes at `at`, which stands four bytes behind their start.
void seal(std::string& bytes, std::size_t at, std::size_t size, std::uint32_t seed) {
  const std::string_view frame = std::string_view(bytes).substr(at, size);
  set_number(bytes, at + 4,
             codec::crc32c(frame.substr(8), codec::crc32c(frame.substr(0, 4), seed)));
}

std::string sealed(std::string bytes) {
  if (bytes.size() < kWalSector) return bytes;
  const std::string_view head = std::string_view(bytes).substr(0, kWalSector);
  set_number(bytes, 16, codec::crc32c(head.substr(20), codec::crc32c(head.substr(0, 16))));
  const auto header = parse_wal_header(bytes);
  if (!header) return bytes;
  for (std::size_t at = header->block; at + kWalFrameHead < bytes.size();) {
    const auto length = number_at<std::uint32_t>(bytes, at);
    if (length == 0 || length > bytes.size() - at - kWalFrameHead) {
      at = (at / header->block + 1) * header->block;
      if (at <= bytes.size()) seal(bytes, at - kWalCommitBytes, kWalCommitBytes, header->seed());
      continue;
    }
    seal(bytes, at, kWalFrameHead + length, header->seed());
    at += kWalFrameHead + length;
  }
  return bytes;
}

}  // namespace

bool fuzz_accepts(std::string_view bytes) {
  return read_segment(bytes) > 0 || parse_wal_state(bytes).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_segment(bytes);
  read_segment(sealed(std::string(bytes)));
  if (const auto state = parse_wal_state(bytes))
    check(format_wal_slot(*state) == bytes.substr(wal_slot_offset(*state), kWalSlotBytes));
  return 0;
}
