// What a call came to, in the forms in which the boxer has it: as a value, and as it is stored
// until the control plane has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "box/guard_report.h"
#include "box/outcome.h"
#include "box/session_store.h"
#include "box/session_wire.h"

namespace glovebox::roles {

struct CallResult {
  box::Verdict verdict;
  box::Usage usage;
  bool is_error = false;
  std::string content;  // JSON array of content blocks; empty for a program
  std::string rule;     // file:line
  // Processes of the call that live on in the session, as far as it is known: not stored.
  std::uint32_t background = 0;
  // What was made under guarded names and taken away; not stored either.
  box::GuardReport guard{};
  // Whether the box waited for the call; nothing where there was none, or nobody knows: not stored.
  std::optional<box::BoxStart> start{};
};

// An answer of ours instead of a box's.
CallResult failed_call(box::Outcome outcome, std::string detail, std::string text);

box::StoredResult to_stored(const CallResult& result, const std::string& tool);
// A program's status is not stored: nobody asks for it again.
CallResult from_stored(box::StoredResult&& stored);

}  // namespace glovebox::roles
