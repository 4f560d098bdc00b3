// `glovebox audit verify`, `show` and `tail`: reading a log, also while it is written.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

// 0 good, 1 changed, 2 incomplete or unreadable.
int run_audit_verify(const AuditVerifyOptions& options);
// 2 when there is no log, or something in it that is no record.
int run_audit_show(const AuditShowOptions& options);
// The last records; with --follow also those that come, once they are sealed, until it is stopped.
int run_audit_tail(const AuditTailOptions& options);

// After exit 65: goes on without what is lost (audit/repair.h). 0, also when nothing is damaged; 65
// when it cannot be repaired.
int run_audit_repair(const AuditRepairOptions& options);
// What a durable record costs on the disk of a folder (audit/log_bench.h).
int run_audit_bench(const AuditBenchOptions& options);

}  // namespace glovebox::cli
