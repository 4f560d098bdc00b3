// Proofs that an entry is in a log (C2SP tlog-proof): one text that is checked offline.
//
// It holds the index of the entry, the hashes from its leaf to the root, a checkpoint, and, as
// extra data that nothing vouches for by itself, bytes of the application's. Here is only the form:
// no signature and no hash is checked (audit/prove.h does that).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "codec/digest.h"

namespace glovebox::codec {

// An entry of the largest size in base64, all hashes, the largest checkpoint.
constexpr std::size_t kMaxTlogProofBytes = 256 * kKiB;

struct TlogProof {
  std::optional<std::string> extra;
  std::uint64_t index = 0;
  std::vector<Sha256Digest> hashes;  // from the leaf's sibling up; at most kMaxInclusionHashes
  std::string checkpoint;            // the note, verbatim
  bool operator==(const TlogProof&) const = default;
};

std::string format_tlog_proof(const TlogProof& proof);
// One spelling only; what is behind the blank line must have the form of a note over a checkpoint.
// Errors: invalid, limit.
Result<TlogProof> parse_tlog_proof(std::string_view text);

}  // namespace glovebox::codec
