#include "audit/export_record.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "codec/merkle.h"

namespace glovebox::audit {

namespace {

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '.' || c == '_';
}

}  // namespace

Result<ExportRecord> read_for_export(const StoredRecord& stored) {
  Record record = TRY_CONTEXT(parse_record(stored.bytes), std::format("record {}", stored.index));
  return ExportRecord{.index = stored.index,
                      .bytes = stored.bytes,
                      .leaf = codec::leaf_hash(stored.bytes),
                      .record = std::move(record)};
}

Answer answer_of(const Record& record) {
  switch (record.kind) {
    case RecordKind::tool_deny:
    case RecordKind::net_deny:
    case RecordKind::fs_deny:
    case RecordKind::sys_deny:
    case RecordKind::policy_reject:
      return Answer::denied;
    default:
      break;
  }
  const std::string* decision = record.json.get_string("dec");
  if (decision == nullptr) return Answer::none;
  if (*decision == "allow") return Answer::allowed;
  return *decision == "deny" ? Answer::denied : Answer::none;
}

Weight weight_of(const Record& record) {
  if (record.kind == RecordKind::gap) return Weight::alarm;
  const bool failed = record.kind == RecordKind::tool_orphan || record.kind == RecordKind::recovery;
  return failed || answer_of(record) == Answer::denied ? Weight::warning : Weight::info;
}

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::none:
      return "";
    case Answer::allowed:
      return "allow";
    case Answer::denied:
      return "deny";
  }
  std::unreachable();
}

std::string_view words_for(RecordKind kind) {
  // In the order of RecordKind.
  constexpr std::array<std::string_view, 27> kWords = {
      "audit log opened",    "audit log closed",  "audit log alive",   "configuration",
      "policy loaded",       "policy refused",    "session opened",    "session closed",
      "tool call begins",    "tool call refused", "approval asked",    "approval answered",
      "program started",     "connection",        "connection denied", "file refused",
      "system call refused", "secret used",       "tool call ended",   "tool call interrupted",
      "audit key changed",   "checkpoint sent",   "records lost",      "audit log recovered",
      "operator's act",      "payload erased",    "records pruned",
  };
  static_assert(kWords.size() == static_cast<std::size_t>(RecordKind::prune) + 1);
  return kWords.at(static_cast<std::size_t>(kind));
}

std::string member_text(const Record& record, std::string_view key) {
  const codec::Json* value = record.json.get(key);
  if (value == nullptr) return {};
  const std::string* text = value->as_string();
  return text != nullptr ? *text : codec::to_json(*value);
}

std::string member_or_answer(const Record& record, std::string_view key) {
  return key.empty() ? std::string(to_string(answer_of(record))) : member_text(record, key);
}

std::string machine_of(std::string_view origin) {
  constexpr std::string_view kProduct = "/glovebox/";
  const std::size_t product = origin.find(kProduct);
  if (product == origin.npos) return {};
  std::string_view machine = origin.substr(product + kProduct.size());
  machine = machine.substr(0, machine.find('/'));
  return std::ranges::all_of(machine, is_plain) ? std::string(machine) : std::string();
}

}  // namespace glovebox::audit
