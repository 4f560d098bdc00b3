// What diff() found, for people, for a pull request, for scripts. Four groups: WIDER, NARROWER,
// CHANGED (neither), COSMETIC (the texts differ and nothing else does).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/compare.h"

namespace glovebox::policy {

// A file of a policy, for the line that is quoted.
struct QuotedFile {
  std::string name;
  std::string text;
};

struct DiffReport {
  std::string before, after;  // as they were named
  std::vector<QuotedFile> files_before, files_after;
  std::vector<CallerDifferences> differences;
  bool same_text = false;
};

std::string to_text(const DiffReport& report);
std::string to_markdown(const DiffReport& report);
std::string to_json(const DiffReport& report);

}  // namespace glovebox::policy
