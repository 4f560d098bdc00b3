// One decision of a log, with the records before it that say who asked for what.
//
// Offline, for whoever asks later why it was made (roles/recorded_request.h). Nothing is verified
// but the form of each line: `audit verify` does that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/record.h"
#include "audit/record_source.h"
#include "base/result.h"

namespace glovebox::audit {

struct RecordedDecision {
  std::uint64_t index = 0;
  Record record;                  // tool.intent, tool.deny, sys.deny, fs.deny, net.open or net.deny
  std::optional<Record> session;  // the latest session.open of its session
  std::optional<Record> call;     // what was decided about the call that it belongs to; of a
                                  // decision about a call the record itself
};

// `log` and `again` are the same log, each from its beginning: it is read twice in constant memory.
// Errors: not_found (no such record), invalid (a record that decides nothing, with the index of
// the one that does; a line that is no record), those of the sources.
Result<RecordedDecision> find_decision(RecordSource& log, RecordSource& again, std::uint64_t index);
// The same for the folder of a log. Errors: also not_found (there is no log).
Result<RecordedDecision> find_decision(const std::string& folder, std::uint64_t index);

}  // namespace glovebox::audit
