// What is wrong with a policy file, for the person who wrote it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace glovebox::policy {

// Stable codes, printed as GB0xxx. Those from 101 on are the properties F1 to F12 of a policy.
enum class Code : std::uint16_t {
  unreadable = 1,
  not_text = 2,
  syntax = 3,
  too_deep = 4,
  unknown_key = 10,
  wrong_type = 11,
  bad_value = 12,
  missing_key = 13,
  duplicate = 14,
  undefined = 15,
  inert = 16,
  not_in_this_version = 17,
  overlap = 18,
  conflict = 19,
  bad_path = 20,
  forbidden_mount = 21,
  bad_include = 22,
  bad_extends = 23,
  bad_cap = 24,
  untrusted_file = 30,
  not_enforced = 40,
  nothing_holds = 41,
  loosened_by_date = 42,
  dead = 50,
  shadowed = 51,
  never_matches = 52,
  unused = 53,
  expired = 54,
  expires_soon = 55,
  beyond_cap = 101,
  beyond_parent = 102,
  secret_reach = 103,
  exfiltration = 104,
  write_and_run = 105,
  local_reach = 106,
  tool_unbound = 107,
  audit_below_cap = 108,
  no_floor = 110,
  without_why = 112,
};
// Each of them once, in order.
std::span<const Code> all_codes();

// An error makes a policy unusable or is a finding; a warning is an error for who asks strictly; a
// note says something that a reviewer should know and changes nothing.
enum class Severity : std::uint8_t { error, warning, note };

struct Diagnostic {
  Code code = Code::syntax;
  Origin origin;
  std::uint32_t width = 1;  // columns that the caret underlines
  std::string message;
  std::string hint;  // what to do; may be empty
  Severity severity = Severity::error;
};

// A file as it was read.
struct SourceFile {
  std::string name;  // as in an Origin
  std::string text;
};

// `file:line:col: error GB0010: …`, the source line, a caret, the hint.
std::string to_text(const Diagnostic& diagnostic, std::string_view source);
std::string to_text(const std::vector<Diagnostic>& diagnostics, std::string_view source);
// Each with the line of the file that it is about.
std::string to_text(const std::vector<Diagnostic>& diagnostics, std::span<const SourceFile> files);
// Files in the order of `files`, then by place.
void sort_by_place(std::vector<Diagnostic>& diagnostics, std::span<const SourceFile> files);

std::string_view to_string(Severity severity);

}  // namespace glovebox::policy
