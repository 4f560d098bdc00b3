// The head of a segment of the write-ahead log: which use of the file this is.
//
// A segment is a file of fixed size that is used again and again. Every use has a generation of its
// own, one more than the segment before it in the log, and random salt. Both are mixed into every
// checksum of that use (`seed`), so that what an earlier use or a foreign file left behind never
// passes. The head is one sector, durable before the first group follows at offset `block`:
//
//   0 magic 16 | 16 crc32c 4 | 20 block 4 | 24 segment 8 | 32 generation 8 | 40 first 8
//   48 salt 16 | 64 chain 32 | 96 zeros to 512
//
// The checksum covers the sector without itself. Numbers are little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "codec/digest.h"

namespace glovebox::audit {

constexpr std::size_t kWalSector = 512;
constexpr std::uint32_t kLeastWalBlock = kWalSector;
constexpr std::uint32_t kMostWalBlock = 64 * 1024;
constexpr std::uint64_t kMostWalSegment = 1 * kGiB;

struct WalHeader {
  std::uint32_t block = 0;       // bytes; groups begin and end at multiples; a power of two
  std::uint64_t segment = 0;     // bytes of the file
  std::uint64_t generation = 0;  // counted from 1
  std::uint64_t first = 0;       // index of the first record that may follow
  std::array<std::uint8_t, 16> salt{};
  codec::Sha256Digest chain;  // over all groups before; see wal_group.h
  bool operator==(const WalHeader&) const = default;

  // What every checksum of this use of the segment starts from.
  std::uint32_t seed() const;
};

// Whether groups can be laid out in steps of so many bytes.
bool is_wal_block(std::uint32_t bytes);

// One sector.
std::string format_wal_header(const WalHeader& header);
// From the start of a segment. Nothing when there is no head, or a damaged one.
std::optional<WalHeader> parse_wal_header(std::string_view bytes);

}  // namespace glovebox::audit
