// The `audit` commands of the command line.
#pragma once

#include <optional>
#include <string>

#include "cli/options.h"
#include "cli/parse_evidence.h"
#include "cli/syntax.h"

namespace glovebox::cli {

// Holds what is read, and must live until the line is parsed.
class AuditCommands {
 public:
  explicit AuditCommands(Syntax& syntax) : syntax_(syntax), evidence_(syntax) {}

  // `pending`: what the chosen command was given.
  void declare(CLI::App& root, Options& pending);

 private:
  void folder(CLI::App& app, std::string& into);
  CLI::Option* number(CLI::App& app, const char* name, std::optional<std::uint64_t>& into,
                      const char* meaning);
  void verify(CLI::App& audit);
  void show(CLI::App& audit);
  void tail(CLI::App& audit);
  void repair(CLI::App& audit);
  void bench(CLI::App& audit);
  void anchor(CLI::App& audit);
  void reconcile(CLI::App& audit);
  void stats(CLI::App& audit);
  void open(CLI::App& audit);

  Syntax& syntax_;
  EvidenceCommands evidence_;
  Options* pending_ = nullptr;
  AuditVerifyOptions verify_;
  std::optional<std::uint64_t> verify_min_size_;
  AuditShowOptions show_;
  AuditTailOptions tail_;
  AuditRepairOptions repair_;
  AuditBenchOptions bench_;
  AuditAnchorOptions anchor_;
  AuditReconcileOptions reconcile_;
  AuditStatsOptions stats_;
  AuditOpenOptions open_;
  std::optional<std::uint64_t> open_index_;
  bool loss_accepted_ = false;
};

}  // namespace glovebox::cli
