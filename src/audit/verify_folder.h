// Checks a log where it lies: the sealed records (verify_tiles.h), and what is behind them in the
// write-ahead log. It may run beside the auditor.
#pragma once

#include <string>

#include "audit/log_report.h"
#include "audit/verify_tiles.h"
#include "base/clock.h"
#include "base/result.h"

namespace glovebox::audit {

// Errors: not_found (no log there), those of the kernel.
Result<LogReport> verify_folder(const std::string& path, const LogCheck& check, Random& random);

}  // namespace glovebox::audit
