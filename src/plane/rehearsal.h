// A rehearsal: a script in TOML that plays the brain of a session.
//
//   rehearsal = 1
//   name = "tour"
//   about = "What this shows"
//
//   [[step]]
//   title = "write a file"
//   say = "I begin with a note."               # optional agent.message before the calls
//   tool = "write"
//   input = { file_path = "a.txt", content = "hello" }
//   expect = { equals = "wrote 5 bytes to a.txt" }
//
//   [[step]]
//   title = "two at once"
//   [[step.call]]                              # calls of one step are emitted together
//   tool = "read"
//   input = { file_path = "a.txt" }
//   [[step.call]]
//   tool = "bash"
//   input = { command = "rm a.txt" }
//   ask = "deny"                               # held for a confirmation, then denied (or "allow")
//
// A step's calls are all answered before the next step begins. Reading is strict: unknown keys
// and expectations that can never hold are refused with file, line and column.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "policy/diagnostic.h"

namespace glovebox::plane {

// What a result must look like; everything that is given must hold. The text of a result is that
// of its text blocks, joined with newlines.
struct Expectation {
  std::optional<bool> is_error;
  std::optional<std::int64_t> exit;   // 0: no error; n: an error whose last line is `exit n`
  std::optional<std::string> equals;  // the whole text
  std::optional<std::string> like;    // the whole text, `*` standing for any characters
  std::vector<std::string> contains;
  std::vector<std::string> lacks;
};

// Why a result falls short, one sentence each; empty: it is as expected.
std::vector<std::string> judge(const Expectation& expectation, bool is_error,
                               std::string_view text);

// Does `*` in the pattern, and only it, stand for any characters, newlines too.
bool is_like(std::string_view pattern, std::string_view text);

enum class Ask : std::uint8_t { no, then_allow, then_deny };

struct RehearsedCall {
  std::string tool;
  bool custom = false;  // emitted as agent.custom_tool_use
  codec::Json input;
  Ask ask = Ask::no;
  Expectation expect;
};

struct RehearsalStep {
  std::string title;
  std::string say;  // empty: nothing
  std::vector<RehearsedCall> calls;
};

struct Rehearsal {
  std::string name;
  std::string about;
  std::vector<RehearsalStep> steps;
};

// `file` names the text in diagnostics; it is also the name of a rehearsal that gives none.
std::expected<Rehearsal, std::vector<policy::Diagnostic>> parse_rehearsal(const std::string& file,
                                                                          std::string_view text);

// By the name with which sessions choose them (metadata `rehearsal`).
using Rehearsals = std::map<std::string, Rehearsal, std::less<>>;

}  // namespace glovebox::plane
