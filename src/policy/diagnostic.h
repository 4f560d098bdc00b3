// What is wrong with a policy file, for the person who wrote it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace glovebox::policy {

// Stable codes, printed as GB0xxx.
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
  bad_path = 20,
  forbidden_mount = 21,
  untrusted_file = 30,
};

struct Diagnostic {
  Code code = Code::syntax;
  Origin origin;
  std::uint32_t width = 1;  // columns that the caret underlines
  std::string message;
  std::string hint;  // what to do; may be empty
};

// `file:line:col: error GB0010: …`, the source line, a caret, the hint.
std::string to_text(const Diagnostic& diagnostic, std::string_view source);
std::string to_text(const std::vector<Diagnostic>& diagnostics, std::string_view source);

}  // namespace glovebox::policy
