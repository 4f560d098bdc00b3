// One record of the log: one line of canonical JSON (RFC 8785), without its LF.
//
// Keys are short on purpose; `audit show` expands them. The auditor sets `v k t mt boot prev` and
// `sid tu red`; the other members come from the role that asks. Only strings, booleans, null and
// integers below 2^53, in arrays and objects: other numbers become strings of their JSON text, so
// that no input of a model can keep an intent from being recorded.
//
// `prev` is the leaf hash of the record before it that speaks of the same session, 64 zeros in the
// first (session_chains.h); the leaf hash is SHA-256 over a zero byte and the stored bytes (RFC
// 9162 §2.1.1). The order of all records is the tree's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/record_kind.h"
#include "audit/salt.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/digest.h"
#include "codec/json.h"

namespace glovebox::audit {

constexpr std::int64_t kRecordVersion = 1;
constexpr std::size_t kMaxRecordBytes = 32 * kKiB;

// What the auditor knows and the roles do not say.
struct RecordStamp {
  WallTime wall;
  Duration since_boot{};         // CLOCK_BOOTTIME: makes a step of the wall clock visible
  std::string_view boot_id;      // of this run of the auditor
  codec::Sha256Digest previous;  // all zeros for the first record
};

// Ids as they stand in records: 1 to kMaxIdBytes of `A-Z a-z 0-9 _ - .` as they are, anything else
// as `sha256:` and 64 digits, so that an id can neither steer a display nor fill a record.
constexpr std::size_t kMaxIdBytes = 128;
std::string record_id(std::string_view id);

// `members`: strings of unknown origin are made visible (codec::visible_text) and what is too long
// or too deep is replaced by a commitment (bounded_value.h). `session` and `tool_use` may be empty.
// Errors: invalid (a member that only the auditor sets, a kind that needs an id without one),
// limit (more than kMaxRecordBytes whatever is cut).
Result<std::string> build_record(RecordKind kind, const RecordStamp& stamp,
                                 std::string_view session, std::string_view tool_use,
                                 codec::JsonObject members, Commitments& commitments);

// A record that was read back. The members stay in `json`.
struct Record {
  RecordKind kind;
  WallTime wall;
  Duration since_boot;
  std::string boot_id;
  codec::Sha256Digest previous;
  std::string session;   // empty when absent
  std::string tool_use;  // empty when absent
  codec::Json json;
};

// Reads one stored line and checks that it is what build_record could have written: canonical
// bytes, known version and kind, every fixed member with its type. The bytes are compared with
// their canonical form, never replaced by it. Errors: invalid.
Result<Record> parse_record(std::string_view line);

}  // namespace glovebox::audit
