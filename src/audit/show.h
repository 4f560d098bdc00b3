// Records for people: one line of printable ASCII with the short keys written out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record_kind.h"
#include "audit/record_source.h"
#include "base/clock.h"
#include "base/result.h"

namespace glovebox::audit {

// `#12 2026-11-24T15:22:31.000000Z tool.intent session=… tool_use=… tool=bash arguments={…}`.
// Everything but printable ASCII is written as `<x1b>` or `<u202e>`; values with spaces are quoted.
// Error: invalid (not a record).
Result<std::string> show_record(std::uint64_t index, std::string_view line);

// The long name of a short key (`tu` → `tool_use`), or the key itself.
std::string_view long_key(std::string_view key);

// Which records are shown: those that fit every member that is set. Ids as the control plane gives
// them; see record_id().
struct ShowFilter {
  std::optional<std::uint64_t> index;
  std::optional<std::string> session;
  std::optional<std::string> tool_use;
  std::optional<RecordKind> kind;
  std::optional<WallTime> since;
  bool only_denials = false;
};
enum class ShowForm { text, stored };  // stored: the bytes as they lie in the log
using ShowLine = std::function<Result<void>(std::string_view line)>;  // without LF

// Shows what fits, in order, in constant memory; nothing is verified but the form of each record.
// Errors: invalid (naming the record), those of the source and of `out`.
Result<void> show_log(RecordSource& log, const ShowFilter& filter, ShowForm form,
                      const ShowLine& out);

}  // namespace glovebox::audit
