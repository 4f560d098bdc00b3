// The results of a session that were made and are not settled with the control plane yet: one file
// for each in a folder of their own.
//
// A call waits for its result to be durable, so a file is used again: what fits into kSheet is
// written over a sheet that an earlier result left, which costs one flush of data and none of the
// file system's own. A sheet is written and flushed before it gets its name; one that was not
// renamed when the power went is found by what it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace glovebox::box {

// A result that was made and may have to be posted again after a restart.
struct StoredResult {
  std::string tool;
  std::string outcome;
  bool is_error = false;
  std::string content;  // JSON array of content blocks
  std::string rule;
  std::string detail;
  std::int64_t wall_us = 0;
  std::int64_t cpu_us = 0;
  std::int64_t peak_kib = 0;
  // Stored while its box was being ended: what it came to is not known before the log has it.
  bool is_provisional = false;
};

constexpr std::uint64_t kMaxStoredResult = 64 * kMiB;
constexpr std::size_t kSheet = 16 * kKiB;
// The sheet that waits for the next result.
inline constexpr const char* kBlankSheet = ".blank";

class PendingResults {
 public:
  // Removes what a killed process left, and gives a sheet its name that has a result and none.
  static Result<PendingResults> open(UniqueFd folder);

  // The result is durable when this returns. Errors: limit, of the kernel.
  Result<void> put(std::string_view tool_use_id, const StoredResult& result) const;
  // The same result with what is known of it now, in place of the one that is there. Not flushed: a
  // process that is killed does not lose it, a power cut may, and the one before with it.
  Result<void> amend(std::string_view tool_use_id, const StoredResult& result) const;
  // nullopt: there is none; what a power cut left of one that was never acknowledged is none.
  Result<std::optional<StoredResult>> get(std::string_view tool_use_id) const;
  Result<void> remove(std::string_view tool_use_id) const;
  Result<std::vector<std::string>> list() const;  // tool use ids, sorted

 private:
  explicit PendingResults(UniqueFd folder) : folder_(std::move(folder)) {}
  Result<bool> put_on_blank(const std::string& name, std::string_view bytes) const;
  UniqueFd folder_;
};

}  // namespace glovebox::box
