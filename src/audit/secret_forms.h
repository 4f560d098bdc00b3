// The forms in which a secret is looked for in text. Pure.
//
//   as it is
//   hexadecimal, in either case
//   base64 and base64url (RFC 4648) at each of the three alignments: the characters that depend on
//   the secret alone, whatever stands before and after it
//   percent-encoded (RFC 3986), in either case: all that is not unreserved; all but what
//   JavaScript's encodeURIComponent leaves; all but what may stand in a path; every byte the inside
//   of a JSON string (RFC 8259): as short as it can be, and with `\/`
//
// Not among them: split, compressed, encrypted, reversed, encoded twice, in another alphabet.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "base/wiped.h"

namespace glovebox::audit {

constexpr std::size_t kMinSecretBytes = 8;  // shorter ones would hit ordinary text
constexpr std::size_t kMaxSecretBytes = 16 * kKiB;

// Each once, `secret` itself first; none is shorter than kMinSecretBytes when `secret` is not, nor
// longer than six times its length.
std::vector<WipedBytes> secret_forms(std::string_view secret);

}  // namespace glovebox::audit
