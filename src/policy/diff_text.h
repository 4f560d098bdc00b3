// What diff() found, for people, for a pull request, for scripts. Four groups: WIDER, NARROWER,
// CHANGED (neither), COSMETIC (the texts differ and nothing else does).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/compare.h"
#include "policy/diagnostic.h"

namespace glovebox::policy {

struct DiffReport {
  std::string before, after;  // as they were named
  std::vector<SourceFile> files_before, files_after;
  std::vector<CallerDifferences> differences;
  bool same_text = false;
};

std::string to_text(const DiffReport& report);
std::string to_markdown(const DiffReport& report);
std::string to_json(const DiffReport& report);

}  // namespace glovebox::policy
