// What is wrong with a filter text, for the person who wrote it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::seccomp {

// Stable codes, printed as GB05xx.
enum class Code : std::uint16_t {
  too_long = 501,         // the text, or one of its lines
  not_text = 502,         // a byte that is not printable ASCII
  syntax = 503,           // not a line, not an action, not a condition
  unknown_call = 504,     // no architecture has it
  unknown_word = 505,     // no constant, no name of an error
  unknown_set = 506,      // `@name` of nothing
  bad_set = 507,          // what may not stand in a set
  order = 508,            // default, sets, rules by name
  duplicate = 509,        // a second rule for one call
  bad_default = 510,      // none, two, or one that allows
  no_reason = 511,        // a dangerous call without its reason
  empty_condition = 512,  // a condition that decides nothing
  too_many = 513,         // alternatives, values, brackets, errors
  floor = 514,            // lets through what no tool may have
  not_proved = 515,       // no program that does what the text says
  no_way_out = 516,       // reports calls, and has no way to report by
  unreadable = 517,       // no file, no right, too large
  silenced = 518,         // reports what is answered before the report
};
// `GB0504`.
std::string to_string(Code code);

struct TextError {
  Code code = Code::syntax;
  std::string file;
  std::uint32_t line = 1, column = 1;
  std::string message;
  std::string hint;    // what to do; may be empty
  std::string source;  // the line of the file, for the caret
};

// `file:line:col: error GB0504: message`
std::string to_string(const TextError& error);
// The same with the source line, a caret below the word, and the hint, each on a line of its own.
std::string to_text(const TextError& error);
std::string to_text(const std::vector<TextError>& errors);

}  // namespace glovebox::seccomp
