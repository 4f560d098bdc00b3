// Codes over the groups of the write-ahead log that cannot be made afterwards: the field `mac` of a
// commit frame (wal_group.h).
//
// Each group has a key of its own, made from the key of the group before, which is forgotten. So
// somebody who takes the machine over can make the codes of later groups and of none before: with
// the seed, which is kept elsewhere from enrolment on, a reader of a tail that no checkpoint covers
// can tell the groups that were written from those that were made up. Recovery does not need it.
//
//   seed(0)       random, escrowed           seed(n+1) = HMAC(seed(n), "… epoch …")
//   key(n, 0)   = HMAC(seed(n), "… groups …")
//   key(n, j+1) = HMAC(key(n, j), "… next …")
//   mac         = HMAC(key(n, j), "… group …" ‖ first 8 ‖ count 4 ‖ chain 32), little endian
//
// A group is of the epoch that its last record is in or, if that is the seal of an epoch, of the
// one that the seal begins. So a run of the auditor, which begins with a seal (epoch_keeper.h),
// begins with key(n, 0), and nothing has to be stored with a group. HMAC is HMAC-SHA-256.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "codec/digest.h"

namespace glovebox::audit {

constexpr std::size_t kWalMacSeedBytes = 32;

struct WalGroupFacts {
  std::uint64_t first = 0;  // index of the first record
  std::uint32_t count = 0;
  codec::Sha256Digest chain;  // behind the group
};

// The keys of the groups of one epoch, one after the other.
class GroupMacs {
 public:
  // The code of the next group. Its key is gone when this returns.
  codec::Sha256Digest next(const WalGroupFacts& group);

 private:
  friend class WalMacSeed;
  explicit GroupMacs(Secret key) : key_(std::move(key)) {}
  Secret key_;
};

class WalMacSeed {
 public:
  static WalMacSeed generate(Random& random);
  // Error: invalid (not kWalMacSeedBytes).
  static Result<WalMacSeed> from_bytes(Secret bytes);

  GroupMacs groups() const;
  WalMacSeed next() const;
  // next() as many times: for a reader who starts in the middle.
  WalMacSeed after(std::uint64_t epochs) const;
  bool operator==(const WalMacSeed& other) const;
  std::string_view reveal_bytes() const { return bytes_.reveal(); }

 private:
  explicit WalMacSeed(Secret bytes) : bytes_(std::move(bytes)) {}
  Secret bytes_;
};

}  // namespace glovebox::audit
