#include "audit/record_rules.h"

#include <chrono>
#include <format>
#include <utility>

#include "audit/epoch_seal.h"

namespace glovebox::audit {

namespace {

Error broken(std::string_view what) {
  return Error(ErrorKind::invalid, std::string(what));
}

// Enters a record's effect on its call.
Result<void> index_call(CallIndex& calls, const RecordHead& record) {
  switch (record.kind) {
    case RecordKind::tool_intent:
      return calls.start(record.session, record.tool_use);
    case RecordKind::tool_result:
      return calls.end(record.session, record.tool_use, CallState::finished);
    case RecordKind::tool_orphan:
      return calls.end(record.session, record.tool_use, CallState::orphaned);
    default:
      return {};
  }
}

}  // namespace

Result<void> RecordRules::take_run(const RecordHead& record) {
  if (record.boot_id != boot_id_) {
    if (runs_.size() == kMaxRuns)
      return Error(ErrorKind::limit, "the log knows as many runs as it can; start a new one");
    if (!runs_.insert(codec::sha256(record.boot_id)).second)
      return broken("`boot` of a run that is over");
    boot_id_ = record.boot_id;
    run_ = Run::begun;
    since_boot_ = {};
    last_offset_.reset();
  } else if (run_ == Run::stopped) {
    return broken("behind the `stop` of its run");
  }
  const bool before_boot =
      record.kind == RecordKind::recovery || record.kind == RecordKind::gap || is_seal(record.kind);
  if (record.kind == RecordKind::boot) {
    if (run_ != Run::begun) return broken("a second `boot` of one run");
    run_ = Run::going;
  } else if (run_ == Run::begun && !before_boot) {
    return broken("a run that does not begin with `boot`");
  }
  if (record.kind == RecordKind::stop) run_ = Run::stopped;
  return {};
}

Result<void> RecordRules::take_time(const RecordHead& record) {
  if (record.since_boot < since_boot_) return broken("`mt` goes back");
  since_boot_ = record.since_boot;
  // Microseconds of both: their difference cannot overflow, and nanoseconds of it could.
  const auto offset = microseconds(record.wall.microseconds) -
                      std::chrono::duration_cast<microseconds>(record.since_boot);
  if (last_offset_ && std::chrono::abs(offset - *last_offset_) > kClockStep) ++clock_steps_;
  last_offset_ = offset;
  return {};
}

Result<void> RecordRules::take_call(const RecordHead& record) {
  if (record.kind == RecordKind::tool_deny && calls_.find(record.tool_use) != CallState::unknown)
    return broken("a denial of a call that has an intent");
  TRY(index_call(calls_, record));
  if (record.kind == RecordKind::tool_intent) ++open_calls_;
  if (record.kind == RecordKind::tool_result || record.kind == RecordKind::tool_orphan)
    --open_calls_;
  return {};
}

Result<void> RecordRules::take(const RecordHead& record, const codec::Sha256Digest& leaf) {
  if (record.previous != chains_.previous(record.session))
    return broken("`prev` is not the record of its session before it");
  TRY(take_run(record));
  TRY(take_time(record));
  TRY(take_call(record));
  return chains_.set(record.session, leaf);
}

}  // namespace glovebox::audit
