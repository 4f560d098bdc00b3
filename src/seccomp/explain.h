// What a filter answers to a call of which not every argument need be known, and which line says
// so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

// `socket`, `socket(arg0=AF_INET, arg1=SOCK_STREAM|SOCK_CLOEXEC)`: what is not given is not known.
struct CallQuestion {
  std::string name;
  std::array<std::optional<std::uint64_t>, kArguments> arguments;
};
// Errors: invalid, with a hint for a misspelt word.
Result<CallQuestion> parse_question(std::string_view text);
// With the values as numbers: `socket(arg0=0x2)`.
std::string to_string(const CallQuestion& question);

struct Outcome {
  Action action;
  std::optional<Predicate>
      when;  // over the arguments that are not known; absent: in all other cases
};

struct Explanation {
  CallQuestion question;
  Arch arch = kHostArch;
  std::optional<std::uint32_t> number;  // absent: the architecture has no such call
  std::vector<Outcome> outcomes;        // the first that holds; the last one has no condition
  bool named = false;                   // by a line of the text; else by its default
  std::string place;                    // file:line of the line that decides
  std::string reason;                   // that line's; may be empty
  std::string floor;                    // what no tool may have of this call; empty: nothing
};
Explanation explain(const Table& table, const CallQuestion& question);

// A few lines for people, the answer first.
std::string to_text(const Explanation& explanation);

}  // namespace glovebox::seccomp
