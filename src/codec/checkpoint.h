// Checkpoints (C2SP tlog-checkpoint): a signed note that says how large a log is and what its tree
// hashes to.
//
// Its text has three lines: the origin (which is the name of the log's key), the size in decimal,
// the root in base64. Extension lines are refused: nobody who reads the log could check them.
// Further signatures, of witnesses, may stand below; keys that are not known are passed over.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::codec {

// Sixteen signatures of the largest kind that is known.
constexpr std::size_t kMaxCheckpointBytes = 96 * kKiB;

struct Checkpoint {
  std::string origin;
  TreeHead tree;
  bool operator==(const Checkpoint&) const = default;
};

// The text that is signed. `origin`: a key name, see NoteKey.
std::string checkpoint_text(const Checkpoint& checkpoint);
// One spelling only. Error: invalid.
Result<Checkpoint> parse_checkpoint_text(std::string_view text);

// A note with one signature. Error: invalid (an origin that cannot be a key name).
Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const Ed25519PrivateKey& key);

// A checkpoint that the log itself signed. Errors: invalid (malformed), limit, denied (no key of
// `logs` with the name of its origin signed it, or a signature of a known key is bad).
struct OpenedCheckpoint {
  Checkpoint checkpoint;
  NoteKey signer;
};
Result<OpenedCheckpoint> open_checkpoint(std::string_view note, std::span<const NoteKey> logs);

// What a checkpoint says, whoever signed it or did not: to find records, never to trust them.
// Errors: invalid, limit.
Result<Checkpoint> claimed_checkpoint(std::string_view note);

}  // namespace glovebox::codec
