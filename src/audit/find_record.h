// The record that is meant by the id of a call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record_kind.h"
#include "audit/record_source.h"
#include "base/result.h"

namespace glovebox::audit {

struct FoundRecord {
  std::uint64_t index = 0;
  std::string bytes;
};

// `tool_use`: as the control plane gives it; see record_id(). Without a kind: the intent of the
// call, and if there is none the first record that speaks of it (a denial, for one). With a kind:
// the first of that kind. Reads no more than it must, and only what holds the id is looked at.
// Errors: not_found, invalid (a line that is no record), those of the source.
Result<FoundRecord> find_call_record(RecordSource& records, std::string_view tool_use,
                                     std::optional<RecordKind> kind);

}  // namespace glovebox::audit
