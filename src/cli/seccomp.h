// `glovebox seccomp …`: filters for those who review and write them. Nothing here loads one.
//
// A filter is named by the name of a shipped one (`bash`, `builtin:bash`) or by its file. Exit:
// done; invalid_file for a filter that is wrong or cannot be read; usage for a call that is none or
// a place that cannot be written to.
#pragma once

#include "base/exit_code.h"
#include "cli/seccomp_options.h"

namespace glovebox::cli {

ExitCode run_seccomp_show(const SeccompShowOptions& options);
ExitCode run_seccomp_check(const SeccompCheckOptions& options);
// Writes the proved program, whole or not at all.
ExitCode run_seccomp_compile(const SeccompCompileOptions& options);
ExitCode run_seccomp_explain(const SeccompExplainOptions& options);
ExitCode run_seccomp_import(const SeccompImportOptions& options);

}  // namespace glovebox::cli
