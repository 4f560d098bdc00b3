// A record on its way out of the log, into the formats that other systems read (export_line.h).
//
// Every line carries the index of its record and the leaf hash, so that whoever receives it can ask
// for a proof of just that record (prove.h). Nothing is verified here but the form: `audit verify`
// says whether the log is good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "audit/record_source.h"
#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

struct ExportRecord {
  std::uint64_t index = 0;
  std::string_view bytes;    // as they stand in the log; valid as long as the source says
  codec::Sha256Digest leaf;  // SHA-256(0x00, bytes)
  Record record;
};

// Whose log it is, and what reads it.
struct ExportOrigin {
  std::string origin;   // `<org>/glovebox/<machine>/<year>`; anything is possible
  std::string version;  // of this program
};

// Error: invalid (not a record), naming it.
Result<ExportRecord> read_for_export(const StoredRecord& stored);

// What became of what was asked.
enum class Answer { none, allowed, denied };
Answer answer_of(const Record& record);
std::string_view to_string(Answer answer);  // `allow`, `deny`, or nothing

// How much somebody who watches logs has to care.
enum class Weight {
  info,     // as intended
  warning,  // something was refused or cut short
  alarm,    // records are missing
};
Weight weight_of(const Record& record);

// `tool call refused` for tool.deny: what people read.
std::string_view words_for(RecordKind kind);

// A member as text: strings as they are, other values as JSON; empty when there is none.
std::string member_text(const Record& record, std::string_view key);
// The same; without a key it is the answer.
std::string member_or_answer(const Record& record, std::string_view key);

// The machine in the name of a log, or nothing when the name has another form.
std::string machine_of(std::string_view origin);

}  // namespace glovebox::audit
