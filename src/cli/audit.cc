#include "cli/audit.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/anchor_check.h"
#include "audit/log_bench.h"
#include "audit/log_key.h"
#include "audit/log_reader.h"
#include "audit/record.h"
#include "audit/repair.h"
#include "audit/session_screen.h"
#include "audit/show.h"
#include "audit/verify_folder.h"
#include "base/clock.h"
#include "cli/message.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"
#include "roles/role_start.h"

namespace glovebox::cli {

namespace {

constexpr std::uint64_t kMaxKey = 4096;
// How often a followed log is looked at; it is sealed about once a second.
constexpr milliseconds kLook{250};
constexpr Duration kBenchRun = seconds(2);  // each rate

int unreadable(const Error& error) {
  return to_int(fail(ExitCode::invalid_file, error.message()));
}

// A public key, or a file that holds one.
Result<codec::NoteKey> read_key(const std::string& given) {
  if (given.contains('+')) return audit::parse_public_key(given);  // a path may be written ./a+b
  return audit::parse_public_key(TRY(os::read_file(given, kMaxKey)));
}

audit::ShowForm form_of(OutputForm form) {
  return form == OutputForm::json ? audit::ShowForm::stored : audit::ShowForm::text;
}

Result<void> print_line(std::string_view line) {
  print_out(std::string(line) + "\n");
  return {};
}

// Of this log. Errors: not_found (no key to tell, none of this log), those of read_anchors().
Result<std::vector<codec::TreeHead>> read_anchors(const AuditVerifyOptions& options,
                                                  std::optional<codec::NoteKey> key) {
  if (!key) key = TRY(read_key(options.directory + "/" + std::string(audit::kPublicKeyName)));
  const std::string bytes = TRY(os::read_file(*options.anchors, audit::kMaxAnchorFileBytes));
  audit::Anchors anchors = TRY(audit::read_anchors(bytes, std::span(&*key, 1)));
  if (anchors.heads.empty())
    return Error(ErrorKind::not_found, *options.anchors + " holds no checkpoint of this log");
  return std::move(anchors.heads);
}

// Everything from a place on, wherever it comes from.
Result<void> show_from(audit::LogReader& log, OutputForm form) {
  return audit::show_log(log, {}, form_of(form), print_line);
}

Result<std::uint64_t> count_records(audit::LogReader& log) {
  std::uint64_t count = log.sealed();
  log.skip_to(count);
  while (const auto record = TRY(log.next())) count = record->index + 1;
  return count;
}

// What its key says, which is not checked here.
std::string name_of_log(const std::string& folder) {
  const auto key = read_key(folder + "/" + std::string(audit::kPublicKeyName));
  return key ? key->name() : "(no key)";
}

Result<void> print_session(audit::LogReader& log, audit::SessionScreen& screen) {
  for (;;) {
    const auto stored = TRY(log.next());
    if (!stored) return {};
    const auto record = audit::parse_record(stored->bytes);
    if (!record) return Error(record.error()).with_context(std::format("record {}", stored->index));
    const auto lines = screen.add(stored->index, *record);
    for (const std::string& line : lines) TRY(print_line(line));
  }
}

int show_session(audit::LogReader& log, const AuditShowOptions& options) {
  audit::SessionScreen screen(audit::record_id(*options.filter.session),
                              name_of_log(options.directory));
  if (auto printed = print_session(log, screen); !printed) return unreadable(printed.error());
  if (screen.is_empty())
    return unreadable(Error(ErrorKind::not_found, "no record of this session"));
  for (const std::string& line : screen.totals(log.sealed())) (void)print_line(line);
  return 0;
}

// The log belongs to the auditor: root acts as whoever that is.
Result<void> act_as_owner(const std::string& folder) {
  if (os::effective_uid() != 0) return {};
  const UniqueFd directory = TRY(os::open_path(folder, O_PATH | O_DIRECTORY));
  const os::FileFacts facts = TRY(os::facts_of(directory.get()));
  return facts.uid == 0 ? Result<void>() : os::act_as(facts.uid, facts.gid);
}

}  // namespace

int run_audit_verify(const AuditVerifyOptions& options) {
  audit::LogCheck check{.key = {}, .min_size = options.min_size, .max_tail = options.max_tail};
  if (options.key) {
    auto key = read_key(*options.key);
    if (!key) return unreadable(Error(key.error()).with_context("--key"));
    check.key = *std::move(key);
  }
  if (options.epoch0) {
    auto key = read_key(*options.epoch0);
    if (!key) return unreadable(Error(key.error()).with_context("--epoch0"));
    check.epoch0 = *std::move(key);
  }
  if (options.anchors) {
    auto anchors = read_anchors(options, check.key);
    if (!anchors && anchors.error().error_number() == 0 &&
        anchors.error().kind() != ErrorKind::not_found) {
      // What was kept elsewhere contradicts itself or the key.
      print_out(visible_lines(std::format("CHANGED: --anchors: {}\n", anchors.error().message())));
      return static_cast<int>(audit::Verdict::changed);
    }
    if (!anchors) return unreadable(Error(anchors.error()).with_context("--anchors"));
    check.anchors = *std::move(anchors);
  }
  SystemRandom random;
  const auto report = audit::verify_folder(options.directory, check, random);
  if (!report) return unreadable(report.error());
  print_out(options.form == OutputForm::json ? ascii_json(codec::to_json(report->to_json())) + "\n"
                                             : report->summary() + "\n");
  return static_cast<int>(report->verdict);
}

int run_audit_show(const AuditShowOptions& options) {
  auto log = audit::LogReader::open(options.directory);
  if (!log) return unreadable(log.error());
  if (options.is_one_session()) return show_session(*log, options);
  std::uint64_t shown = 0;
  const auto print = [&](std::string_view line) {
    ++shown;
    return print_line(line);
  };
  log->skip_to(options.filter.index.value_or(options.from));
  if (auto done = audit::show_log(*log, options.filter, form_of(options.form), print); !done)
    return unreadable(done.error());
  if (options.filter.index && shown == 0)
    return unreadable(Error(ErrorKind::not_found, "no such record"));
  return 0;
}

int run_audit_tail(const AuditTailOptions& options) {
  auto log = audit::LogReader::open(options.directory);
  if (!log) return unreadable(log.error());
  const auto count = count_records(*log);
  if (!count) return unreadable(count.error());
  log->skip_to(*count - std::min<std::uint64_t>(*count, options.last));
  for (;;) {
    if (auto shown = show_from(*log, options.form); !shown) return unreadable(shown.error());
    if (options.follow == AuditTailOptions::Follow::no) return 0;
    std::vector<os::Poll> nothing;
    if (auto waited = os::poll_fds(nothing, kLook); !waited) return unreadable(waited.error());
    if (auto fresh = log->refresh(); !fresh) return unreadable(fresh.error());
  }
}

int run_audit_repair(const AuditRepairOptions& options) {
  if (auto acts = act_as_owner(options.directory); !acts)
    return unreadable(Error(acts.error()).with_context(options.directory));
  SystemRandom random;
  const auto repaired = audit::accept_loss_of_log(options.directory, random);
  if (!repaired && repaired.error().kind() == ErrorKind::not_found)
    return unreadable(repaired.error());
  if (!repaired)
    return to_int(fail(roles::exit_code_of_log(repaired.error()),
                       Error(repaired.error()).with_context(options.directory).message()));
  if (!*repaired) {
    print_out("nothing is damaged, nothing was changed\n");
    return 0;
  }
  const audit::WalGap& gap = (*repaired)->gap;
  print_out(std::format(
      "the log goes on behind {} records; lost: {}\n"
      "the damaged segments are kept as wal/*.lost, and the next start records the loss\n",
      (*repaired)->records,
      gap.end > gap.first ? std::format("at least {} to {}", gap.first, gap.end - 1)
                          : "what was acknowledged behind them, if anything"));
  return 0;
}

int run_audit_bench(const AuditBenchOptions& options) {
  const SystemClock clock;
  SystemRandom random;
  const auto measured = audit::measure_log(options.directory, kBenchRun, clock, random);
  if (!measured) return unreadable(measured.error());
  print_out(options.form == OutputForm::json
                ? ascii_json(codec::to_json(measured->to_json())) + "\n"
                : measured->text());
  return 0;
}

}  // namespace glovebox::cli
