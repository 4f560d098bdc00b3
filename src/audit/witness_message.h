// What a log and a witness say to each other (C2SP tlog-witness, add-checkpoint): bytes only.
//
//   old 20852014                 size of the tree that the witness is believed to know
//   PlRNCrwHpqhGrupue0L7gxb…     proof that it is how this one began, one hash a line, base64
//                                an empty line
//   example.com/behind-the-sofa  the checkpoint, a note with the log's signature
//   …
//
// A witness answers 200 with lines of its own to be put below the note; 409 with the size that it
// knows; anything else with a reason for people.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "codec/checkpoint.h"
#include "codec/cosignature.h"
#include "codec/digest.h"
#include "codec/note.h"

namespace glovebox::audit {

constexpr std::size_t kMaxWitnessProof = 63;
constexpr std::size_t kMaxAddCheckpointBytes = codec::kMaxCheckpointBytes + 4 * kKiB;
constexpr std::size_t kMaxWitnessAnswerBytes = 64 * kKiB;

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<codec::Sha256Digest> proof;
  std::string note;  // verbatim; only its form has been looked at
  bool operator==(const AddCheckpoint&) const = default;
};
std::string format_add_checkpoint(const AddCheckpoint& request);
// One spelling only. Errors: invalid, limit.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);

// For the log: what a witness answered to a checkpoint.
struct WitnessReply {
  // To be put below the note, and what they say. Never both empty and without a size.
  std::vector<codec::NoteSignature> lines;
  std::vector<codec::Cosignature> cosignatures;
  std::optional<std::uint64_t> knows;  // 409: ask again with a proof from there
};
// `note`: the checkpoint that was sent. Lines of keys that are not known are left out. Errors:
// protocol (not an answer of a witness), denied (a bad line of a known witness; or it refused: 403,
// 404, 422 and others, with the status), limit.
Result<WitnessReply> read_witness_answer(unsigned status, std::string_view body,
                                         std::string_view note,
                                         std::span<const codec::CosignerKey> known);

}  // namespace glovebox::audit
