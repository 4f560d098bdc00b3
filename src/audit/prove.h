// Evidence for one record, and its check (C2SP tlog-proof): one text that holds the record, its
// index, the hashes up to the root, and the checkpoint. Who checks it needs the key of the log and
// nothing else.
//
// A proof shows that the log, as it was signed, holds the record at that place. It does not show
// that the log was not changed before or behind it, and it is worth what the key is worth.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"
#include "audit/tile_source.h"
#include "audit/trust_policy.h"
#include "base/result.h"
#include "codec/checkpoint.h"
#include "codec/cosignature.h"
#include "codec/note.h"

namespace glovebox::audit {

// `checkpoint`: the note in the log's folder; `key`: of the log. The record is the extra data of
// the proof. Errors: limit (a record that no checkpoint vouches for yet), denied (the checkpoint is
// not signed by the key), conflict (the tiles do not lead to what was signed), not_found, those of
// the source.
Result<std::string> prove_record(const TileSource& tiles, std::string_view checkpoint,
                                 const codec::NoteKey& key, std::uint64_t index);

struct ProvenRecord {
  std::uint64_t index = 0;
  std::string bytes;  // as they stand in the log
  Record record;
  codec::OpenedCheckpoint seal;
};
// `logs`: the keys that are trusted, of one or more logs. Errors: invalid (no proof, or of
// something that is no record), denied (not signed by one of them, or not in the tree that was
// signed).
Result<ProvenRecord> check_proof(std::string_view proof, std::span<const codec::NoteKey> logs);

// The same when the checkpoint is known and trusted already: the proof must hold the same note.
Result<ProvenRecord> check_proof_under(std::string_view proof, std::string_view checkpoint,
                                       const codec::OpenedCheckpoint& seal);

// The same by a whole policy, which may ask for witnesses. Errors: also denied (too few).
struct TrustedRecord {
  ProvenRecord proven;
  std::vector<codec::Cosignature> witnesses;  // that the policy knows
};
Result<TrustedRecord> check_trusted_proof(std::string_view proof, const TrustPolicy& trust);

}  // namespace glovebox::audit
