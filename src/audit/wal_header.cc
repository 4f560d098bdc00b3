#include "audit/wal_header.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "audit/little_endian.h"
#include "codec/crc32c.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kMagic{"glovebox wal 1\n", 16};  // with the zero at its end
constexpr std::size_t kCrcAt = 16, kBlockAt = 20, kSegmentAt = 24, kGenerationAt = 32,
                      kFirstAt = 40, kSaltAt = 48, kChainAt = 64, kEnd = 96;

std::uint32_t checksum(std::string_view sector) {
  const std::uint32_t before = codec::crc32c(sector.substr(0, kCrcAt));
  return codec::crc32c(sector.substr(kBlockAt), before);
}

}  // namespace

bool is_wal_block(std::uint32_t bytes) {
  return std::has_single_bit(bytes) && bytes >= kLeastWalBlock && bytes <= kMostWalBlock;
}

std::uint32_t WalHeader::seed() const {
  std::string mixed(sizeof generation + salt.size(), '\0');
  set_number(mixed, 0, generation);
  std::memcpy(mixed.data() + sizeof generation, salt.data(), salt.size());
  return codec::crc32c(mixed);
}

std::string format_wal_header(const WalHeader& header) {
  std::string sector(kWalSector, '\0');
  std::ranges::copy(kMagic, sector.begin());
  set_number(sector, kBlockAt, header.block);
  set_number(sector, kSegmentAt, header.segment);
  set_number(sector, kGenerationAt, header.generation);
  set_number(sector, kFirstAt, header.first);
  std::memcpy(sector.data() + kSaltAt, header.salt.data(), header.salt.size());
  std::ranges::copy(header.chain.view(), sector.begin() + kChainAt);
  set_number(sector, kCrcAt, checksum(sector));
  return sector;
}

std::optional<WalHeader> parse_wal_header(std::string_view bytes) {
  if (bytes.size() < kWalSector) return std::nullopt;
  const std::string_view sector = bytes.substr(0, kWalSector);
  if (!sector.starts_with(kMagic)) return std::nullopt;
  if (number_at<std::uint32_t>(sector, kCrcAt) != checksum(sector)) return std::nullopt;
  WalHeader header;
  header.block = number_at<std::uint32_t>(sector, kBlockAt);
  header.segment = number_at<std::uint64_t>(sector, kSegmentAt);
  header.generation = number_at<std::uint64_t>(sector, kGenerationAt);
  header.first = number_at<std::uint64_t>(sector, kFirstAt);
  std::memcpy(header.salt.data(), sector.data() + kSaltAt, header.salt.size());
  std::memcpy(header.chain.bytes.data(), sector.data() + kChainAt, header.chain.bytes.size());
  const bool fits = is_wal_block(header.block) && header.segment % header.block == 0 &&
                    header.segment > header.block && header.segment <= kMostWalSegment &&
                    header.generation > 0 && sector.find_first_not_of('\0', kEnd) == sector.npos;
  if (!fits) return std::nullopt;
  return header;
}

}  // namespace glovebox::audit
