// The seal of an epoch: the record that ends it and begins the next one.
//
// An epoch is a stretch of the log with a signing key of its own. Its seal holds the public key of
// the next epoch and the tree before the seal, signed with the key of the epoch, which is then
// destroyed. So whoever knows the key of epoch 0, which is printed at enrolment and kept elsewhere,
// can follow the chain, and nobody can make another chain for a stretch that is over, not even with
// everything that is on the machine.
//
// Record of kind `epoch.rotate`, or `heartbeat` when the epoch has no record but its seal:
//
//   ep    number of the epoch that ends          at    its end, microseconds; the record's `t`
//   size  records before this one                next  public key of epoch `ep + 1`, in hex
//   root  of their tree, in hex                  seal  Ed25519 by the key of epoch `ep`, in hex
//
// Signed is a text of seven lines: what it is, the origin of the log, then the members in this
// order without `seal`. No origin has a space in it, so it is no checkpoint, which the same key
// also signs (as `<origin>/epoch/<ep>`, epoch_key_name()).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/json.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::audit {

// How long an epoch lasts at most, by both clocks, and how many records it has beside its seal.
// Both are rules for the log: a record beyond them is no record of that epoch.
constexpr Duration kEpochLength = seconds(60);
constexpr std::uint64_t kMaxEpochRecords = 100'000;

struct EpochSeal {
  std::uint64_t epoch = 0;
  codec::TreeHead tree;  // before the seal
  WallTime at;
  codec::Ed25519PublicKey next{};
  bool operator==(const EpochSeal&) const = default;
};

// `<origin>/epoch/<number>`: the name of an epoch's key in notes.
std::string epoch_key_name(std::string_view origin, std::uint64_t epoch);
bool is_epoch_key_name(std::string_view name, std::string_view origin);

bool is_seal(RecordKind kind);
// heartbeat for an epoch without records.
enum class EpochIs { empty, filled };
RecordKind seal_kind(EpochIs epoch);

// The members of the record. `key`: of the epoch that ends.
codec::JsonObject sign_seal(const EpochSeal& seal, std::string_view origin,
                            const codec::Ed25519PrivateKey& key);

struct SignedSeal {
  EpochSeal seal;
  std::string signature;
};
// From a record of one of the two kinds. One spelling only. Error: invalid.
Result<SignedSeal> parse_seal(const Record& record);
bool is_signed_by(const SignedSeal& signed_seal, std::string_view origin,
                  const codec::Ed25519PublicKey& key);

}  // namespace glovebox::audit
