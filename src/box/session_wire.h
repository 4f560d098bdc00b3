// The messages between a keeper and the first process of a session's namespaces (session_init.h).
// Encoding and limits as ipc/messages.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

// The first process of a box has been reaped; in keep mode that is the tool itself.
struct BoxGone {
  static constexpr std::uint16_t kType = 0x412;
  std::uint64_t ticket = 0;
  os::ExitFacts exit;
  std::uint32_t left = 0;  // processes of the call that live on (keep mode)
  std::string encode() const;
  static Result<BoxGone> decode(std::string_view body);
};

// To the first process of a session in keep mode: end every process of this call. BoxGone comes
// when all are gone, unless it has come before.
struct EndCall {
  static constexpr std::uint16_t kType = 0x414;
  std::uint64_t ticket = 0;
  std::string encode() const;
  static Result<EndCall> decode(std::string_view body);
};

// The same: count. Has no body; Census answers.
struct TakeCensus {
  static constexpr std::uint16_t kType = 0x415;
};

// What the calls of a session in keep mode use, of those that have processes.
struct Census {
  static constexpr std::uint16_t kType = 0x416;
  struct Use {
    std::uint64_t ticket = 0;
    std::uint32_t processes = 0;
    std::uint64_t memory = 0;  // bytes
    std::int64_t cpu_us = 0;   // of the living, and of those that were waited for
    bool operator==(const Use&) const = default;
  };
  std::vector<Use> calls;
  std::string encode() const;
  static Result<Census> decode(std::string_view body);
};

// The session's own walls could not be made; nothing follows.
struct SessionRefused {
  static constexpr std::uint16_t kType = 0x413;
  std::string why;  // `step: ERRNO`
  std::string encode() const;
  static Result<SessionRefused> decode(std::string_view body);
};

}  // namespace glovebox::box
