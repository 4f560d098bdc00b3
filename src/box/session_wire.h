// The messages between a keeper and the first process of a session's namespaces (session_init.h).
// Encoding and limits as ipc/messages.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "box/plan.h"
#include "os/process.h"

namespace glovebox::box {

// Whether a box knows its call when it starts.
enum class BoxStart : std::uint8_t {
  with_its_call,
  telling,  // the same; a shell tells first what it started with
  waiting,  // it makes every wall, then waits at its end of `command` (box_fds.h)
};

// For the log and the numbers of operators: `cold`, or `warm` for one that waited.
constexpr std::string_view kind_of(BoxStart start) {
  return start == BoxStart::waiting ? "warm" : "cold";
}

// Asks for a box, with the descriptors of box_fds.h.
struct MakeBox {
  static constexpr std::uint16_t kType = 0x414;
  std::uint64_t number = 0;  // names it from now on
  BoxStart start = BoxStart::with_its_call;
  std::string plan;     // plan_wire.h
  std::string guarded;  // encode_guarded(); empty: nothing
  std::string encode() const;
  static Result<MakeBox> decode(std::string_view body);
};

// Answer to MakeBox, with the pidfd of the box's first process.
struct BoxMade {
  static constexpr std::uint16_t kType = 0x410;
  std::uint64_t number = 0;
  std::string encode() const;
  static Result<BoxMade> decode(std::string_view body);
};

// From a box itself, before anything of its guest's runs: the listener of its filter
// (refused_calls.h), by descriptor. May come before BoxMade.
struct BoxListens {
  static constexpr std::uint16_t kType = 0x418;
  std::uint64_t number = 0;
  std::string encode() const;
  static Result<BoxListens> decode(std::string_view body);
};

// From whoever makes a network namespace that has a way out, before anything of a guest's runs: the
// sockets on which the egress role is to listen, by descriptor, in the order of box_network.h. The
// box's number; 0: the network is the session's (keep mode). May come before BoxMade.
struct NetworkMade {
  static constexpr std::uint16_t kType = 0x419;
  std::uint64_t number = 0;
  std::string profile;
  EgressPlan egress;
  std::string encode() const;
  static Result<NetworkMade> decode(std::string_view body);
};

// Answer to MakeBox: not even a first process could be made.
struct BoxRefused {
  static constexpr std::uint16_t kType = 0x411;
  std::uint64_t number = 0;
  std::string why;  // `step: ERRNO`
  std::string encode() const;
  static Result<BoxRefused> decode(std::string_view body);
};

// The first process of a box has been reaped; in keep mode that is the tool itself.
struct BoxGone {
  static constexpr std::uint16_t kType = 0x412;
  std::uint64_t number = 0;
  os::ExitFacts exit;
  std::uint32_t left = 0;  // processes of the call that live on (keep mode)
  std::string encode() const;
  static Result<BoxGone> decode(std::string_view body);
};

// To the first process of a session in keep mode: end every process of this call. BoxGone comes
// when all are gone, unless it has come before.
struct EndCall {
  static constexpr std::uint16_t kType = 0x415;
  std::uint64_t number = 0;
  std::string encode() const;
  static Result<EndCall> decode(std::string_view body);
};

// The same: count. Has no body; Census answers.
struct TakeCensus {
  static constexpr std::uint16_t kType = 0x416;
};

// What the calls of a session in keep mode use, of those that have processes.
struct Census {
  static constexpr std::uint16_t kType = 0x417;
  struct Use {
    std::uint64_t number = 0;
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
