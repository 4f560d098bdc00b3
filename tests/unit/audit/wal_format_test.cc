// The bytes of the write-ahead log: heads, groups, state slots.
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <vector>

#include "audit/little_endian.h"
#include "audit/wal_group.h"
#include "audit/wal_header.h"
#include "audit/wal_segment.h"
#include "audit/wal_sizes.h"
#include "audit/wal_state.h"
#include "codec/crc32c.h"
#include "codec/digest.h"
#include "codec/hex.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {

constexpr std::uint32_t kBlock = 512;
constexpr std::uint64_t kSegment = 8192;
constexpr std::uint32_t kSeed = 0x1234567;

WalHeader header_of(std::uint64_t generation = 3, std::uint64_t first = 40) {
  WalHeader header{.block = kBlock, .segment = kSegment, .generation = generation, .first = first};
  header.salt.fill(0x5a);
  header.chain = codec::sha256("before");
  return header;
}

// With the checksum of a head that was changed.
std::string sealed(std::string sector) {
  const std::uint32_t crc = codec::crc32c(sector.substr(20), codec::crc32c(sector.substr(0, 16)));
  set_number(sector, 16, crc);
  return sector;
}

std::string group_of(const WalPosition& position, const std::vector<std::string>& records,
                     std::uint32_t seed = kSeed, std::uint32_t block = kBlock) {
  WalGroup group;
  group.begin(position.index, position.chain);
  for (const std::string& record : records) group.add(record, wal_leaf(record));
  return std::string(group.finish(seed, block));
}

WalGroupFound read(std::string_view bytes, const WalPosition& position,
                   std::uint32_t seed = kSeed) {
  std::vector<WalRecord> records;
  return read_wal_group(bytes, seed, kBlock, position, records);
}

const WalPosition kPosition{.index = 7, .chain = codec::sha256("chain")};

}  // namespace

TEST_CASE("a head that is not whole is none") {
  const std::string good = format_wal_header(header_of());
  const struct {
    const char* name;
    std::string bytes;
  } rows[] = {
      {"nothing", ""},
      {"zeros", std::string(kWalSector, '\0')},
      {"cut", good.substr(0, kWalSector - 1)},
      {"another magic", sealed("Glovebox" + good.substr(8))},
      {"a small block", sealed(good.substr(0, 20) + std::string("\0\1\0\0", 4) + good.substr(24))},
      {"a block of no power of two",
       sealed(good.substr(0, 20) + std::string("\0\3\0\0", 4) + good.substr(24))},
      {"no whole blocks", sealed(good.substr(0, 24) + "\1" + good.substr(25))},
      {"only its head", sealed(good.substr(0, 25) + std::string("\2", 1) + good.substr(26))},
      {"too large", sealed(good.substr(0, 28) + "\1" + good.substr(29))},
      {"generation 0", sealed(good.substr(0, 32) + std::string("\0", 1) + good.substr(33))},
      {"something behind it", sealed(good.substr(0, 500) + "x" + good.substr(501))},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK_FALSE(parse_wal_header(row.bytes));
  }
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(parse_wal_header(changed));
  }
  CHECK(parse_wal_header(good) == header_of());
  CHECK(parse_wal_header(good + "more") == header_of());
}

TEST_CASE("every use of a segment has a seed of its own") {
  WalHeader salted = header_of();
  salted.salt[0] ^= 1;
  CHECK(header_of(1).seed() != header_of(2).seed());
  CHECK(header_of().seed() != salted.seed());
  CHECK(header_of(3, 1).seed() == header_of(3, 2).seed());
}

TEST_CASE("the leaf of a record is that of RFC 6962") {
  // The hash of a leaf without bytes, RFC 6962 test data.
  CHECK(wal_leaf("").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST_CASE("a group with any bit flipped, or cut anywhere, is not whole") {
  const std::string good = group_of(kPosition, {"first record", std::string(500, 'x'), "y"});
  REQUIRE(good.size() == 2 * kBlock);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(read(changed, kPosition).next);
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(read(good.substr(0, size), kPosition).next);
  CHECK(read(good, kPosition).next);
}

TEST_CASE("a group fits behind one history and in one use of a segment") {
  const std::string good = group_of(kPosition, {"a record"});
  const WalPosition later{.index = 8, .chain = kPosition.chain};
  const WalPosition other{.index = 7, .chain = codec::sha256("other")};
  CHECK_FALSE(read(good, later).next);
  CHECK_FALSE(read(good, later).contradicts);
  CHECK_FALSE(read(good, other).next);
  CHECK(read(good, other).contradicts);
  CHECK_FALSE(read(good, kPosition, kSeed + 1).next);
  CHECK_FALSE(read(good, kPosition, kSeed + 1).contradicts);
}

TEST_CASE("what is written is read, in whole blocks") {
  const struct {
    const char* name;
    std::vector<std::string> records;
    std::size_t blocks;
  } rows[] = {
      {"one byte", {"x"}, 1},
      {"fits exactly", {std::string(kBlock - kWalFrameHead - kWalCommitBytes, 'x')}, 1},
      {"one byte more", {std::string(kBlock - kWalFrameHead - kWalCommitBytes + 1, 'x')}, 2},
      {"frames end with a block", {std::string(kBlock - kWalFrameHead, 'x')}, 2},
      {"zeros", {std::string(100, '\0'), std::string(200, '\0')}, 1},
      {"the longest", {std::string(kMaxWalRecord, 'x'), "y"}, 129},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const std::string bytes = group_of(kPosition, row.records);
    CHECK(bytes.size() == row.blocks * kBlock);
    const std::string stored = bytes + std::string(kBlock, 'z');
    std::vector<WalRecord> found;
    const WalGroupFound group = read_wal_group(stored, kSeed, kBlock, kPosition, found);
    REQUIRE(group.next);
    CHECK(group.bytes == bytes.size());
    CHECK(group.next->index == kPosition.index + row.records.size());
    REQUIRE(found.size() == row.records.size());
    codec::Sha256 chain;
    chain.update(kPosition.chain.view());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].bytes == row.records[i]);
      CHECK(found[i].index == kPosition.index + i);
      CHECK(found[i].leaf == wal_leaf(row.records[i]));
      chain.update(found[i].leaf.view());
    }
    CHECK(group.next->chain == chain.finish());
  }
}

