#include "audit/log_report.h"

#include <chrono>
#include <format>
#include <utility>

#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

std::string plural(std::uint64_t count, std::string_view word) {
  return std::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// Graver ones are not replaced by lesser ones.
int gravity(Verdict verdict) {
  if (verdict == Verdict::changed) return 2;
  return verdict == Verdict::incomplete ? 1 : 0;
}

codec::Json number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

codec::Json time(const std::optional<WallTime>& value) {
  return value ? codec::Json(to_rfc3339(*value)) : codec::Json();
}

}  // namespace

void LogReport::blame(Verdict found, std::string why) {
  if (gravity(found) <= gravity(verdict)) return;
  verdict = found;
  reason = std::move(why);
}

void LogReport::count(const RecordHead& record) {
  ++records;
  if (!first) first = record.wall;
  last = record.wall;
  intents += record.kind == RecordKind::tool_intent;
  results += record.kind == RecordKind::tool_result;
  denials += record.kind == RecordKind::tool_deny;
  orphans += record.kind == RecordKind::tool_orphan;
  recoveries += record.kind == RecordKind::recovery;
  gaps += record.kind == RecordKind::gap;
}

std::string LogReport::summary() const {
  std::string text = verdict == Verdict::changed ? "CHANGED" : std::string(to_string(verdict));
  if (!reason.empty()) text += ": " + reason;
  text += std::format("\n{}, {} of them sealed", plural(records, "record"),
                      sealed ? std::min(records, sealed->size) : 0);
  if (first && last) text += std::format(", {} to {}", to_rfc3339(*first), to_rfc3339(*last));
  text += std::format("\n{}: {}, {}, {}, {}, {} open", plural(sessions, "session"),
                      plural(intents, "intent"), plural(results, "result"),
                      plural(denials, "denial"), plural(orphans, "orphan"), open_calls);
  if (recoveries > 0)
    text += std::format("\n{} after a crash", plural(recoveries, "recovery record"));
  if (gaps > 0) text += std::format("\n{}: records were lost", plural(gaps, "gap"));
  if (clock_steps > 0)
    text += std::format("\nthe wall clock was set {}", plural(clock_steps, "time"));
  if (!origin.empty()) text += "\nlog " + origin;
  text +=
      epochs ? std::format("\n{} sealed", plural(*epochs, "epoch")) : "\nepochs were not checked";
  if (key_from_log || epoch0_from_log)
    text += std::format("\n{} taken from the log itself: {} nothing about who wrote it",
                        key_from_log && epoch0_from_log ? "keys"
                        : key_from_log                  ? "key"
                                                        : "key of epoch 0",
                        key_from_log && epoch0_from_log ? "they prove" : "it proves");
  std::string shown;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) shown += '\n';
    shown += codec::visible_ascii(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  return shown;
}

codec::Json LogReport::to_json() const {
  codec::JsonObject out;
  out.set("verdict", to_string(verdict));
  out.set("reason", reason);
  out.set("origin", origin);
  out.set("key_from_log", key_from_log);
  out.set("epoch0_from_log", epoch0_from_log);
  out.set("epochs", epochs ? number(*epochs) : codec::Json());
  out.set("records", number(records));
  out.set("sealed", sealed ? number(sealed->size) : codec::Json());
  out.set("root", sealed ? codec::Json(sealed->root.hex()) : codec::Json());
  out.set("unsealed", number(unsealed()));
  out.set("tail_us", std::chrono::duration_cast<microseconds>(tail).count());
  out.set("bad_record", bad_record ? number(*bad_record) : codec::Json());
  out.set("sessions", number(sessions));
  out.set("intents", number(intents));
  out.set("results", number(results));
  out.set("denials", number(denials));
  out.set("orphans", number(orphans));
  out.set("open_calls", number(open_calls));
  out.set("recoveries", number(recoveries));
  out.set("gaps", number(gaps));
  out.set("clock_steps", number(clock_steps));
  out.set("first", time(first));
  out.set("last", time(last));
  return out;
}

}  // namespace glovebox::audit
