#include "audit/verify.h"

#include <format>
#include <utility>

#include "audit/head.h"
#include "audit/log_directory.h"
#include "audit/log_key.h"
#include "audit/record.h"
#include "codec/utf8.h"

namespace glovebox::audit {

namespace {

std::string plural(std::uint64_t count, std::string_view word) {
  return std::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

void blame(VerifyReport& report, std::string reason) {
  report.verdict = Verdict::changed;
  report.reason = std::move(reason);
}

void count(VerifyReport& report, const Record& record) {
  ++report.records;
  if (!report.first) report.first = record.wall;
  report.last = record.wall;
  report.intents += record.kind == RecordKind::tool_intent;
  report.results += record.kind == RecordKind::tool_result;
  report.denials += record.kind == RecordKind::tool_deny;
  report.orphans += record.kind == RecordKind::tool_orphan;
}

// Reads the chain to its end or to the first bad line. False: report says what is wrong.
Result<bool> read_chain(ByteSource& source, const std::optional<Head>& head, VerifyReport& report) {
  LineReader lines(source, kMaxRecordBytes);
  codec::Sha256Digest last;
  const auto bad_line = [&](std::uint64_t number, std::string_view what) {
    report.bad_line = number;
    blame(report, std::format("line {}: {}", number, what));
    return false;
  };
  const auto bad = [&](std::string_view what) { return bad_line(report.records + 1, what); };
  if (head && head->size == 0 && head->last != last) {
    blame(report, "the head of an empty log is wrong");
    return false;
  }
  while (true) {
    auto line = lines.next();
    if (!line && line.error().kind() == ErrorKind::limit) return bad(line.error().message());
    if (!line) return std::move(line).error();
    if (!*line) break;
    const auto record = parse_record(**line);
    if (!record) return bad(record.error().message());
    if (record->previous != last) return bad("does not follow the line before it");
    last = codec::sha256(**line);
    count(report, *record);
    if (head && head->size == report.records && head->last != last)
      return bad_line(report.records, "is not the record that the head names");
  }
  report.torn_bytes = lines.torn().size();
  return true;
}

// What keeps an unbroken chain from being good.
std::string missing(const VerifyInput& input, const VerifyReport& report) {
  if (!input.key) return "no key to check the head with";
  if (!input.head) return "no head";
  if (report.records < *report.covered)
    return std::format("the log ends before its head: {} of {}", report.records,
                       plural(*report.covered, "record"));
  if (report.torn_bytes > 0)
    return std::format("torn last line ({})", plural(report.torn_bytes, "byte"));
  if (report.records > *report.covered)
    return std::format("{} after the head", plural(report.records - *report.covered, "record"));
  if (report.records == 0) return "no records";
  return "";
}

}  // namespace

Result<VerifyReport> verify_log(const VerifyInput& input) {
  VerifyReport report;
  report.key_from_log = input.key && input.key_from_log;
  if (input.key) report.origin = input.key->name();
  std::optional<Head> head;
  if (input.head && input.key) {
    auto opened = open_head(*input.head, *input.key);
    if (!opened) {
      // The chain is still read, for the counts, but nothing in it can make this good.
      TRY(read_chain(*input.log, std::nullopt, report));
      if (!report.bad_line) blame(report, opened.error().message());
      return report;
    }
    head = *std::move(opened);
    report.covered = head->size;
  }
  if (!TRY(read_chain(*input.log, head, report))) return report;
  report.reason = missing(input, report);
  report.verdict = report.reason.empty() ? Verdict::good : Verdict::incomplete;
  return report;
}

Result<VerifyReport> verify_directory(const std::string& path,
                                      std::optional<std::string_view> key) {
  VerifyInput input{};
  if (key) input.key = TRY_CONTEXT(parse_public_key(*key), "--key");
  const LogDirectory directory = TRY(LogDirectory::open_to_read(path));
  if (!key) {
    const auto text = TRY_CONTEXT(directory.read(kPublicKeyName, kMaxHeadBytes), path);
    // A malformed key.pub is no key; whoever gives none gets no better verdict than incomplete.
    if (text) {
      if (auto found = parse_public_key(*text); found) input.key = *std::move(found);
    }
    input.key_from_log = input.key.has_value();
  }
  // The head first: a log that is being written to only grows meanwhile.
  input.head = TRY_CONTEXT(directory.read(kHeadName, kMaxHeadBytes), path);
  const auto file = TRY_CONTEXT(directory.open(kLogName, LogDirectory::Access::read), path);
  if (!file) return Error(ErrorKind::not_found, std::format("{}: no {}", path, kLogName));
  FileSource source(file->get());
  input.log = &source;
  return verify_log(input);
}

codec::Json VerifyReport::to_json() const {
  const auto number = [](std::uint64_t value) {
    return codec::Json(static_cast<std::int64_t>(value));
  };
  codec::JsonObject out;
  out.set("verdict", to_string(verdict));
  out.set("reason", reason);
  out.set("origin", origin);
  out.set("key_from_log", key_from_log);
  out.set("records", number(records));
  out.set("covered", covered ? number(*covered) : codec::Json());
  out.set("bad_line", bad_line ? number(*bad_line) : codec::Json());
  out.set("torn_bytes", number(torn_bytes));
  out.set("intents", number(intents));
  out.set("results", number(results));
  out.set("denials", number(denials));
  out.set("orphans", number(orphans));
  out.set("first", first ? codec::Json(to_rfc3339(*first)) : codec::Json());
  out.set("last", last ? codec::Json(to_rfc3339(*last)) : codec::Json());
  return out;
}

std::string VerifyReport::summary() const {
  std::string line = plural(records, "record");
  if (intents + results + denials + orphans > 0)
    line += std::format(" ({}, {}, {}, {})", plural(intents, "intent"), plural(results, "result"),
                        plural(denials, "denial"), plural(orphans, "orphan"));
  if (first && last) line += std::format(", {} to {}", to_rfc3339(*first), to_rfc3339(*last));
  switch (verdict) {
    case Verdict::good:
      line += ", good";
      break;
    case Verdict::changed:
      line += ", CHANGED: " + reason;
      break;
    case Verdict::incomplete:
      line += ", incomplete: " + reason;
      break;
  }
  if (key_from_log) line += "\nkey taken from the log itself: it proves nothing about who wrote it";
  return codec::visible_text(line, codec::C0Controls::keep_newline_tab);
}

}  // namespace glovebox::audit
