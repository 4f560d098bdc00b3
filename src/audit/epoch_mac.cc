#include "audit/epoch_mac.h"

#include <span>
#include <string>
#include <utility>

#include "audit/little_endian.h"
#include "codec/hmac.h"

namespace glovebox::audit {

namespace {

// No label is the beginning of another one.
constexpr std::string_view kEpochLabel = "glovebox wal epoch v1\n";
constexpr std::string_view kGroupsLabel = "glovebox wal groups v1\n";
constexpr std::string_view kNextLabel = "glovebox wal next v1\n";
constexpr std::string_view kGroupLabel = "glovebox wal group v1\n";

Secret derive(const Secret& key, std::string_view label) {
  codec::Sha256Digest made = codec::hmac_sha256(key.reveal(), label);
  Secret secret = Secret::take(std::string(made.view()));
  zero_memory(made.bytes.data(), made.bytes.size());
  return secret;
}

}  // namespace

codec::Sha256Digest GroupMacs::next(const WalGroupFacts& group) {
  std::string message(kGroupLabel);
  const std::size_t numbers = message.size();
  message.resize(numbers + sizeof group.first + sizeof group.count);
  set_number(message, numbers, group.first);
  set_number(message, numbers + sizeof group.first, group.count);
  message += group.chain.view();
  const codec::Sha256Digest mac = codec::hmac_sha256(key_.reveal(), message);
  key_ = derive(key_, kNextLabel);
  return mac;
}

WalMacSeed WalMacSeed::generate(Random& random) {
  std::string bytes(kWalMacSeedBytes, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  return WalMacSeed(Secret::take(std::move(bytes)));
}

Result<WalMacSeed> WalMacSeed::from_bytes(Secret bytes) {
  if (bytes.reveal().size() != kWalMacSeedBytes)
    return Error(ErrorKind::invalid, "the seed of the codes of the write-ahead log has 32 bytes");
  return WalMacSeed(std::move(bytes));
}

GroupMacs WalMacSeed::groups() const {
  return GroupMacs(derive(bytes_, kGroupsLabel));
}

WalMacSeed WalMacSeed::next() const {
  return WalMacSeed(derive(bytes_, kEpochLabel));
}

WalMacSeed WalMacSeed::after(std::uint64_t epochs) const {
  WalMacSeed seed(bytes_.duplicate());
  for (; epochs > 0; --epochs) seed = seed.next();
  return seed;
}

bool WalMacSeed::operator==(const WalMacSeed& other) const {
  return equal_secrets(bytes_.reveal(), other.bytes_.reveal());
}

}  // namespace glovebox::audit
