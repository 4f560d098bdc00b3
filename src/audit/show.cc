#include "audit/show.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "audit/record.h"
#include "codec/merkle.h"
#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonObject;

constexpr std::size_t kShownDigits = 12;  // of a hash; `--raw` has all of them

constexpr std::pair<std::string_view, std::string_view> kLongKeys[] = {
    {"v", "version"},
    {"k", "kind"},
    {"t", "time"},
    {"mt", "since_boot_us"},
    {"boot", "run"},
    {"sid", "session"},
    {"env", "environment"},
    {"work", "work_item"},
    {"agent", "agent"},
    {"thr", "thread"},
    {"tu", "tool_use"},
    {"tool", "tool"},
    {"arg", "arguments"},
    {"in", "input"},
    {"pol", "policy"},
    {"prof", "profile"},
    {"rule", "rule"},
    {"dec", "decision"},
    {"why", "reason"},
    {"by", "approved_by"},
    {"out", "output"},
    {"exit", "exit_status"},
    {"sig", "signal"},
    {"ns", "wall_ns"},
    {"cpu", "cpu_ns"},
    {"rss", "memory_peak"},
    {"box", "box_start"},
    {"rd", "bytes_read"},
    {"wr", "bytes_written"},
    {"host", "host"},
    {"addr", "address"},
    {"via", "proxy"},
    {"port", "port"},
    {"l7", "mode"},
    {"meth", "method"},
    {"path", "path"},
    {"cred", "secret_used"},
    {"up", "bytes_sent"},
    {"down", "bytes_received"},
    {"ms", "milliseconds"},
    {"prot", "protection"},
    {"red", "redacted"},
    {"prev", "previous"},
    {"left", "left_running"},
    {"ended", "background_ended"},
    {"call", "system_call"},
    {"errno", "error"},
    {"comm", "process"},
    {"n", "times"},
    {"t1", "first"},
    {"t2", "last"},
};

std::string shown_value(const Json& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) return codec::visible_ascii(codec::to_json(value));
  std::string plain = codec::visible_ascii(*text);
  const bool quoted = plain.empty() || plain.find_first_of(" \"\\='") != plain.npos;
  if (!quoted) return plain;
  std::string out = "\"";
  for (const char c : plain) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void add(std::string& line, std::string_view key, const Json& value) {
  // When the first and the last of several were.
  if (const auto when = value.as_int(); when && (key == "t1" || key == "t2"))
    return add(line, key, to_rfc3339(WallTime{*when}));
  line += std::format(" {}={}", codec::visible_ascii(long_key(key)), shown_value(value));
}

bool is_denial(const Record& record) {
  switch (record.kind) {
    case RecordKind::tool_deny:
    case RecordKind::net_deny:
    case RecordKind::fs_deny:
    case RecordKind::sys_deny:
      return true;
    default:
      return false;
  }
}

bool fits(const ShowFilter& filter, std::uint64_t index, const Record& record) {
  return (!filter.index || *filter.index == index) &&
         (!filter.kind || *filter.kind == record.kind) &&
         (!filter.session || record_id(*filter.session) == record.session) &&
         (!filter.tool_use || record_id(*filter.tool_use) == record.tool_use) &&
         (!filter.since || record.wall >= *filter.since) &&
         (!filter.only_denials || is_denial(record));
}

}  // namespace

std::string_view long_key(std::string_view key) {
  const auto* found =
      std::ranges::find(kLongKeys, key, [](const auto& pair) { return pair.first; });
  return found != std::end(kLongKeys) ? found->second : key;
}

Result<std::string> show_record(std::uint64_t index, std::string_view line) {
  const Record record = TRY(parse_record(line));
  std::string out =
      std::format("#{} {} {}", index, to_rfc3339(record.wall), to_string(record.kind));
  constexpr std::array<std::string_view, 6> kFirst = {"sid", "tu", "tool", "dec", "call", "why"};
  for (const std::string_view key : kFirst)
    if (const Json* value = record.json.get(key)) add(out, key, *value);

  constexpr std::array<std::string_view, 6> kShownElsewhere = {"v", "k", "t", "mt", "boot", "prev"};
  for (const JsonObject::Member& member : *record.json.as_object())
    if (!std::ranges::contains(kFirst, member.key) &&
        !std::ranges::contains(kShownElsewhere, member.key))
      add(out, member.key, member.value);

  add(out, "mt", *record.json.get("mt"));
  add(out, "boot", record.boot_id);
  add(out, "prev", record.previous.hex().substr(0, kShownDigits));
  add(out, "leaf", codec::leaf_hash(line).hex().substr(0, kShownDigits));
  return out;
}

Result<void> show_log(RecordSource& log, const ShowFilter& filter, ShowForm form,
                      const ShowLine& out) {
  for (;;) {
    const auto stored = TRY(log.next());
    if (!stored) return {};
    const std::string place = std::format("record {}", stored->index);
    const Record record = TRY_CONTEXT(parse_record(stored->bytes), place);
    if (!fits(filter, stored->index, record)) continue;
    if (form == ShowForm::stored)
      TRY(out(stored->bytes));
    else
      TRY(out(TRY_CONTEXT(show_record(stored->index, stored->bytes), place)));
  }
}

}  // namespace glovebox::audit
