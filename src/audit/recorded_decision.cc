#include "audit/recorded_decision.h"

#include <format>
#include <functional>
#include <string_view>
#include <utility>

#include "audit/log_reader.h"

namespace glovebox::audit {

namespace {

bool decides_call(RecordKind kind) {
  return kind == RecordKind::tool_intent || kind == RecordKind::tool_deny;
}

bool decides(RecordKind kind) {
  return decides_call(kind) || kind == RecordKind::sys_deny || kind == RecordKind::fs_deny ||
         kind == RecordKind::net_open || kind == RecordKind::net_deny;
}

// Stops when `use` says so. Returns how many records were read.
Result<std::uint64_t> read_records(RecordSource& log,
                                   const std::function<Result<bool>(std::uint64_t, Record)>& use) {
  std::uint64_t count = 0;
  while (const auto stored = TRY(log.next())) {
    const std::string place = std::format("record {}", stored->index);
    if (!TRY(use(stored->index, TRY_CONTEXT(parse_record(stored->bytes), place)))) break;
    ++count;
  }
  return count;
}

Result<Record> record_at(RecordSource& log, std::uint64_t index) {
  std::optional<Record> found;
  const std::uint64_t count =
      TRY(read_records(log, [&](std::uint64_t at, Record record) -> Result<bool> {
        if (at == index) found = std::move(record);
        return !found;
      }));
  if (found) return *std::move(found);
  return Error(ErrorKind::not_found,
               count == 0 ? std::format("no record {}: the log is empty", index)
                          : std::format("no record {}: the last one is {}", index, count - 1));
}

Error decides_nothing(std::uint64_t index, const Record& record,
                      const std::optional<std::uint64_t>& call) {
  std::string hint =
      "decisions are tool.intent, tool.deny, sys.deny, fs.deny, net.open and net.deny";
  if (call) hint = std::format("what was decided about its call is record {}", *call);
  return {ErrorKind::invalid, std::format("record {} is a {}: it decides nothing\nhint: {}", index,
                                          to_string(record.kind), hint)};
}

}  // namespace

Result<RecordedDecision> find_decision(RecordSource& log, RecordSource& again,
                                       std::uint64_t index) {
  RecordedDecision found{index, TRY(record_at(log, index)), {}, {}};
  const std::string& session = found.record.session;
  const std::string& tool_use = found.record.tool_use;
  std::optional<std::uint64_t> call;
  TRY(read_records(again, [&](std::uint64_t at, Record record) -> Result<bool> {
    if (at > index) return false;
    if (session.empty() || record.session != session) return true;
    if (record.kind == RecordKind::session_open) {
      found.session = std::move(record);
    } else if (decides_call(record.kind) && !tool_use.empty() && record.tool_use == tool_use) {
      found.call = std::move(record);
      call = at;
    }
    return true;
  }));
  if (!decides(found.record.kind)) return decides_nothing(index, found.record, call);
  return found;
}

Result<RecordedDecision> find_decision(const std::string& folder, std::uint64_t index) {
  LogReader log = TRY(LogReader::open(folder));
  LogReader again = TRY(LogReader::open(folder));
  return find_decision(log, again, index);
}

}  // namespace glovebox::audit
