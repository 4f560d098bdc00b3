// The part of egress's self-proof that runs in the box: it makes every attempt of
// egress_proof_attempts.h and says what came of it. The program in the box is glovebox itself, from
// a memory file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"

namespace glovebox::cli {

struct GuestEnd {
  std::string name;    // of the attempt
  std::string came;    // of it: a word of `came`, or the name of an errno
  std::string detail;  // for people

  codec::Json to_json() const;
  static Result<GuestEnd> from_json(const codec::Json& json);  // kind protocol
};

// argv[1] of the guest; the scene follows, as JSON.
inline constexpr std::string_view kProofGuestWord = "egress-proof-guest";

// One JSON object a line on standard output. 64 when the scene is none.
int run_proof_guest(std::string_view scene);

}  // namespace glovebox::cli
