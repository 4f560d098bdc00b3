#include "cli/audit_outside.h"

#include <algorithm>
#include <format>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "audit/anchor_file.h"
#include "audit/log_key.h"
#include "audit/log_reader.h"
#include "audit/open_commitment.h"
#include "audit/reconcile.h"
#include "audit/record.h"
#include "audit/salt_store.h"
#include "audit/tile_store.h"
#include "base/exit_code.h"
#include "cli/message.h"
#include "codec/checkpoint.h"
#include "os/file.h"

namespace glovebox::cli {

namespace {

constexpr std::size_t kMaxKey = 4096;
constexpr std::uint64_t kMaxPayload = 256 * kMiB;

int unreadable(const Error& error) {
  return to_int(fail(ExitCode::invalid_file, error.message()));
}

// Nothing: there is none.
Result<std::optional<audit::Salt>> salt_of(const std::string& folder, std::uint64_t index) {
  auto salts = audit::LogDirectory::open_to_read(std::format("{}/{}", folder, audit::kSaltsName));
  if (!salts && salts.error().kind() == ErrorKind::not_found) return std::nullopt;
  return audit::SaltStore::open_to_read(TRY(std::move(salts))).get(index);
}

// As it was published; signed by the key that lies beside it.
Result<std::string> checkpoint_of(const std::string& folder) {
  const auto log = TRY(audit::LogDirectory::open_to_read(folder));
  const auto note =
      TRY_CONTEXT(log.read(audit::kCheckpointName, codec::kMaxCheckpointBytes), folder);
  const auto key = TRY_CONTEXT(log.read(audit::kPublicKeyName, kMaxKey), folder);
  if (!note || !key) return Error(ErrorKind::not_found, folder + " holds no sealed log");
  const codec::NoteKey own = TRY_CONTEXT(audit::parse_public_key(*key), folder);
  TRY_CONTEXT(codec::open_checkpoint(*note, std::span(&own, 1)), folder);
  return *note;
}

struct Counts {
  std::uint64_t records = 0, bytes = 0, sealed = 0;
  std::map<std::string, std::uint64_t, std::less<>> kinds;
  std::set<std::string> sessions;
  std::optional<WallTime> first, last;

  void take(std::string_view bytes_of_one, const audit::Record& record) {
    ++records;
    bytes += bytes_of_one.size();
    ++kinds[std::string(audit::to_string(record.kind))];
    if (!record.session.empty()) sessions.insert(record.session);
    if (!first) first = record.wall;
    last = record.wall;
  }
  std::string text() const;
  codec::Json to_json() const;
};

std::string Counts::text() const {
  std::string out = std::format("{} records, {} sealed, {} bytes, {} sessions\n", records, sealed,
                                bytes, sessions.size());
  if (first && last) out += std::format("{} to {}\n", to_rfc3339(*first), to_rfc3339(*last));
  for (const auto& [kind, count] : kinds) out += std::format("{:>10} {}\n", count, kind);
  return out;
}

codec::Json Counts::to_json() const {
  const auto number = [](std::uint64_t value) {
    return codec::Json(static_cast<std::int64_t>(value));
  };
  codec::JsonObject by_kind;
  for (const auto& [kind, count] : kinds) by_kind.set(kind, number(count));
  return codec::Json::object({{"records", number(records)},
                              {"sealed", number(sealed)},
                              {"bytes", number(bytes)},
                              {"sessions", number(sessions.size())},
                              {"kinds", std::move(by_kind)},
                              {"first", first ? codec::Json(to_rfc3339(*first)) : codec::Json()},
                              {"last", last ? codec::Json(to_rfc3339(*last)) : codec::Json()}});
}

}  // namespace

int run_audit_anchor(const AuditAnchorOptions& options) {
  const auto note = checkpoint_of(options.directory);
  if (!note) return unreadable(note.error());
  if (!options.to) {
    print_out(*note);
    return 0;
  }
  auto file = audit::AnchorFile::open(*options.to);
  auto appended = file ? file->append(*note) : Result<void>(file.error());
  if (!appended)
    return to_int(
        fail(ExitCode::log_failed, std::format("{}: {}", *options.to, appended.error().message())));
  return 0;
}

int run_audit_reconcile(const AuditReconcileOptions& options) {
  // Before the log: a call that goes on meanwhile is then in both.
  const auto text = os::read_file(options.events, audit::kMaxExportBytes);
  if (!text) return unreadable(text.error());
  const auto events = audit::read_session_events(*text);
  if (!events) return unreadable(Error(events.error()).with_context(options.events));
  auto log = audit::LogReader::open(options.directory);
  if (!log) return unreadable(log.error());
  audit::LocalCalls local(options.session);
  for (;;) {
    const auto record = log->next();
    if (!record) return unreadable(record.error());
    if (!*record) break;
    if (auto taken = local.take((*record)->index, (*record)->bytes); !taken)
      return unreadable(taken.error());
  }
  const audit::ReconcileReport report = audit::reconcile(
      {.events = *events,
       .local = local,
       .elsewhere = {options.elsewhere.begin(), options.elsewhere.end()},
       .custom_tools = {options.custom_tools.begin(), options.custom_tools.end()}});
  print_out(options.form == OutputForm::json ? ascii_json(codec::to_json(report.to_json())) + "\n"
                                             : report.summary() + "\n");
  return static_cast<int>(report.verdict());
}

int run_audit_stats(const AuditStatsOptions& options) {
  auto log = audit::LogReader::open(options.directory);
  if (!log) return unreadable(log.error());
  Counts counts;
  for (;;) {
    const auto stored = log->next();
    if (!stored) return unreadable(stored.error());
    if (!*stored) break;
    const auto record = audit::parse_record((*stored)->bytes);
    if (!record)
      return unreadable(
          Error(record.error()).with_context(std::format("record {}", (*stored)->index)));
    counts.take((*stored)->bytes, *record);
  }
  counts.sealed = log->sealed();
  print_out(options.form == OutputForm::json ? ascii_json(codec::to_json(counts.to_json())) + "\n"
                                             : counts.text());
  return 0;
}

int run_audit_open(const AuditOpenOptions& options) {
  const std::string where = std::format("record {}", options.index);
  auto log = audit::LogReader::open(options.directory);
  if (!log) return unreadable(log.error());
  log->skip_to(options.index);
  const auto stored = log->next();
  if (!stored) return unreadable(stored.error());
  if (!*stored) return unreadable(Error(ErrorKind::not_found, "no such record"));
  const auto record = audit::parse_record((*stored)->bytes);
  if (!record) return unreadable(Error(record.error()).with_context(where));
  const auto payload = os::read_file(options.payload, kMaxPayload);
  if (!payload) return unreadable(Error(payload.error()).with_context("--payload"));
  const auto salt = salt_of(options.directory, options.index);
  if (!salt) return unreadable(salt.error());
  if (!*salt)
    return unreadable(Error(ErrorKind::not_found,
                            where + " has no salt: none was needed, or it was erased or lost"));
  const audit::Opened opened = audit::open_commitments(record->json, **salt, *payload);
  for (const std::string& place : opened.places)
    print_out(
        visible_lines(std::format("{}: {} is these {} bytes\n", where, place, payload->size())));
  if (!opened.places.empty()) return 0;
  if (opened.others.empty())
    return unreadable(Error(ErrorKind::not_found, where + " commits to nothing"));
  print_out(visible_lines(std::format("{}: commits to something else\n", where)));
  return to_int(ExitCode::negative);
}

}  // namespace glovebox::cli
