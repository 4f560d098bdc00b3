// The messages between a keeper and the first process of a session's namespaces (session_init.h).
// Encoding and limits as ipc/messages.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "box/keeper_wire.h"
#include "os/process.h"

namespace glovebox::box {

// RunBox asks for a box, as the boxer's message does; its descriptors are those of box_fds().

// Answer to RunBox, with the pidfd of the box's first process.
struct BoxMade {
  static constexpr std::uint16_t kType = 0x410;
  std::uint64_t ticket = 0;
  std::string encode() const;
  static Result<BoxMade> decode(std::string_view body);
};

// Answer to RunBox: not even a first process could be made.
struct BoxRefused {
  static constexpr std::uint16_t kType = 0x411;
  std::uint64_t ticket = 0;
  std::string why;  // `step: ERRNO`
  std::string encode() const;
  static Result<BoxRefused> decode(std::string_view body);
};

// The first process of a box has been reaped.
struct BoxGone {
  static constexpr std::uint16_t kType = 0x412;
  std::uint64_t ticket = 0;
  os::ExitFacts exit;
  std::string encode() const;
  static Result<BoxGone> decode(std::string_view body);
};

// The session's own walls could not be made; nothing follows.
struct SessionRefused {
  static constexpr std::uint16_t kType = 0x413;
  std::string why;  // `step: ERRNO`
  std::string encode() const;
  static Result<SessionRefused> decode(std::string_view body);
};

}  // namespace glovebox::box
