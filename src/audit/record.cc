#include "audit/record.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "audit/bounded_value.h"
#include "codec/jcs.h"

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonObject;

// `red` is the masker's; whoever takes requests refuses it there.
constexpr std::array<std::string_view, 9> kAuditorsMembers = {
    "v", "k", "t", "mt", "boot", "prev", "sid", "tu", kSaltMember};

// Each try cuts more; the last leaves no text of a role but commitments.
constexpr std::array<ValueLimits, 3> kTries = {ValueLimits{},
                                               ValueLimits{.text_bytes = 512, .shown_bytes = 128},
                                               ValueLimits{.text_bytes = 128, .shown_bytes = 32}};

bool is_id_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         c == '-' || c == '.';
}

std::int64_t whole_microseconds(Duration duration) {
  return std::chrono::duration_cast<microseconds>(duration).count();
}

Error bad(std::string_view what) {
  return Error(ErrorKind::invalid, std::string(what));
}

Result<std::int64_t> time_member(const Json& json, std::string_view key) {
  const auto value = json.get_int(key);
  if (!value || *value < 0) return bad(std::format("`{}` is not a time", key));
  return *value;
}

Result<std::string> id_member(const Json& json, std::string_view key) {
  const Json* value = json.get(key);
  if (value == nullptr) return std::string();
  const std::string* text = value->as_string();
  if (text == nullptr || text->empty()) return bad(std::format("`{}` is not an id", key));
  return *text;
}

}  // namespace

std::string record_id(std::string_view id) {
  const bool plain = !id.empty() && id.size() <= kMaxIdBytes && std::ranges::all_of(id, is_id_byte);
  return plain ? std::string(id) : "sha256:" + codec::sha256(id).hex();
}

Result<std::string> build_record(RecordKind kind, const RecordStamp& stamp,
                                 std::string_view session, std::string_view tool_use,
                                 JsonObject members, Commitments& commitments) {
  if (needs_session(kind) && session.empty())
    return bad(std::format("{} needs a session", to_string(kind)));
  if (needs_tool_use(kind) && tool_use.empty())
    return bad(std::format("{} needs a tool use id", to_string(kind)));

  JsonObject fixed;
  fixed.set("v", kRecordVersion);
  fixed.set("k", to_string(kind));
  fixed.set("t", std::max<std::int64_t>(stamp.wall.microseconds, 0));
  fixed.set("mt", std::max<std::int64_t>(whole_microseconds(stamp.since_boot), 0));
  fixed.set("boot", stamp.boot_id);
  fixed.set("prev", stamp.previous.hex());
  if (!session.empty()) fixed.set("sid", record_id(session));
  if (!tool_use.empty()) fixed.set("tu", record_id(tool_use));
  for (const JsonObject::Member& member : members)
    if (std::ranges::contains(kAuditorsMembers, member.key))
      return bad(std::format("member `{}` is the auditor's", member.key));

  for (const ValueLimits& limits : kTries) {
    JsonObject record = fixed;
    const Json bounded = bounded_value(members, commitments, limits);
    for (const JsonObject::Member& member : *bounded.as_object())
      record.set(member.key, member.value);
    std::string line = TRY_CONTEXT(codec::to_jcs(record), "audit record");
    if (line.size() <= kMaxRecordBytes) return line;
  }
  // Many short values: whole members become commitments, the largest first.
  Json rest = bounded_value(members, commitments, kTries.back());
  while (true) {
    JsonObject record = fixed;
    std::pair<std::size_t, std::string> largest;
    for (const JsonObject::Member& member : *rest.as_object()) {
      record.set(member.key, member.value);
      largest = std::max(largest, {codec::to_json(member.value).size(), member.key});
    }
    std::string line = TRY_CONTEXT(codec::to_jcs(record), "audit record");
    if (line.size() <= kMaxRecordBytes) return line;
    const Json* original = members.find(largest.second);
    // The size of a commitment, about: below it nothing can be won.
    if (original == nullptr || largest.first < 128)
      return Error(ErrorKind::limit, std::format("a record of {} bytes", line.size()));
    rest.as_object()->set(largest.second, commitments.of(codec::to_json(*original)));
  }
}

Result<Record> parse_record(std::string_view line) {
  if (line.size() > kMaxRecordBytes) return bad("longer than a record may be");
  Json json =
      TRY(codec::parse_json(line, {.max_bytes = kMaxRecordBytes, .max_values = line.size() + 1}));
  if (!json.is_object()) return bad("not an object");
  if (TRY(codec::to_jcs(json)) != line) return bad("not in canonical form");

  if (json.get_int("v") != kRecordVersion) return bad("not of schema version 1");
  const std::string* kind_text = json.get_string("k");
  if (kind_text == nullptr) return bad("no kind");
  const auto kind = parse_record_kind(*kind_text);
  if (!kind) return bad("unknown kind");
  const WallTime wall{TRY(time_member(json, "t"))};
  const Duration since_boot = microseconds(TRY(time_member(json, "mt")));
  const std::string* boot = json.get_string("boot");
  if (boot == nullptr || boot->empty()) return bad("no `boot`");
  const std::string* previous = json.get_string("prev");
  if (previous == nullptr) return bad("no `prev`");
  const codec::Sha256Digest digest = TRY_CONTEXT(codec::Sha256Digest::parse_hex(*previous), "prev");
  std::string session = TRY(id_member(json, "sid"));
  std::string tool_use = TRY(id_member(json, "tu"));
  if (needs_session(*kind) && session.empty()) return bad("no `sid`");
  if (needs_tool_use(*kind) && tool_use.empty()) return bad("no `tu`");
  return Record{.kind = *kind,
                .wall = wall,
                .since_boot = since_boot,
                .boot_id = *boot,
                .previous = digest,
                .session = std::move(session),
                .tool_use = std::move(tool_use),
                .json = std::move(json)};
}

}  // namespace glovebox::audit
