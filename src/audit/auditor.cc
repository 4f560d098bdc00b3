#include "audit/auditor.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <utility>

#include "audit/epoch_seal.h"

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

Error closed() {
  return Error(ErrorKind::io, "the audit log cannot be written");
}

// How long the role may sleep: the store looks after its files in between.
constexpr Duration kTendEvery = seconds(1);

}  // namespace

Auditor::Auditor(RecordStore& store, RecordRules& rules, const Masker& masker, const Clock& clock,
                 Random& random, std::string boot_id)
    : store_(store),
      rules_(rules),
      masker_(masker),
      clock_(clock),
      random_(random),
      boot_id_(std::move(boot_id)) {}

void Auditor::seal_within(Duration time) {
  const Duration due = clock_.monotonic() + time;
  seal_due_ = seal_due_ ? std::min(*seal_due_, due) : due;
}

Result<void> Auditor::admit(const AppendRequest& request, const std::string& session,
                            const std::string& tool_use) const {
  if (!may_write(request.writer, request.kind))
    return Error(ErrorKind::denied,
                 std::format("this role may not write {}", to_string(request.kind)));
  if (request.members.contains("red"))
    return Error(ErrorKind::invalid, "member `red` is the auditor's");
  TRY(rules_.chains().may_set(session));
  const CallIndex& calls = rules_.calls();
  switch (request.kind) {
    case RecordKind::tool_intent:
      if (store_.space() == SpaceLevel::stop)
        return Error(ErrorKind::limit, "the disk of the audit log is nearly full");
      return calls.may_start(tool_use);
    case RecordKind::tool_deny:
      if (calls.find(tool_use) == CallState::unknown) return {};
      return Error(ErrorKind::exists, "this call has an intent already");
    case RecordKind::tool_result:
    case RecordKind::tool_orphan:
      return calls.may_end(session, tool_use);
    default:
      return {};
  }
}

// Whether there was an end of an epoch to record.
Result<bool> Auditor::seal_epoch(const RecordTime& now) {
  auto seal = store_.begin_seal(now);
  if (seal && !*seal) return false;
  auto written = seal ? write_at(now, (*seal)->kind, "", "", std::move((*seal)->members))
                      : Result<RecordPlace>(std::move(seal).error());
  // Its key counts as used: without the record nothing fits behind it.
  if (!written) closed_ = true;
  TRY(std::move(written));
  return true;
}

Result<RecordPlace> Auditor::write(RecordKind kind, std::string_view session,
                                   std::string_view tool_use, JsonObject members,
                                   const std::optional<Salt>& salt) {
  const RecordTime now{.wall = clock_.wall(), .since_boot = clock_.boot()};
  TRY(seal_epoch(now));
  return write_at(now, kind, session, tool_use, std::move(members), salt);
}

// Allowed by now, so that what is in the store and what the rules know stay the same.
Result<RecordPlace> Auditor::write_at(const RecordTime& now, RecordKind kind,
                                      std::string_view session, std::string_view tool_use,
                                      JsonObject members, const std::optional<Salt>& salt) {
  // A seal is signed as it is, and nothing in it is anybody's text.
  if (!is_seal(kind))
    if (JsonArray red = masker_.apply(members); !red.empty()) members.set("red", std::move(red));
  const std::string session_id = session.empty() ? "" : record_id(session);
  const std::string tool_use_id = tool_use.empty() ? "" : record_id(tool_use);
  const RecordStamp stamp{.wall = now.wall,
                          .since_boot = now.since_boot,
                          .boot_id = boot_id_,
                          .previous = rules_.chains().previous(session_id)};
  Commitments commitments(random_, salt);
  const std::string line =
      TRY(build_record(kind, stamp, session, tool_use, std::move(members), commitments));
  const RecordPlace place = TRY(store_.append(line, commitments.salt()));
  const RecordHead head{.kind = kind,
                        .wall = stamp.wall,
                        .since_boot = std::chrono::floor<microseconds>(stamp.since_boot),
                        .boot_id = boot_id_,
                        .previous = stamp.previous,
                        .session = session_id,
                        .tool_use = tool_use_id};
  if (auto taken = rules_.take(head, place.leaf); !taken) {
    closed_ = true;
    return std::move(taken).error();
  }
  seal_within(kind == RecordKind::session_close ? kSealClosedAfter : kSealAfter);
  return place;
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
  return write(request.kind, request.session, request.tool_use, std::move(request.members),
               request.salt);
}

void Auditor::submit(AppendRequest request, AppendDone done) {
  Result<RecordPlace> outcome = append(std::move(request));
  waiting_.push_back({std::move(done), std::move(outcome)});
}

Result<void> Auditor::commit() {
  std::vector<Waiting> group = std::exchange(waiting_, {});
  Result<void> flushed = closed_ ? Result<void>(closed()) : store_.flush();
  if (!flushed) closed_ = true;
  for (Waiting& waiting : group) {
    if (!flushed && waiting.outcome)
      waiting.done(Error(flushed.error()).with_context("the audit log cannot be written"));
    else
      waiting.done(std::move(waiting.outcome));
  }
  return flushed;
}

Result<Duration> Auditor::tend() {
  if (closed_) return closed();
  const Duration now = clock_.monotonic();
  Result<void> tended;
  auto sealed = seal_epoch({.wall = clock_.wall(), .since_boot = clock_.boot()});
  if (!sealed) return std::move(sealed).error();
  if (*sealed) TRY(commit());
  if (seal_due_ && *seal_due_ <= now) {
    seal_due_.reset();
    if (auto note = store_.publish(); !note) tended = std::move(note).error();
  } else {
    tended = store_.settle();
  }
  if (!tended) closed_ = true;
  TRY(std::move(tended));
  return seal_due_ ? std::min(*seal_due_ - now, kTendEvery) : kTendEvery;
}

Result<void> Auditor::start(const Recovered& recovered, JsonObject members) {
  const auto number = [](std::uint64_t value) { return Json(static_cast<std::int64_t>(value)); };
  if (recovered.gap) {
    JsonObject gap;
    gap.set("why", to_string(recovered.gap->fault));
    gap.set("lost", Json::object({{"from", number(recovered.gap->first)},
                                  {"to", number(recovered.gap->end)}}));
    TRY(write(RecordKind::gap, "", "", std::move(gap)));
  }
  if (recovered.torn.bytes > 0) {
    JsonObject cut;
    cut.set("why", "torn_group");
    cut.set("cut",
            Json::object({{"n", number(recovered.torn.bytes)}, {"c", recovered.torn.hash.hex()}}));
    TRY(write(RecordKind::recovery, "", "", std::move(cut)));
  }
  if (recovered.checkpoint_missing) {
    JsonObject missing;
    missing.set("why", "checkpoint_missing");
    TRY(write(RecordKind::recovery, "", "", std::move(missing)));
  }
  members.set("clock", "CLOCK_REALTIME");
  TRY(write(RecordKind::boot, "", "", std::move(members)));
  TRY(seal());
  return {};
}

CallState Auditor::find_call(std::string_view tool_use) const {
  return rules_.calls().find(record_id(tool_use));
}

Result<std::string> Auditor::seal() {
  TRY(commit());
  seal_due_.reset();
  auto note = store_.publish();
  if (!note) closed_ = true;
  return note;
}

Result<void> Auditor::stop(std::string_view why) {
  if (closed_) return closed();
  JsonObject members;
  members.set("why", why);
  TRY(write(RecordKind::stop, "", "", std::move(members)));
  auto stopped = seal();
  closed_ = true;
  TRY(std::move(stopped));
  return {};
}

}  // namespace glovebox::audit
