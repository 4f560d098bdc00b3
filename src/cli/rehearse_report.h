// What a rehearsal shows of each call: pure text from the plane's report and the audit log.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"

namespace glovebox::cli {

// What the log says about one call.
struct LoggedCall {
  std::string decision;  // `allow`, `deny`; empty: the log does not know the call
  std::string rule;      // file:line:col
  std::string profile;
  std::string outcome;
  std::string why;
  std::int64_t wall_us = 0;
};
// By tool use id. Lines that are no records of calls are passed over.
std::map<std::string, LoggedCall> read_logged_calls(std::string_view log);

// The calls that came to an end since the last question, each once, as lines for a terminal.
class RehearsalTeller {
 public:
  struct News {
    std::vector<std::string> ended;  // ids of calls that the log should know
    bool over = false;
    bool passed = false;
    std::string summary;
  };
  // The calls that are over and were not told yet.
  News look(const codec::Json& report) const;
  // Their lines, and they count as told.
  std::string tell(const codec::Json& report, const std::map<std::string, LoggedCall>& log);

 private:
  std::set<std::string> told_;  // calls, by place
  std::size_t count_ = 0;
};

}  // namespace glovebox::cli
