#include "audit/epoch_secret.h"

#include <algorithm>
#include <string>
#include <utility>

#include "audit/little_endian.h"
#include "codec/crc32c.h"

namespace glovebox::audit {

using namespace std::literals;

namespace {

constexpr std::string_view kMagic = "glovebox epoch\n\0"sv;
constexpr std::size_t kCrcAt = 16, kZerosAt = 20, kNumberAt = 24, kSeedAt = 32, kMacAt = 64,
                      kRestAt = 96;
constexpr std::size_t kSeedBytes = 32;

std::uint32_t checksum(std::string_view slot) {
  return codec::crc32c(slot.substr(kZerosAt), codec::crc32c(slot.substr(0, kCrcAt)));
}

Secret copy_of(std::string_view bytes) {
  return Secret::take(std::string(bytes));
}

// One form only: what is read is what would be written.
std::optional<EpochSecret> parse_slot(std::string_view slot) {
  if (!slot.starts_with(kMagic) || number_at<std::uint32_t>(slot, kZerosAt) != 0 ||
      slot.find_first_not_of('\0', kRestAt) != slot.npos ||
      number_at<std::uint32_t>(slot, kCrcAt) != checksum(slot))
    return std::nullopt;
  const auto number = number_at<std::uint64_t>(slot, kNumberAt);
  if (number > kMaxEpoch) return std::nullopt;
  return EpochSecret{
      .number = number,
      .key = *codec::Ed25519PrivateKey::from_seed(copy_of(slot.substr(kSeedAt, kSeedBytes))),
      .next_mac = *WalMacSeed::from_bytes(copy_of(slot.substr(kMacAt, kWalMacSeedBytes)))};
}

void write_slot(std::string& file, std::size_t at, const EpochSecret& secret) {
  std::ranges::copy(kMagic, file.begin() + static_cast<std::ptrdiff_t>(at));
  set_number(file, at + kNumberAt, secret.number);
  file.replace(at + kSeedAt, kSeedBytes, secret.key.reveal_seed());
  file.replace(at + kMacAt, kWalMacSeedBytes, secret.next_mac.reveal_bytes());
  set_number(file, at + kCrcAt, checksum(std::string_view(file).substr(at, kEpochSlotBytes)));
}

}  // namespace

EpochSecret EpochSecret::make_next(Random& random) const {
  return {.number = number + 1,
          .key = codec::Ed25519PrivateKey::generate(random),
          .next_mac = next_mac.next()};
}

Secret format_epoch_slot(const EpochSecret& secret) {
  std::string slot(kEpochSlotBytes, '\0');
  write_slot(slot, 0, secret);
  return Secret::take(std::move(slot));
}

Secret format_epoch_file(const EpochSecret& secret) {
  std::string file(kEpochFileBytes, '\0');
  write_slot(file, secret.slot() * kEpochSlotBytes, secret);
  return Secret::take(std::move(file));
}

EpochSecrets parse_epoch_file(std::string_view bytes) {
  EpochSecrets found;
  if (bytes.size() != kEpochFileBytes) return found;
  for (std::size_t slot = 0; slot < kEpochSlots; ++slot) {
    auto secret = parse_slot(bytes.substr(slot * kEpochSlotBytes, kEpochSlotBytes));
    if (secret && secret->slot() == slot) found.at(slot) = std::move(secret);
  }
  return found;
}

}  // namespace glovebox::audit
