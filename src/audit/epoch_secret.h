// The file `epoch.key`: the secrets of the epoch that goes on.
//
// Two slots of 4 KiB. An epoch has the slot of its parity:
//
//   0 magic 16 | 16 crc32c 4 | 20 zeros 4 | 24 epoch 8 | 32 seed 32 | 64 mac 32 | 96 zeros to 4096
//
// `seed` is that of the Ed25519 key, `mac` that of the codes of the *next* epoch's groups
// (epoch_mac.h): those of its own are made from a key that is never stored. The checksum covers the
// slot without itself. Both slots are whole only between the moment in which the secret of the next
// epoch is stored and the one in which that of the old epoch is overwritten.
//
// Overwriting in place destroys a secret only where the file system and the device write in place.
// Copy-on-write file systems and flash may keep what was there before.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "audit/epoch_mac.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/units.h"
#include "codec/jcs.h"
#include "codec/note.h"

namespace glovebox::audit {

constexpr std::string_view kEpochKeyName = "epoch.key";
constexpr std::size_t kEpochSlots = 2;
constexpr std::size_t kEpochSlotBytes = 4 * kKiB;
// What a record can hold.
constexpr std::uint64_t kMaxEpoch = codec::kMaxJcsInteger;
constexpr std::size_t kEpochFileBytes = kEpochSlots * kEpochSlotBytes;

struct EpochSecret {
  std::uint64_t number = 0;
  codec::Ed25519PrivateKey key;
  WalMacSeed next_mac;

  // Of the epoch behind this one.
  EpochSecret make_next(Random& random) const;
  std::size_t slot() const { return number % kEpochSlots; }
};

// kEpochSlotBytes.
Secret format_epoch_slot(const EpochSecret& secret);
// The whole file with this secret alone.
Secret format_epoch_file(const EpochSecret& secret);

// By slot; nothing where there is none, or what is there is not whole.
using EpochSecrets = std::array<std::optional<EpochSecret>, kEpochSlots>;
EpochSecrets parse_epoch_file(std::string_view bytes);

}  // namespace glovebox::audit
