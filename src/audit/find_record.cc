#include "audit/find_record.h"

#include <format>
#include <utility>

#include "audit/record.h"
#include "audit/record_head.h"

namespace glovebox::audit {

namespace {

// Ids of callers may be anything; in a message they are as the record has them.
Error no_such_record(const std::string& id, std::optional<RecordKind> kind,
                     const std::optional<FoundRecord>& other) {
  if (!kind) return {ErrorKind::not_found, std::format("no record speaks of the call {}", id)};
  return {ErrorKind::not_found,
          std::format("the call {} has no {}{}", id, to_string(*kind),
                      other ? std::format("\nhint: record {} speaks of it", other->index) : "")};
}

}  // namespace

Result<FoundRecord> find_call_record(RecordSource& records, std::string_view tool_use,
                                     std::optional<RecordKind> kind) {
  const std::string id = record_id(tool_use);
  const RecordKind wanted = kind.value_or(RecordKind::tool_intent);
  RecordHeadReader reader;
  std::optional<FoundRecord> other;  // the first that is not of the wanted kind
  while (const auto record = TRY(records.next())) {
    if (!record->bytes.contains(id)) continue;
    const RecordHead head =
        TRY_CONTEXT(reader.read(record->bytes), std::format("record {}", record->index));
    if (head.tool_use != id) continue;
    FoundRecord found{record->index, std::string(record->bytes)};
    if (head.kind == wanted) return found;
    if (!other) other = std::move(found);
  }
  if (other && !kind) return *std::move(other);
  return no_such_record(id, kind, other);
}

}  // namespace glovebox::audit
