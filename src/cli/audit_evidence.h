// `glovebox audit prove`, `check-proof` and `export`: evidence out of the log, and its check.
//
// What is taken out is what a checkpoint vouches for: records behind it cannot be proved yet.
#pragma once

#include "base/exit_code.h"
#include "cli/evidence_options.h"

namespace glovebox::cli {

// 1 when there is no such record, or none that is sealed; 2 when the folder is no good log.
ExitCode run_audit_prove(const AuditProveOptions& options);
// 0 it holds, 1 it does not, 2 the file or what is trusted cannot be read.
ExitCode run_audit_check_proof(const AuditCheckProofOptions& options);
// 2 when the folder is no good log, or is shorter than where to go on; 74 when what is asked for
// cannot be written.
ExitCode run_audit_export(const AuditExportOptions& options);

}  // namespace glovebox::cli