TEST_CASE("a group that is formed again leaves nothing of the one before") {
  WalGroup group;
  group.begin(7, kPosition.chain);
  for (int i = 0; i < 20; ++i) group.add(std::string(100, 'a'), wal_leaf(std::string(100, 'a')));
  CHECK(group.frame_bytes() == 20 * 116);
  (void)group.finish(kSeed, kBlock);
  group.begin(kPosition.index, kPosition.chain);
  CHECK(group.count() == 0);
  group.add("short", wal_leaf("short"));
  CHECK(group.finish(kSeed, kBlock) == group_of(kPosition, {"short"}));
}

TEST_CASE("the bytes of a group stay what they are") {
  const std::string bytes = group_of({.index = 1, .chain = {}}, {"ab"}, 0);
  const std::string commit = bytes.substr(kBlock - kWalCommitBytes);
  CHECK(codec::hex_encode(bytes.substr(0, 4)) == "02000000");
  CHECK(codec::hex_encode(bytes.substr(8, 10)) == "01000000000000006162");
  CHECK(bytes.substr(18, kBlock - kWalCommitBytes - 18).find_first_not_of('\0') ==
        std::string::npos);
  CHECK(commit.substr(0, 4) == "GBWC");
  CHECK(codec::hex_encode(commit.substr(8, 16)) == "01000000000000000100000001000000");
  const std::string chained =
      std::string(32, '\0') + std::string(codec::sha256(std::string("\0ab", 3)).view());
  CHECK(commit.substr(24, 32) == codec::sha256(chained).view());
  CHECK(commit.substr(56) == std::string(32, '\0'));  // no epoch keys yet
  // crc32c of the frame without its own four bytes.
  CHECK(number_at<std::uint32_t>(bytes, 4) ==
        codec::crc32c(bytes.substr(8, 10), codec::crc32c(bytes.substr(0, 4))));
}

TEST_CASE("a segment is read up to the first group that is not whole") {
  const WalHeader header = header_of();
  std::string bytes = format_wal_header(header);
  WalPosition next{.index = header.first, .chain = header.chain};
  std::vector<std::size_t> ends{bytes.size()};
  for (int i = 0; i < 4; ++i) {
    const std::string group =
        group_of(next, {std::string(400, 'a'), std::to_string(i)}, header.seed());
    next = read(group, next, header.seed()).next.value();
    bytes += group;
    ends.push_back(bytes.size());
  }
  bytes.resize(kSegment);
  std::uint64_t seen = 0;
  const WalVisitor count = [&](std::span<const WalRecord> records) -> Result<void> {
    seen += records.size();
    return {};
  };
  const struct {
    const char* name;
    std::size_t damaged;  // group; 4: none
    std::uint64_t next, torn;
    std::optional<std::uint64_t> lost_end;
  } rows[] = {
      {"whole", 4, 48, 0, std::nullopt},
      {"the last is torn", 3, 46, 1024, std::nullopt},
      {"one before is damaged", 2, 44, 1024, 48},
      {"the first is damaged", 0, 40, 1024, 48},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    std::string changed = bytes;
    if (row.damaged < 4) changed[ends[row.damaged] + 20] ^= 1;
    seen = 0;
    const WalSegmentFound found = scan_wal_segment(changed, header, count).value();
    CHECK(found.next.index == row.next);
    CHECK(seen == row.next - header.first);
    CHECK(found.end == ends[std::min<std::size_t>(row.damaged, 4)]);
    CHECK(found.torn == row.torn);
    CHECK(found.lost_end == row.lost_end);
  }
  // The commit frame of the torn group did not land: what can be told of it are its whole frames.
  std::string torn = bytes;
  torn.replace(ends[3] + kBlock, kBlock, std::string(kBlock, '\0'));
  CHECK(scan_wal_segment(torn, header, count)->torn == 2 * kWalFrameHead + 401);
  CHECK(last_commit(bytes, header)->offset == ends[3]);
  CHECK(last_commit(bytes, header)->end == 48);
  CHECK_FALSE(last_commit(bytes, header_of(4)));
  CHECK(end_without_header(bytes) == 48);
  CHECK(end_without_header(std::string(kSegment, '\0')) == 0);
  const auto refuse = [](std::span<const WalRecord>) -> Result<void> {
    return Error(ErrorKind::conflict, "not this one");
  };
  CHECK(scan_wal_segment(bytes, header, refuse).error().kind() == ErrorKind::conflict);
}

