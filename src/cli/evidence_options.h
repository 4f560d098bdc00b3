// The options of the commands that take evidence out of the log, and check it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "audit/export_line.h"
#include "audit/record_kind.h"
#include "cli/output_form.h"

namespace glovebox::cli {

struct AuditProveOptions {
  std::variant<std::uint64_t, std::string> record;  // its index, or the id of a call
  std::optional<audit::RecordKind> kind;            // which record of the call
  std::optional<std::string> directory;             // absent: below the state folder
  std::optional<std::string> output;                // absent: stdout
};

struct AuditCheckProofOptions {
  std::string file;
  std::string trust;  // a public key of a log, or a file with one or with a trust policy
  OutputForm form = OutputForm::text;
};

struct AuditExportOptions {
  std::optional<audit::ExportFormat> format;
  std::optional<std::string> session;  // absent: all records
  std::uint64_t from = 0;              // the index to begin with
  std::optional<std::string> pack;     // an archive instead of lines
  std::optional<std::string> directory;
};

}  // namespace glovebox::cli
