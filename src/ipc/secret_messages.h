// What the roles say about secrets that no record may show. The bytes travel beside a message, in a
// sealed memory file; whoever passes that on does not read it.
//
// The rules are those of messages.h; accepts() there says who takes what.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::ipc {

// From the worker, with one descriptor: what it was given for a work item, the strings separated by
// LF. Answered in an Update, when the auditor masks them or will not.
struct KnowSecret {
  static constexpr std::uint16_t kType = 0x120;
  std::uint64_t ticket = 0;
  std::string item;
  std::string encode() const;
  static Result<KnowSecret> decode(std::string_view body);
};

// From the worker: the item has ended. What was told of it is masked on while there is room.
struct SecretOver {
  static constexpr std::uint16_t kType = 0x121;
  std::string item;
  std::string encode() const;
  static Result<SecretOver> decode(std::string_view body);
};

// From the auditor: it masks what it was sent under this number, from the next record on.
struct SecretKnown {
  static constexpr std::uint16_t kType = 0x122;
  std::uint64_t number = 0;
  std::string problem;  // why it does not; empty: it does
  std::string encode() const;
  static Result<SecretKnown> decode(std::string_view body);
};

}  // namespace glovebox::ipc
