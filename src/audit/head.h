// The head: a signed statement of how many records there are and what the last one hashes to.
//
// A signed note (C2SP) over four lines: `glovebox audit head v1`, the origin, the number of
// records, the hash of the last record in hex. The first line keeps it from being taken for a
// checkpoint of a tree. It proves nothing against somebody who has the key, and does not show that
// a whole directory was put back to an older state: keep heads elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "codec/digest.h"
#include "codec/note.h"

namespace glovebox::audit {

constexpr std::size_t kMaxHeadBytes = 16 * kKiB;

struct Head {
  std::string origin;  // the name of the key
  std::uint64_t size = 0;
  codec::Sha256Digest last;
  bool operator==(const Head&) const = default;
};

// Error: invalid (an origin that cannot be a key name).
Result<std::string> sign_head(const Head& head, const codec::Ed25519PrivateKey& key);

// Errors: invalid (malformed), denied (not signed by `key`, or of another origin).
Result<Head> open_head(std::string_view note, const codec::NoteKey& key);

}  // namespace glovebox::audit
