#include "audit/auditor.h"

#include <array>
#include <format>
#include <utility>

#include "audit/bounded_value.h"

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

Error closed() {
  return Error(ErrorKind::io, "the audit log cannot be written");
}

// Enters a record's effect on its call.
Result<void> index_call(CallIndex& calls, RecordKind kind, std::string_view session,
                        std::string_view tool_use) {
  switch (kind) {
    case RecordKind::tool_intent:
      return calls.start(session, tool_use);
    case RecordKind::tool_result:
      return calls.end(session, tool_use, CallState::finished);
    case RecordKind::tool_orphan:
      return calls.end(session, tool_use, CallState::orphaned);
    default:
      return {};
  }
}

}  // namespace

Auditor::Auditor(RecordStore& store, CallIndex& calls, const Masker& masker, const Clock& clock,
                 std::string boot_id)
    : store_(store), calls_(calls), masker_(masker), clock_(clock), boot_id_(std::move(boot_id)) {}

Result<void> index_record(CallIndex& calls, const Record& record) {
  return index_call(calls, record.kind, record.session, record.tool_use);
}

Result<void> index_record(CallIndex& calls, const RecordHead& record) {
  return index_call(calls, record.kind, record.session, record.tool_use);
}

Result<void> Auditor::admit(const AppendRequest& request, const std::string& session,
                            const std::string& tool_use) const {
  if (!may_write(request.writer, request.kind))
    return Error(ErrorKind::denied,
                 std::format("this role may not write {}", to_string(request.kind)));
  if (request.members.contains("red"))
    return Error(ErrorKind::invalid, "member `red` is the auditor's");
  switch (request.kind) {
    case RecordKind::tool_intent:
      return calls_.may_start(tool_use);
    case RecordKind::tool_deny:
      if (calls_.find(tool_use) == CallState::unknown) return {};
      return Error(ErrorKind::exists, "this call has an intent already");
    case RecordKind::tool_result:
    case RecordKind::tool_orphan:
      return calls_.may_end(session, tool_use);
    default:
      return {};
  }
}

Result<RecordPlace> Auditor::write(RecordKind kind, std::string_view session,
                                   std::string_view tool_use, JsonObject members) {
  JsonArray red = masker_.apply(members);
  if (!red.empty()) members.set("red", std::move(red));
  const RecordStamp stamp{.wall = clock_.wall(),
                          .since_boot = clock_.boot(),
                          .boot_id = boot_id_,
                          .previous = store_.last_hash()};
  return store_.append(TRY(build_record(kind, stamp, session, tool_use, std::move(members))));
}

Result<RecordPlace> Auditor::append(AppendRequest&& request) {
  if (closed_) return closed();
  if (waiting_.size() >= kMaxGroupRecords)
    return Error(ErrorKind::limit, "too many records wait for one flush");
  // The index speaks of ids as they stand in the log, as it does after a start; the record is made
  // from the ids as they came.
  const std::string session = request.session.empty() ? "" : record_id(request.session);
  const std::string tool_use = request.tool_use.empty() ? "" : record_id(request.tool_use);
  if (needs_tool_use(request.kind) && (session.empty() || tool_use.empty()))
    return Error(ErrorKind::invalid, "a call needs a session and a tool use id");
  TRY(admit(request, session, tool_use));
  const RecordPlace place =
      TRY(write(request.kind, request.session, request.tool_use, std::move(request.members)));
  // Allowed a moment ago, and nothing happened in between.
  TRY(index_call(calls_, request.kind, session, tool_use));
  if (request.kind == RecordKind::session_close) head_wanted_ = true;
  return place;
}

void Auditor::submit(AppendRequest request, AppendDone done) {
  Result<RecordPlace> outcome = append(std::move(request));
  waiting_.push_back({std::move(done), std::move(outcome)});
}

Result<void> Auditor::commit() {
  std::vector<Waiting> group = std::exchange(waiting_, {});
  Result<void> flushed = closed_ ? Result<void>(closed()) : store_.flush();
  Result<void> published;
  if (flushed && std::exchange(head_wanted_, false)) {
    if (auto head = store_.publish_head(); !head) published = std::move(head).error();
  }
  if (!flushed || !published) closed_ = true;
  for (Waiting& waiting : group) {
    if (!flushed && waiting.outcome)
      waiting.done(Error(flushed.error()).with_context("the audit log cannot be written"));
    else
      waiting.done(std::move(waiting.outcome));
  }
  TRY(std::move(flushed));
  return published;
}

Result<void> Auditor::start(const Recovered& recovered, JsonObject members) {
  if (recovered.cut_bytes > 0) {
    JsonObject cut;
    cut.set("why", "torn_line");
    cut.set("cut", Json::object({{"n", static_cast<std::int64_t>(recovered.cut_bytes)},
                                 {"c", recovered.cut_hash.hex()}}));
    TRY(write(RecordKind::recovery, "", "", std::move(cut)));
  }
  if (recovered.head_missing) {
    JsonObject missing;
    missing.set("why", "head_missing");
    TRY(write(RecordKind::recovery, "", "", std::move(missing)));
  }
  members.set("clock", "CLOCK_REALTIME");
  TRY(write(RecordKind::boot, "", "", std::move(members)));
  head_wanted_ = true;
  return commit();
}

CallState Auditor::find_call(std::string_view tool_use) const {
  return calls_.find(record_id(tool_use));
}

Result<std::string> Auditor::head() {
  TRY(commit());
  auto head = store_.publish_head();
  if (!head) closed_ = true;
  return head;
}

Result<void> Auditor::stop(std::string_view why) {
  if (closed_) return closed();
  JsonObject members;
  members.set("why", why);
  TRY(write(RecordKind::stop, "", "", std::move(members)));
  head_wanted_ = true;
  auto stopped = commit();
  closed_ = true;
  return stopped;
}

}  // namespace glovebox::audit
