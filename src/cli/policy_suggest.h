// `glovebox policy suggest`: exact egress rules for what egress refused, out of an audit log.
#pragma once

#include <string>

#include "audit/record_source.h"
#include "base/result.h"
#include "cli/options.h"

namespace glovebox::cli {

// What is printed for a log, in constant memory but for the facts themselves
// (egress/suggested_rules.h). A torn last line is left out; nothing is verified but the form of
// each line. Errors: invalid (a line that is no record, by its index), those of the source.
Result<std::string> suggestions_of(audit::RecordSource& log, const PolicySuggestOptions& options);

// 2 when there is no log, or a line in it that is no record.
int run_policy_suggest(const PolicySuggestOptions& options);

}  // namespace glovebox::cli
