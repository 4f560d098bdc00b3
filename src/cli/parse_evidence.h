// The commands below `audit` that take evidence out of the log, and check it.
#pragma once

#include <string>

#include "cli/options.h"
#include "cli/syntax.h"

namespace glovebox::cli {

// Holds what is read, and must live until the line is parsed.
class EvidenceCommands {
 public:
  explicit EvidenceCommands(Syntax& syntax) : syntax_(syntax) {}

  // `pending`: what the chosen command was given.
  void declare(CLI::App& above, Options& pending);

 private:
  void prove(CLI::App& above);
  void check_proof(CLI::App& above);
  void export_lines(CLI::App& above);

  Syntax& syntax_;
  Options* pending_ = nullptr;
  AuditProveOptions prove_;
  AuditCheckProofOptions check_;
  AuditExportOptions export_;
};

}  // namespace glovebox::cli