TEST_CASE("a state file whose slots are not whole is none") {
  const WalState one{.sequence = 4, .durable = 100, .oldest = 2, .newest = 3};
  const WalState two{.sequence = 5, .durable = 200, .oldest = 3, .newest = 3};
  const std::string both = format_wal_slot(one) + format_wal_slot(two);
  const std::string zeros(kWalSlotBytes, '\0');
  const auto slot_with = [](WalState state, const std::function<void(WalState&)>& change) {
    change(state);
    return format_wal_slot(state);
  };
  CHECK_FALSE(parse_wal_state(""));
  CHECK_FALSE(parse_wal_state(zeros + zeros));
  CHECK_FALSE(parse_wal_state(format_wal_slot(two) + format_wal_slot(one)));
  CHECK_FALSE(parse_wal_state(both.substr(0, kWalSlotBytes - 1)));
  CHECK_FALSE(parse_wal_state(slot_with(one, [](WalState& s) { s.oldest = 0; }) + zeros));
  CHECK_FALSE(parse_wal_state(slot_with(one, [](WalState& s) { s.newest = 0; }) + zeros));
  CHECK_FALSE(parse_wal_state(
      slot_with(one, [](WalState& s) { s.gap = WalGap{3, 2, WalFault::group}; }) + zeros));
  CHECK_FALSE(parse_wal_state(
      slot_with(one, [](WalState& s) { s.gap = WalGap{3, 4, WalFault{99}}; }) + zeros));
  CHECK(parse_wal_state(both) == two);
  CHECK(parse_wal_state(format_wal_slot(one) + zeros) == one);
  CHECK(parse_wal_state(zeros + format_wal_slot(two)) == two);
  CHECK(parse_wal_state(format_wal_state(two)) == two);
  for (std::size_t at = 0; at < both.size(); ++at) {
    std::string changed = both;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    REQUIRE(parse_wal_state(changed) == (at < kWalSlotBytes ? two : one));
  }
  WalState lossy = one;
  lossy.gap = WalGap{.first = 100, .end = 130, .fault = WalFault::header};
  CHECK(parse_wal_state(format_wal_state(lossy)) == lossy);
}

TEST_CASE("sizes that do not fit together are refused") {
  const WalSizes good{.block = 512, .segment = 8192, .segments = 1, .group = 4000};
  const struct {
    const char* name;
    std::function<void(WalSizes&)> change;
  } rows[] = {
      {"no power of two", [](WalSizes& s) { s.block = 768; }},
      {"a small block", [](WalSizes& s) { s.block = 256; }},
      {"a large block", [](WalSizes& s) { s.block = 128 * 1024; }},
      {"no whole blocks", [](WalSizes& s) { s.segment = 8200; }},
      {"a large segment", [](WalSizes& s) { s.segment = kMostWalSegment + 512; }},
      {"a group that does not fit", [](WalSizes& s) { s.group = 7700; }},
      {"a group of nothing", [](WalSizes& s) { s.group = kWalFrameHead; }},
      {"no segments", [](WalSizes& s) { s.segments = 0; }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    WalSizes sizes = good;
    row.change(sizes);
    CHECK(sizes.check().error().kind() == ErrorKind::invalid);
  }
  CHECK(good.check());
  CHECK(WalSizes{}.check());
}

TEST_CASE("a reserve is cut into segments") {
  CHECK(WalSizes::for_reserve(2 * kLeastWalSegment - 1, 4096).error().kind() == ErrorKind::limit);
  CHECK(WalSizes::for_reserve(0, 4096).error().kind() == ErrorKind::limit);
  const struct {
    std::uint64_t reserve, segment;
    std::uint32_t segments;
  } rows[] = {
      {16 * kMiB, 8 * kMiB, 2},    {35 * kMiB, 8 * kMiB, 4},
      {64 * kMiB, 16 * kMiB, 4},   {kDefaultWalReserve, kWalSegment, 4},
      {1 * kGiB, kWalSegment, 16},
  };
  for (const auto& row : rows) {
    const WalSizes sizes = WalSizes::for_reserve(row.reserve, 4096).value();
    CHECK(sizes.segment == row.segment);
    CHECK(sizes.segments == row.segments);
    CHECK(sizes.block == kWalBlock);
    CHECK(sizes.check());
  }
  // Pages of 64 KiB, as on some aarch64 hosts.
  CHECK(WalSizes::for_reserve(kDefaultWalReserve, 65'536)->block == 65'536);
  CHECK(WalSizes::for_reserve(kDefaultWalReserve, 65'536)->check());
}
