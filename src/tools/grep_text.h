// The answer of a search: hits, cut at the limit, and the last lines that tell what is missing.
// One form for the built-in search and for ripgrep.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/limits.h"
#include "tools/result.h"

namespace glovebox::tools {

class GrepText {
 public:
  explicit GrepText(const ToolLimits& limits) : limits_(limits) {}

  // Whole lines. False when no more fit; what fits was kept.
  bool add(std::string_view lines);
  void set_cut() { is_cut_ = true; }
  void set_timed_out() { is_timed_out_ = true; }
  void add_unreadable(std::uint64_t count) { unreadable_ += count; }
  bool has_hits() const { return !hits_.empty(); }

  // `no matches` without hits; an error if the time was over before there was one.
  ToolResult result() const;

 private:
  ToolLimits limits_;
  std::string hits_;
  bool is_cut_ = false;
  bool is_timed_out_ = false;
  std::uint64_t unreadable_ = 0;
};

}  // namespace glovebox::tools
