#include <cstddef>
#include <format>
#include <string>

#include "audit/evidence_pack.h"
#include "audit/export_run.h"
#include "audit/sealed_log.h"
#include "cli/audit_evidence.h"
#include "cli/audit_place.h"
#include "cli/message.h"
#include "cli/output_file.h"
#include "os/file.h"

namespace glovebox::cli {

namespace {

constexpr int kStandardOutput = 1;
constexpr std::size_t kBufferBytes = 64 * kKiB;

// Lines to stdout, many at a time.
class Lines {
 public:
  explicit Lines(audit::ExportFormat format)
      // OCSF is ours to spell. What JSON lines hold stays as it is, but on a terminal.
      : escaped_(format == audit::ExportFormat::ocsf ||
                 (format == audit::ExportFormat::jsonl && os::is_terminal(kStandardOutput))) {}

  Result<void> add(std::string_view line) {
    waiting_ += escaped_ ? ascii_json(line) : line;
    waiting_ += '\n';
    return waiting_.size() < kBufferBytes ? Result<void>() : flush();
  }
  Result<void> flush() {
    failed_ = true;
    TRY(os::write_all(kStandardOutput, waiting_));
    failed_ = false;
    waiting_.clear();
    return {};
  }
  // The last error was of stdout.
  bool has_failed() const { return failed_; }

 private:
  bool escaped_;
  bool failed_ = false;
  std::string waiting_;
};

ExitCode write_pack(const audit::SealedLog& log, const std::string& session,
                    const std::string& file) {
  const auto pack = audit::make_pack(log, session);
  if (!pack)
    return fail(
        pack.error().kind() == ErrorKind::not_found ? ExitCode::negative : ExitCode::invalid_file,
        pack.error().message());
  // The records may hold what not everybody is to read.
  if (const auto written = write_output_file(file, *pack, kReadableByOwner); !written)
    return fail(ExitCode::log_failed, std::format("{}: {}", file, written.error().message()));
  print_note(std::format("{}: session {}\nhint: glovebox audit check-proof {} --trust KEY", file,
                         session, file));
  return ExitCode::done;
}

}  // namespace

ExitCode run_audit_export(const AuditExportOptions& options) {
  const auto place = audit_place(options.directory);
  if (!place) return fail(place.error().code, place.error().message);
  const auto log = audit::SealedLog::open(*place);
  if (!log) return fail(ExitCode::invalid_file, log.error().message());
  if (options.pack) return write_pack(*log, *options.session, *options.pack);
  // Whoever goes on knows that there were so many: a shorter log was cut, or is another one.
  if (options.from > log->tree().size)
    return fail(ExitCode::invalid_file,
                std::format("--from {}: the log has {} sealed records\nhint: it was cut or put "
                            "back, or this is another log; glovebox audit verify {}",
                            options.from, log->tree().size, *place));
  const audit::ExportOrder order{
      .format = options.format.value_or(audit::ExportFormat::jsonl),
      .session = options.session,
      .from = {.origin = log->key().name(), .version = GLOVEBOX_VERSION}};
  audit::SealedRecords records = log->records(options.from);
  Lines lines(order.format);
  auto done = audit::export_records(records, order, options.from,
                                    [&](std::string_view line) { return lines.add(line); });
  const auto flushed = lines.has_failed() ? Result<void>() : lines.flush();
  if (!flushed) return fail(ExitCode::log_failed, flushed.error().message());
  if (!done)
    return fail(lines.has_failed() ? ExitCode::log_failed : ExitCode::invalid_file,
                done.error().message());
  print_note(std::format("{} records; go on with --from {}", done->lines, done->next));
  return ExitCode::done;
}

}  // namespace glovebox::cli
