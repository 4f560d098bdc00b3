// What one caller gets, spelled out: every effective line of the profile with the place it came
// from and the line of the cap that bounds it, after a summary in plain words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/decide_request.h"

namespace glovebox::policy {

struct ExplainedLine {
  std::string words;
  std::optional<Origin> origin;  // absent: the default
  std::optional<Origin> cap;     // what bounds it
};

struct Explanation {
  Who who;
  std::string profile;               // empty: the tool is denied
  std::vector<std::string> summary;  // sentences
  std::vector<ExplainedLine> lines;
};

Explanation explain(const Policy& policy, const Filters& filters, const Who& who);

std::string to_text(const Explanation& explanation);
std::string to_json(const Explanation& explanation);

}  // namespace glovebox::policy
