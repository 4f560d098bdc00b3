// `glovebox audit anchor`, `reconcile`, `stats` and `open`: the log beside what is known outside of
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output_form.h"

namespace glovebox::cli {

struct AuditAnchorOptions {
  std::string directory;
  std::optional<std::string> to;  // a file; absent: stdout
};

struct AuditReconcileOptions {
  std::string directory;
  std::string session;
  std::string events;                     // a file with what the control plane holds
  std::vector<std::string> elsewhere;     // work items that other workers held
  std::vector<std::string> custom_tools;  // that are served here
  OutputForm form = OutputForm::text;
};

struct AuditStatsOptions {
  std::string directory;
  OutputForm form = OutputForm::text;
};

struct AuditOpenOptions {
  std::string directory;
  std::uint64_t index = 0;
  std::string payload;  // a file
};

// Gives the checkpoint of the log to somebody else to keep: printed, or appended to a file,
// durably. 2 when there is none, or it is not the log's; 74 when the file cannot be written.
int run_audit_anchor(const AuditAnchorOptions& options);
// Exit code as of `audit verify`: 1 when a result of this worker is not in the log.
int run_audit_reconcile(const AuditReconcileOptions& options);
// Counts of records by kind, bytes, sessions, times; nothing is verified.
int run_audit_stats(const AuditStatsOptions& options);
// Whether a record commits to just these bytes: 0 with the members that do, 1 when none does, 2
// when it cannot be told (no such record, no commitment in it, its salt is gone).
int run_audit_open(const AuditOpenOptions& options);

}  // namespace glovebox::cli
