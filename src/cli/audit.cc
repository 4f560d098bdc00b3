#include "cli/audit.h"

#include <fcntl.h>

#include <format>
#include <optional>
#include <string>

#include "audit/line_reader.h"
#include "audit/log_directory.h"
#include "audit/record.h"
#include "audit/show.h"
#include "audit/verify.h"
#include "cli/message.h"
#include "os/file.h"

namespace glovebox::cli {

namespace {

constexpr std::uint64_t kMaxKey = 4096;

int unreadable(const Error& error) {
  return to_int(fail(ExitCode::invalid_file, error.message()));
}

std::string without_line_end(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

int run_audit_verify(const AuditVerifyOptions& options) {
  std::optional<std::string> key = options.key;
  if (key && !key->contains('+')) {  // a key has two; a path may be written ./a+b
    auto text = os::read_file(*key, kMaxKey);
    if (!text) return unreadable(Error(text.error()).with_context("--key"));
    key = without_line_end(std::move(*text));
  }
  const auto report = audit::verify_directory(
      options.directory, key ? std::optional<std::string_view>(*key) : std::nullopt);
  if (!report) return unreadable(report.error());
  print_out(report->summary() + "\n");
  return static_cast<int>(report->verdict);
}

int run_audit_show(const AuditShowOptions& options) {
  auto directory = audit::LogDirectory::open_to_read(options.directory);
  if (!directory) return unreadable(directory.error());
  auto file = directory->open(audit::kLogName, audit::LogDirectory::Access::read);
  if (!file) return unreadable(file.error());
  if (!*file) return to_int(fail(ExitCode::invalid_file, options.directory + " holds no log"));
  audit::FileSource source((*file)->get());
  audit::LineReader lines(source, audit::kMaxRecordBytes);
  for (std::uint64_t index = 0;; ++index) {
    const auto line = lines.next();
    if (!line) return unreadable(line.error());
    if (!*line) return 0;
    auto shown = audit::show_record(index, **line);
    if (!shown)
      return unreadable(Error(shown.error()).with_context(std::format("record {}", index)));
    print_out(options.form == OutputForm::json ? std::string(**line) + "\n" : *shown + "\n");
  }
}

}  // namespace glovebox::cli
