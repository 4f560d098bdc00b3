// All evidence about one session in one archive (codec/ustar.h), made of a log and checked without
// it.
//
//   README.txt                        what this is, and how it is checked
//   checkpoint                        the signed note that every proof leads to
//   key.pub                           of the log; trust one that came another way
//   records.jsonl                     the records of the session, as `audit export` writes them
//   proofs/<index>.tlog-proof         one for each of them: any reader of C2SP proofs can check it
//   loads/<index>.tlog-proof          the records that say which text the session's policies are
//   policies/<digest>                 those texts
//   session.html                      the records as a page for people
//
// A proof for each record repeats hashes that a common form could share, about 1 KiB a record: it
// is what other programs read. The same log and checkpoint make the same bytes.
//
// What a pack shows: that these records are in the log, that none between the first and the last
// of them is missing (each holds the leaf hash of the one before), and which policies they speak
// of. That nothing of the session came later only `session.close` at the end suggests: an id can be
// used again. What it cannot show is what the log itself cannot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/prove.h"
#include "audit/sealed_log.h"
#include "audit/trust_policy.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::audit {

constexpr std::size_t kMaxPackRecords = 10'000;
constexpr std::size_t kMaxPackBytes = 256 * kMiB;
// Three a record at most, and the others.
constexpr std::size_t kMaxPackFiles = 3 * kMaxPackRecords;

// `session`: as the control plane gives it. Errors: not_found (no sealed record of it), limit,
// those of the log.
Result<std::string> make_pack(const SealedLog& log, std::string_view session);

struct PackReport {
  std::string session;
  TrustedCheckpoint sealed;
  std::vector<std::uint64_t> records;         // their indices
  bool is_closed = false;                     // the last one is session.close
  std::size_t policies = 0;                   // whose texts are there, and are the recorded ones
  std::vector<std::string> unknown_policies;  // digests without a text
  bool are_words_ours = false;  // README.txt and session.html are what this version writes
};
// Errors: invalid (no pack, or one whose parts do not fit each other), limit, denied (not signed by
// whom the policy trusts, or a record that is not in the tree).
Result<PackReport> check_pack(std::string_view archive, const TrustPolicy& trust);

// Whether bytes may be a pack: not a proof.
bool looks_like_pack(std::string_view bytes);

// Lines of printable ASCII, each with its LF.
std::string pack_text(const PackReport& report, const TrustPolicy& trust);
codec::Json pack_json(const PackReport& report, const TrustPolicy& trust);

}  // namespace glovebox::audit
