#include "cli/audit_evidence.h"

#include <algorithm>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "audit/evidence_pack.h"
#include "audit/find_record.h"
#include "audit/log_key.h"
#include "audit/proof_text.h"
#include "audit/prove.h"
#include "audit/sealed_log.h"
#include "audit/trust_policy.h"
#include "cli/audit_place.h"
#include "cli/message.h"
#include "cli/output_file.h"
#include "codec/json.h"
#include "os/file.h"

namespace glovebox::cli {

namespace {

Result<std::uint64_t> index_of(const audit::SealedLog& log, const AuditProveOptions& options) {
  if (const auto* index = std::get_if<std::uint64_t>(&options.record)) return *index;
  audit::SealedRecords records = log.records();
  return TRY(audit::find_call_record(records, std::get<std::string>(options.record), options.kind))
      .index;
}

// A key has two plus signs; a path that has them goes by another name.
Result<audit::TrustPolicy> read_trust(const std::string& given) {
  if (std::ranges::count(given, '+') >= 2)
    return audit::TrustPolicy::of_log(TRY(codec::NoteKey::parse(given)));
  const std::string text = TRY(os::read_file(given, audit::kMaxTrustPolicyBytes));
  if (auto key = audit::parse_public_key(text)) return audit::TrustPolicy::of_log(*std::move(key));
  return TRY_CONTEXT(audit::TrustPolicy::parse(text), given);
}

ExitCode not_good(const std::string& why, OutputForm form) {
  if (form == OutputForm::json)
    print_out(ascii_json(codec::to_json(codec::Json::object({{"verdict", "bad"}, {"why", why}}))) +
              "\n");
  else
    print_out(visible_lines(std::format("bad: {}\n", why)));
  return ExitCode::negative;
}

ExitCode check_pack(std::string_view archive, const audit::TrustPolicy& trust, OutputForm form) {
  const auto report = audit::check_pack(archive, trust);
  if (!report) return not_good(report.error().message(), form);
  if (form == OutputForm::json)
    print_out(ascii_json(codec::to_json(audit::pack_json(*report, trust))) + "\n");
  else
    print_out(audit::pack_text(*report, trust));
  return ExitCode::done;
}

}  // namespace

ExitCode run_audit_prove(const AuditProveOptions& options) {
  const auto place = audit_place(options.directory);
  if (!place) return fail(place.error().code, place.error().message);
  const auto log = audit::SealedLog::open(*place);
  if (!log) return fail(ExitCode::invalid_file, log.error().message());
  const auto index = index_of(*log, options);
  if (!index)
    return fail(
        index.error().kind() == ErrorKind::not_found ? ExitCode::negative : ExitCode::invalid_file,
        index.error().message());
  const auto proof = log->prove(*index);
  if (!proof)
    return fail(
        proof.error().kind() == ErrorKind::limit ? ExitCode::negative : ExitCode::invalid_file,
        proof.error().message());
  if (!options.output) {
    if (const auto written = os::write_all(1, *proof); !written)
      return fail(ExitCode::log_failed, written.error().message());
    return ExitCode::done;
  }
  // The record may hold what not everybody is to read.
  if (const auto written = write_output_file(*options.output, *proof, kReadableByOwner); !written)
    return fail(ExitCode::log_failed,
                std::format("{}: {}", *options.output, written.error().message()));
  print_note(std::format("{}: record {} of {}", *options.output, *index, log->key().name()));
  return ExitCode::done;
}

ExitCode run_audit_check_proof(const AuditCheckProofOptions& options) {
  const auto trust = read_trust(options.trust);
  if (!trust)
    return fail(ExitCode::invalid_file, Error(trust.error()).with_context("--trust").message());
  const auto proof = os::read_file(options.file, audit::kMaxPackBytes);
  if (!proof) return fail(ExitCode::invalid_file, proof.error().message());
  if (audit::looks_like_pack(*proof)) return check_pack(*proof, *trust, options.form);
  const auto checked = audit::check_trusted_proof(*proof, *trust);
  if (!checked) return not_good(checked.error().message(), options.form);
  if (options.form == OutputForm::json) {
    print_out(ascii_json(codec::to_json(audit::proof_json(*checked, *trust))) + "\n");
    return ExitCode::done;
  }
  const auto text = audit::proof_text(*checked, *trust);
  if (!text) return not_good(text.error().message(), options.form);
  print_out(*text);
  return ExitCode::done;
}

}  // namespace glovebox::cli
