#include "audit/wal_group.h"

#include <algorithm>
#include <cstring>

#include "audit/little_endian.h"
#include "codec/crc32c.h"

namespace glovebox::audit {

namespace {

constexpr std::size_t kLengthAt = 0, kCrcAt = 4, kIndexAt = 8;

// Larger than the length of any record, so that it is not taken for one.
constexpr std::uint32_t kCommitMagic = 0x43574247;  // "GBWC"
static_assert(kCommitMagic > kMaxWalRecord);
constexpr std::size_t kFirstAt = 8, kCountAt = 16, kBlocksAt = 20, kChainAt = 24, kMacAt = 56;

std::size_t round_up(std::size_t size, std::uint32_t block) {
  return (size + block - 1) / block * block;
}

std::uint32_t checksum(std::string_view frame, std::uint32_t seed) {
  return codec::crc32c(frame.substr(kIndexAt), codec::crc32c(frame.substr(0, kCrcAt), seed));
}

bool all_zeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == bytes.npos;
}

// The frame at the start of `bytes` if it holds record `index`, unharmed.
std::optional<std::string_view> frame_of(std::string_view bytes, std::uint32_t seed,
                                         std::uint64_t index) {
  if (bytes.size() < kWalFrameHead) return std::nullopt;
  const auto length = number_at<std::uint32_t>(bytes, kLengthAt);
  if (length == 0 || length > kMaxWalRecord || length > bytes.size() - kWalFrameHead)
    return std::nullopt;
  const std::string_view frame = bytes.substr(0, kWalFrameHead + length);
  if (number_at<std::uint64_t>(frame, kIndexAt) != index ||
      number_at<std::uint32_t>(frame, kCrcAt) != checksum(frame, seed))
    return std::nullopt;
  return frame;
}

}  // namespace

codec::Sha256Digest wal_leaf(std::string_view record) {
  constexpr std::string_view kLeaf{"\0", 1};
  return codec::Sha256().update(kLeaf).update(record).finish();
}

void WalGroup::begin(std::uint64_t first, const codec::Sha256Digest& chain) {
  frames_ = 0;
  first_ = first;
  count_ = 0;
  hash_ = codec::Sha256();
  hash_.update(chain.view());
}

void WalGroup::add(std::string_view record, const codec::Sha256Digest& leaf) {
  const std::size_t at = frames_;
  frames_ += kWalFrameHead + record.size();
  // Longer than the frames when the group before was longer.
  if (bytes_.size() < frames_) bytes_.resize(frames_);
  set_number(bytes_, at + kLengthAt, static_cast<std::uint32_t>(record.size()));
  set_number(bytes_, at + kIndexAt, first_ + count_);
  std::memcpy(bytes_.data() + at + kWalFrameHead, record.data(), record.size());
  hash_.update(leaf.view());
  ++count_;
}

std::size_t WalGroup::padded_size(std::uint32_t block) const {
  return round_up(frames_ + kWalCommitBytes, block);
}

std::string_view WalGroup::finish(std::uint32_t seed, std::uint32_t block) {
  const std::size_t size = padded_size(block);
  if (bytes_.size() < size) bytes_.resize(size);
  for (std::size_t at = 0; at < frames_;) {
    const std::size_t length = kWalFrameHead + number_at<std::uint32_t>(bytes_, at + kLengthAt);
    const std::string_view frame = std::string_view(bytes_).substr(at, length);
    set_number(bytes_, at + kCrcAt, checksum(frame, seed));
    at += length;
  }
  chain_ = hash_.finish();
  std::memset(bytes_.data() + frames_, 0, size - frames_);
  const std::size_t commit = size - kWalCommitBytes;
  set_number(bytes_, commit, kCommitMagic);
  set_number(bytes_, commit + kFirstAt, first_);
  set_number(bytes_, commit + kCountAt, count_);
  set_number(bytes_, commit + kBlocksAt, static_cast<std::uint32_t>(size / block));
  std::memcpy(bytes_.data() + commit + kChainAt, chain_.bytes.data(), chain_.bytes.size());
  const std::string_view whole = std::string_view(bytes_).substr(0, size);
  set_number(bytes_, commit + kCrcAt, checksum(whole.substr(commit), seed));
  return whole;
}

std::optional<WalCommit> commit_at_end(std::string_view bytes, std::optional<std::uint32_t> seed) {
  if (bytes.size() < kWalCommitBytes) return std::nullopt;
  const std::string_view frame = bytes.substr(bytes.size() - kWalCommitBytes);
  if (number_at<std::uint32_t>(frame, 0) != kCommitMagic) return std::nullopt;
  if (seed && number_at<std::uint32_t>(frame, kCrcAt) != checksum(frame, *seed))
    return std::nullopt;
  WalCommit commit;
  commit.first = number_at<std::uint64_t>(frame, kFirstAt);
  commit.count = number_at<std::uint32_t>(frame, kCountAt);
  commit.blocks = number_at<std::uint32_t>(frame, kBlocksAt);
  std::memcpy(commit.chain.bytes.data(), frame.data() + kChainAt, commit.chain.bytes.size());
  const bool fits = commit.count > 0 && commit.blocks > 0 && commit.end() > commit.first &&
                    all_zeros(frame.substr(kMacAt));
  if (!fits) return std::nullopt;
  return commit;
}

WalGroupFound read_wal_group(std::string_view bytes, std::uint32_t seed, std::uint32_t block,
                             const WalPosition& position, std::vector<WalRecord>& records) {
  records.clear();
  WalGroupFound found;
  std::uint64_t index = position.index;
  while (const auto frame = frame_of(bytes.substr(found.bytes), seed, index)) {
    records.push_back({.index = index, .bytes = frame->substr(kWalFrameHead)});
    found.bytes += frame->size();
    ++index;
  }
  const std::size_t size = round_up(found.bytes + kWalCommitBytes, block);
  if (size > bytes.size()) return found;
  const auto commit = commit_at_end(bytes.substr(0, size), seed);
  if (!commit || commit->first != position.index || commit->count != records.size() ||
      commit->blocks != size / block ||
      !all_zeros(bytes.substr(found.bytes, size - kWalCommitBytes - found.bytes)))
    return found;
  codec::Sha256 hash;
  hash.update(position.chain.view());
  for (WalRecord& record : records) {
    record.leaf = wal_leaf(record.bytes);
    hash.update(record.leaf.view());
  }
  found.bytes = size;
  found.contradicts = hash.finish() != commit->chain;
  if (found.contradicts) return found;
  found.next = WalPosition{.index = index, .chain = commit->chain};
  return found;
}

}  // namespace glovebox::audit
