#include "cli/command.h"

#include <utility>
#include <variant>

#include "base/exit_code.h"
#include "cli/audit.h"
#include "cli/audit_evidence.h"
#include "cli/config_check.h"
#include "cli/doctor.h"
#include "cli/egress_proof.h"
#include "cli/egress_proof_guest.h"
#include "cli/egress_proof_witness.h"
#include "cli/exec.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "cli/plane.h"
#include "cli/policy_check.h"
#include "cli/policy_control.h"
#include "cli/policy_diff.h"
#include "cli/policy_explain.h"
#include "cli/policy_suggest.h"
#include "cli/policy_test.h"
#include "cli/policy_why.h"
#include "cli/rehearsal_origin.h"
#include "cli/rehearse.h"
#include "cli/seccomp.h"
#include "cli/selftest.h"
#include "cli/selftest_guest.h"
#include "cli/show.h"
#include "cli/worker.h"

namespace glovebox::cli {

namespace {

// One line for each command.
struct Run {
  Secret environment_key;  // the worker's

  int operator()(const HelpText& help) const {
    print_out(help.text);
    return to_int(ExitCode::done);
  }
  int operator()(const VersionOptions&) const {
    print_out("glovebox " GLOVEBOX_VERSION "\n");
    return to_int(ExitCode::done);
  }
  int operator()(const ExecOptions& options) const { return run_exec(options); }
  int operator()(const WorkerOptions& options) {
    return to_int(run_worker(options, std::move(environment_key)));
  }
  int operator()(const RehearseOptions& options) const { return to_int(run_rehearsal(options)); }
  int operator()(const ConfigCheckOptions& options) const {
    return to_int(run_config_check(options));
  }
  int operator()(const DoctorOptions& options) const { return run_doctor(options); }
  int operator()(const SelftestOptions& options) const { return run_selftest(options); }
  int operator()(const AuditVerifyOptions& options) const { return run_audit_verify(options); }
  int operator()(const AuditShowOptions& options) const { return run_audit_show(options); }
  int operator()(const AuditTailOptions& options) const { return run_audit_tail(options); }
  int operator()(const AuditRepairOptions& options) const { return run_audit_repair(options); }
  int operator()(const AuditBenchOptions& options) const { return run_audit_bench(options); }
  int operator()(const AuditAnchorOptions& options) const { return run_audit_anchor(options); }
  int operator()(const AuditStatsOptions& options) const { return run_audit_stats(options); }
  int operator()(const AuditOpenOptions& options) const { return run_audit_open(options); }
  int operator()(const AuditReconcileOptions& options) const {
    return run_audit_reconcile(options);
  }
  int operator()(const AuditProveOptions& options) const {
    return to_int(run_audit_prove(options));
  }
  int operator()(const AuditCheckProofOptions& options) const {
    return to_int(run_audit_check_proof(options));
  }
  int operator()(const AuditExportOptions& options) const {
    return to_int(run_audit_export(options));
  }
  int operator()(const PolicyShowOptions& options) const { return run_policy_show(options); }
  int operator()(const SeccompShowOptions& options) const {
    return to_int(run_seccomp_show(options));
  }
  int operator()(const SeccompCheckOptions& options) const {
    return to_int(run_seccomp_check(options));
  }
  int operator()(const SeccompCompileOptions& options) const {
    return to_int(run_seccomp_compile(options));
  }
  int operator()(const SeccompExplainOptions& options) const {
    return to_int(run_seccomp_explain(options));
  }
  int operator()(const SeccompImportOptions& options) const {
    return to_int(run_seccomp_import(options));
  }
  int operator()(const PolicyControlOptions& options) const { return run_policy_control(options); }
  int operator()(const PolicyCheckOptions& options) const { return run_policy_check(options); }
  int operator()(const PolicySchemaOptions&) const { return run_policy_schema(); }
  int operator()(const PolicyDiffOptions& options) const {
    return to_int(run_policy_diff(options));
  }
  int operator()(const PolicyWhyOptions& options) const { return to_int(run_policy_why(options)); }
  int operator()(const PolicySuggestOptions& options) const { return run_policy_suggest(options); }
  int operator()(const PolicyTestOptions& options) const {
    return to_int(run_policy_test(options));
  }
  int operator()(const PolicyExplainOptions& options) const {
    return to_int(run_policy_explain(options));
  }
  int operator()(const PlaneOptions& options) const { return to_int(run_plane(options)); }
};

}  // namespace

int run_command_line(std::span<const std::string> arguments, Secret environment_key) {
  // No commands of a user's: what a selftest runs in its box, the parts of a proof of egress, and
  // what a rehearsal asks for.
  if (arguments.size() == 2 && arguments.front() == kGuestWord)
    return run_selftest_guest(arguments.back());
  if (arguments.size() == 2 && arguments.front() == kProofGuestWord)
    return run_proof_guest(arguments.back());
  if (arguments.size() == 2 && arguments.front() == kProofBoxWord)
    return run_proof_box(arguments.back());
  if (arguments.size() == 1 && arguments.front() == kProofWitnessWord) return run_proof_witness();
  if (arguments.size() == 2 && arguments.front() == kRehearsalOriginWord)
    return run_rehearsal_origin(arguments.back());
  const auto options = parse_command_line(arguments);
  if (!options) return to_int(fail(ExitCode::usage, options.error().message()));
  return std::visit(Run{std::move(environment_key)}, *options);
}

}  // namespace glovebox::cli
