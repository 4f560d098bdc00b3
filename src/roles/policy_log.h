// The supervisor's own connection to the auditor: what it records of policies, and where they are
// kept. Not the boxer's: who is given its policies by the supervisor is not to say which they were.
//
// At most one connection at a time. Owns the channel. What was asked on one that ended is never
// answered; who asked is told by the owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record_kind.h"
#include "base/result.h"
#include "codec/json.h"
#include "ipc/channel.h"

namespace glovebox::roles {

class PolicyLog {
 public:
  struct Answer {
    std::uint64_t sequence = 0;
    std::optional<std::string> refused;  // why nothing was written, or nothing was found
    std::uint64_t index = 0;             // of a record
    std::string document;                // fetched; or the digest of the one that is kept
  };

  void connect(ipc::Channel channel) { channel_ = std::move(channel); }
  void disconnect() { channel_.close(); }
  bool connected() const { return channel_.open(); }
  int fd() const { return channel_.fd(); }

  // Each returns the sequence of its answer. Errors: the connection is lost.
  Result<std::uint64_t> append(audit::RecordKind kind, codec::JsonObject members);
  Result<std::uint64_t> keep(std::string_view digest, std::string document);
  Result<std::uint64_t> fetch(std::string_view digest);
  // Blocks for one message. nullopt: the auditor is gone. Error: it broke the protocol.
  Result<std::optional<Answer>> receive();

 private:
  ipc::Channel channel_;
  std::uint64_t next_ = 1;
};

}  // namespace glovebox::roles
