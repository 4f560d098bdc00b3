// `glovebox audit verify` and `glovebox audit show`: reading a log offline.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

// 0 good, 1 changed, 2 incomplete or unreadable.
int run_audit_verify(const AuditVerifyOptions& options);
// 2 when there is no log, or a line in it that is no record.
int run_audit_show(const AuditShowOptions& options);

}  // namespace glovebox::cli
