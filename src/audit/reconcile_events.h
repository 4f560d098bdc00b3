// What the control plane holds of a session, as far as calls and their results go: read from the
// pages of its API, or from a file to which somebody exported them.
//
// Text is one JSON value, or one a line: pages (`{"data": [...], "next_page": ...}`), arrays, or
// single objects, in any mixture. Types and members that are not known are passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"

namespace glovebox::audit {

constexpr std::size_t kMaxExportBytes = 256 * kMiB;
constexpr std::size_t kMaxReportedCalls = 1'000'000;

// `YYYY-MM-DDTHH:MM:SS[.fraction]Z` (RFC 3339, UTC). Nothing if it is none; what is finer than a
// microsecond is cut.
std::optional<WallTime> parse_utc(std::string_view text);

struct ReportedResult {
  std::optional<WallTime> at;  // nothing: it was not processed yet
  bool is_error = false;
  bool operator==(const ReportedResult&) const = default;
};

// Who a call was for. MCP calls are run by the service and are left out.
enum class CallKind { tool, custom };

struct ReportedCall {
  std::string id;
  std::string name;  // of the tool; empty when only the result is there
  CallKind kind = CallKind::tool;
  bool asked = false;  // the call itself is there, not only its result
  std::optional<ReportedResult> result;
  bool operator==(const ReportedCall&) const = default;
};

struct SessionEvents {
  std::vector<ReportedCall> calls;  // each once, in the order in which they came
  bool complete = true;             // no page was named that is not there
};
// Errors: invalid (no JSON, an event of a call without its ids), with the line; limit.
Result<SessionEvents> read_session_events(std::string_view text);

// A stretch of the session's life in which one worker held it.
struct WorkSpan {
  std::string id;
  WallTime from;
  std::optional<WallTime> until;  // nothing: it is still held
  bool operator==(const WorkSpan&) const = default;
};
// The work items of `session` among those of its environment (`GET …/work`). Those that nobody took
// are left out. Errors as above.
Result<std::vector<WorkSpan>> read_work_spans(std::string_view text, std::string_view session);

}  // namespace glovebox::audit
