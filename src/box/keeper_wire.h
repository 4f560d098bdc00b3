// The messages between the boxer and a keeper. Encoding and limits as ipc/messages.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "box/cgroup.h"
#include "box/keeper.h"
#include "box/plan.h"
#include "box/session_places.h"

namespace glovebox::box {

// The first message, with the descriptor of the session's folder.
struct KeeperStart {
  static constexpr std::uint16_t kType = 0x400;
  std::string session;
  SessionPlaces places;
  GroupPlaces cgroup;
  std::string filter;
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
  std::string encode() const;
  static Result<BoxStarted> decode(std::string_view body);
};

struct BoxDone {
  static constexpr std::uint16_t kType = 0x404;
  RunReport report;
  std::string encode() const;
  static Result<BoxDone> decode(std::string_view body);
};

}  // namespace glovebox::box
