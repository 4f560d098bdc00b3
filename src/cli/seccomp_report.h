// What `glovebox seccomp check` says of one file. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
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

}  // namespace glovebox::cli
