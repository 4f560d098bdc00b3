// What `glovebox seccomp check` says of one file, and `explain` of one call. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "seccomp/explain.h"
#include "seccomp/filter.h"

namespace glovebox::cli {

// A filter text on every architecture: proved on each, or what is wrong, each error once.
struct FilterReport {
  std::string file;
  std::vector<seccomp::TextError> errors;
  std::vector<seccomp::Proved> proved;  // empty if there is an error
};
FilterReport check_filter(std::string_view file, std::string_view text);
// One that could not even be read.
FilterReport unreadable_filter(std::string_view file, std::string_view why);

// `FILE: good: x86_64: 300 rules, 617 instructions, sha256 …; aarch64: …`, or the errors with
// source line, caret and hint.
std::string to_text(const FilterReport& report);
// {file, good, errors: [{code, file, line, column, message, hint, source}], architectures:
// [{name, rules, absent, instructions, sha256}]}
codec::Json to_json(const FilterReport& report);

// {call, architecture, number, outcomes: [{action, when}], named, place, reason, floor}; number is
// null where there is no such call, when is null in all other cases.
codec::Json to_json(const seccomp::Explanation& answer);

}  // namespace glovebox::cli
