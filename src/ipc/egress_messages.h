// What the boxer tells the egress role, and what it hears from it. Encoding and limits as
// messages.h; which types a role takes stands in accepts().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::ipc {

// Rules by their digest, before the first network that has them. Kept as long as a network has
// them, or until the boxer is gone.
struct EgressRulesMessage {
  static constexpr std::uint16_t kType = 0x600;
  std::string digest;  // SHA-256 of `rules`, hexadecimal
  std::string rules;   // egress/rules.h
  std::string encode() const;
  static Result<EgressRulesMessage> decode(std::string_view body);
};

// Serve this network, with its sockets (box/box_network.h); the first of them are for DNS.
inline constexpr std::size_t kDnsSockets = 3;
struct ServeNetwork {
  static constexpr std::uint16_t kType = 0x601;
  std::uint64_t network = 0;  // chosen by the boxer, never used again
  std::string session, profile, policy;
  std::string rules;        // digest
  std::uint8_t shared = 0;  // by all calls of the session
  std::string encode() const;
  static Result<ServeNetwork> decode(std::string_view body);
};

// A call works in it: what is recorded from now on, and was not recorded before, names it.
struct NetworkCall {
  static constexpr std::uint16_t kType = 0x602;
  std::uint64_t network = 0;
  std::string tool_use, tool;
  std::string encode() const;
  static Result<NetworkCall> decode(std::string_view body);
};

// That call is over. Everything that happened in the network is to be in the log when
// NetworkFlushed answers; connections of a network that is not shared end.
struct FlushNetwork {
  static constexpr std::uint16_t kType = 0x603;
  std::uint64_t network = 0, ticket = 0;
  std::string encode() const;
  static Result<FlushNetwork> decode(std::string_view body);
};

struct NetworkFlushed {
  static constexpr std::uint16_t kType = 0x604;
  std::uint64_t ticket = 0;
  std::string encode() const;
  static Result<NetworkFlushed> decode(std::string_view body);
};

// Nothing runs in it any more. Answered as FlushNetwork is, when its last connection has ended.
struct CloseNetwork {
  static constexpr std::uint16_t kType = 0x605;
  std::uint64_t network = 0, ticket = 0;
  std::string encode() const;
  static Result<CloseNetwork> decode(std::string_view body);
};

}  // namespace glovebox::ipc
