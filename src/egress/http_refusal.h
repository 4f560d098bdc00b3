// Why a message is not passed on: a status and words of a fixed vocabulary. Nothing that a peer
// sent is in them, so nothing that it wrote reaches a log or a model through them.
#pragma once

#include <string_view>

#include "base/error.h"

namespace glovebox::egress {

struct Refusal {
  int status = 400;
  std::string_view words;  // static

  bool operator==(const Refusal&) const = default;
};

// What the client hears of an origin that could not be reached (HttpSite::open). Status 0: nothing.
Refusal refusal_by_open(ErrorKind kind);

}  // namespace glovebox::egress
