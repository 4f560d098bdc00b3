// The messages between the boxer and a keeper. Encoding and limits as ipc/messages.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "box/cgroup.h"
#include "box/keeper.h"
#include "box/plan.h"
#include "box/refusal.h"
#include "box/session_places.h"

namespace glovebox::box {

// The first message, with the descriptor of the session's folder.
struct KeeperStart {
  static constexpr std::uint16_t kType = 0x400;
  std::string session;
  SessionPlaces places;
  GroupPlaces cgroup;
  std::string filter;
  Ahead ahead = Ahead::none;
  std::string encode() const;
  static Result<KeeperStart> decode(std::string_view body);
};

// Make a box and run the call in it; with three descriptors for a program, else with none.
struct RunBox {
  static constexpr std::uint16_t kType = 0x401;
  std::uint64_t ticket = 0;
  std::string plan;  // plan_wire.h
  std::string input;
  std::string encode() const;
  static Result<RunBox> decode(std::string_view body);
};

// A call of this plan may come: have a box wait for it.
struct PrepareBox {
  static constexpr std::uint16_t kType = 0x407;
  std::string plan;  // plan_wire.h
  std::string encode() const;
  static Result<PrepareBox> decode(std::string_view body);
};

struct StopBox {
  static constexpr std::uint16_t kType = 0x402;
  std::uint64_t ticket = 0;
  StopReason reason = StopReason::cancelled;
  std::string encode() const;
  static Result<StopBox> decode(std::string_view body);
};

struct BoxStarted {
  static constexpr std::uint16_t kType = 0x403;
  std::uint64_t ticket = 0;
  std::uint64_t network = 0;  // NetworkOpened; 0: loopback only
  std::string encode() const;
  static Result<BoxStarted> decode(std::string_view body);
};

// The answer is known, the box is being ended. BoxDone follows and may say otherwise.
struct BoxAnswered {
  static constexpr std::uint16_t kType = 0x406;
  RunReport report;
  std::string encode() const;
  static Result<BoxAnswered> decode(std::string_view body);
};

// The call is over, nothing of it runs but what keep mode lets live on.
struct BoxDone {
  static constexpr std::uint16_t kType = 0x404;
  RunReport report;
  std::string encode() const;
  static Result<BoxDone> decode(std::string_view body);
};

// System calls of guests that were refused and are to be recorded.
struct CallsRefused {
  static constexpr std::uint16_t kType = 0x408;
  static constexpr std::size_t kMost = 128;  // in one message
  std::vector<Refusal> refusals;
  std::string encode() const;
  static Result<CallsRefused> decode(std::string_view body);
};

// A network with a way out was made, for a box or for the session; with its sockets
// (box_network.h). Comes before anything of a guest's runs in it.
struct NetworkOpened {
  static constexpr std::uint16_t kType = 0x409;
  std::uint64_t network = 0;  // names it in this session from now on
  bool shared = false;        // by the calls of the session
  std::string profile;
  EgressPlan egress;
  std::string encode() const;
  static Result<NetworkOpened> decode(std::string_view body);
};

// Nothing runs in it any more.
struct NetworkClosed {
  static constexpr std::uint16_t kType = 0x40a;
  std::uint64_t network = 0;
  std::string encode() const;
  static Result<NetworkClosed> decode(std::string_view body);
};

// The last message, when the boxer has ended the session.
struct KeeperEnded {
  static constexpr std::uint16_t kType = 0x405;
  std::uint32_t background = 0;  // processes that calls had left and that end now
  std::string encode() const;
  static Result<KeeperEnded> decode(std::string_view body);
};

}  // namespace glovebox::box
