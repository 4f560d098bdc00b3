// Which calls the log knows: at most one intent per tool use id, at most one end per intent.
//
// In memory, rebuilt from the log at start. An entry takes 24 bytes: 16 of the SHA-256 of the id
// (salted per process, so that nobody can prepare ids that fall together), 7 of the session's, and
// the state. Equal 16 bytes of two ids would refuse the second call, never run one twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace glovebox::audit {

// About 200 MB when full. Beyond it every new call is refused; a new log directory starts anew.
constexpr std::size_t kMaxIndexedCalls = 4'000'000;

enum class CallState : std::uint8_t {
  unknown,   // no intent: it was never started from here
  started,   // intent, no end
  finished,  // result
  orphaned,  // given up after a restart
};

class CallIndex {
 public:
  explicit CallIndex(Random& random, std::size_t max_calls = kMaxIndexedCalls);

  CallState find(std::string_view tool_use) const;
  std::size_t size() const { return used_; }

  // Whether start() or end() would succeed: the record is written between the two.
  Result<void> may_start(std::string_view tool_use) const;
  Result<void> may_end(std::string_view session, std::string_view tool_use) const;

  // unknown → started. Errors: exists (at most once), limit (full).
  Result<void> start(std::string_view session, std::string_view tool_use);
  // started → `end` (finished or orphaned). Errors: not_found (no intent), conflict (has ended
  // already), denied (the intent belongs to another session).
  Result<void> end(std::string_view session, std::string_view tool_use, CallState end);

 private:
  struct Entry {
    std::array<std::uint8_t, 16> key{};
    std::array<std::uint8_t, 7> session{};
    CallState state = CallState::unknown;  // unknown = empty slot
  };
  std::array<std::uint8_t, 16> key_of(std::string_view tool_use) const;
  std::array<std::uint8_t, 7> session_of(std::string_view session) const;
  // Where the key is, or the empty slot where it belongs.
  std::size_t slot_of(const std::array<std::uint8_t, 16>& key) const;
  void grow();

  std::array<std::byte, 16> salt_{};
  std::size_t max_calls_;
  std::size_t used_ = 0;
  std::vector<Entry> slots_;  // open addressing, a power of two, at most half full
};

}  // namespace glovebox::audit
