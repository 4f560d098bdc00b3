// The part of a selftest that runs in the box: it makes every attempt and every legitimate use and
// says what came of them. The program in the box is glovebox itself, from a memory file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace glovebox::cli {

// What the guest is told; by its only argument.
struct GuestOrders {
  std::vector<std::string> unseen;     // paths of the host that a box must not show
  std::vector<std::string> unwritten;  // folders that it must not be able to write below
  std::string process;                 // of the host
  std::string port, socket;            // servers of the host
  std::string variable;                // set in the environment of who started the call

  codec::Json to_json() const;
  static Result<GuestOrders> from_json(const codec::Json& json);
};

// argv[1] of the guest.
inline constexpr std::string_view kGuestWord = "selftest-guest";

// One JSON object a line on standard output; 0 when all of them were written.
int run_selftest_guest(std::string_view orders);

// The row that tells that the guest came to its end.
inline constexpr std::string_view kLastRow = "the guest made every attempt";

}  // namespace glovebox::cli
