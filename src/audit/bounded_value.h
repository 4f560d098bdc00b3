// Values of unknown origin in a bounded, displayable form for records.
#pragma once

#include <cstddef>

#include "audit/salt.h"
#include "codec/json.h"

namespace glovebox::audit {

constexpr std::size_t kMaxTextBytes = 4096;  // of one string; also of one key
constexpr std::size_t kMaxValueDepth = 16;   // open arrays and objects below a member
constexpr std::size_t kShownBytes = 256;     // of a cut string

struct ValueLimits {
  std::size_t text_bytes = kMaxTextBytes;
  std::size_t shown_bytes = kShownBytes;
};

// Strings and keys through codec::visible_text (C0 controls stay: JSON escapes them); doubles and
// integers of 2^53 and more become strings of their JSON text. A string over the limit becomes
// `{"c": commitment (salt.h), "n": bytes, "text": its first bytes, cut at a character}`, an array
// or object below kMaxValueDepth `{"c", "n"}` of its JSON text. Two keys that become equal stay
// two: the later one gets `<2>`, `<3>`, … appended.
//
// The commitments have the salt of the record. Mask first.
codec::Json bounded_value(const codec::Json& value, Commitments& commitments,
                          const ValueLimits& limits = {});

}  // namespace glovebox::audit
