#include "audit/reconcile.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <format>
#include <utility>

#include "audit/record.h"
#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

constexpr std::array kOutcomes = {
    CallOutcome::matched,      CallOutcome::not_reported,   CallOutcome::orphan,
    CallOutcome::elsewhere,    CallOutcome::foreign,        CallOutcome::unanswered,
    CallOutcome::unattributed, CallOutcome::not_in_session, CallOutcome::reported_not_logged};
// Shown one by one in the summary, at most so many.
constexpr std::size_t kShownFindings = 20;

bool is_shown(CallOutcome outcome) {
  return outcome == CallOutcome::reported_not_logged || outcome == CallOutcome::unattributed ||
         outcome == CallOutcome::not_in_session;
}

WallTime later(WallTime time, Duration by) {
  return {time.microseconds + std::chrono::duration_cast<microseconds>(by).count()};
}

std::string text_of(const Record& record, std::string_view key) {
  const std::string* text = record.json.get_string(key);
  return text == nullptr ? std::string() : *text;
}

std::optional<std::uint64_t> first_record(const LocalCalls::Call& call) {
  std::optional<std::uint64_t> first;
  for (const auto& record : {call.intent, call.denial, call.result, call.orphan})
    if (record && (!first || *record < *first)) first = record;
  return first;
}

class Comparison {
 public:
  explicit Comparison(const ReconcileQuestion& question) : question_(question) {}

  ReconcileReport run() {
    ReconcileReport report{.session = record_id(question_.local.session()),
                           .calls = {},
                           .complete = question_.events.complete};
    std::set<std::string> seen;
    for (const ReportedCall& call : question_.events.calls) {
      const std::string id = record_id(call.id);
      seen.insert(id);
      report.calls.push_back(find(call, id));
    }
    for (const auto& [id, call] : question_.local.calls())
      if (!seen.contains(id)) report.calls.push_back(only_local(id, call));
    return report;
  }

 private:
  CallFinding find(const ReportedCall& call, const std::string& id) const {
    const auto local = question_.local.calls().find(id);
    CallFinding finding{.call = id,
                        .tool = call.name,
                        .outcome = CallOutcome::matched,
                        .why = {},
                        .record = {},
                        .reported = call.result ? call.result->at : std::nullopt,
                        .work = {}};
    if (local != question_.local.calls().end())
      judge_known(call, local->second, finding);
    else if (!call.result)
      finding.outcome = CallOutcome::unanswered;
    else
      judge_unknown(call, finding);
    return finding;
  }

  void judge_known(const ReportedCall& call, const LocalCalls::Call& local,
                   CallFinding& finding) const {
    finding.record = first_record(local);
    if (finding.tool.empty()) finding.tool = local.tool;
    const std::string_view end = local.denial   ? "denied here"
                                 : local.orphan ? "given up here"
                                                : "begun here, without an end";
    if (local.result || (local.denial && !call.result)) {
      finding.outcome = call.result ? CallOutcome::matched : CallOutcome::not_reported;
    } else if (!call.result) {
      finding.outcome = CallOutcome::orphan;
      if (!local.orphan) finding.why = end;
    } else if (call.result->is_error && (local.denial || local.orphan)) {
      finding.outcome = local.denial ? CallOutcome::matched : CallOutcome::orphan;
    } else {
      // A result that the log does not have: of a worker that ran the call again, or made up.
      attribute(finding);
      if (!finding.why.empty()) finding.why = std::format("{}; {}", end, finding.why);
    }
  }

  void judge_unknown(const ReportedCall& call, CallFinding& finding) const {
    if (call.kind == CallKind::custom && !question_.custom_tools.contains(call.name)) {
      finding.outcome = CallOutcome::foreign;
      return;
    }
    attribute(finding);
    if (finding.outcome == CallOutcome::reported_not_logged && call.result->is_error)
      finding.why += "; an error result: the worker answers so when its log cannot be written";
  }

  // Whose a result is that the log does not know.
  void attribute(CallFinding& finding) const {
    const auto unknown = [&](std::string_view why) {
      finding.outcome = CallOutcome::unattributed;
      finding.why = why;
    };
    if (!finding.reported) return unknown("its result has no time");
    const WallTime at = *finding.reported;
    if (!question_.works) {
      if (const auto* own = own_work_at(at)) return here(finding, own->id);
      return unknown(
          "no work item of this worker was held then; the list of work items tells more");
    }
    std::vector<std::string> ids;
    for (const WorkSpan& span : *question_.works)
      if (span.from <= at && (!span.until || at <= *span.until)) ids.push_back(span.id);
    if (ids.empty()) return unknown("no work item was held then");
    for (const std::string& id : ids)
      if (holds(id, at)) return here(finding, id);
    finding.work = ids.front();
    if (std::ranges::all_of(ids,
                            [&](const auto& id) { return question_.elsewhere.contains(id); })) {
      finding.outcome = CallOutcome::elsewhere;
      return;
    }
    unknown("by the log it was not held here then: another worker held it, or the log was cut");
  }

  static void here(CallFinding& finding, std::string_view work) {
    finding.outcome = CallOutcome::reported_not_logged;
    finding.work = work;
    finding.why = "reported while this worker held the session, and the log has no result";
  }

  // The log has this work item, and does not say that it was left before.
  bool holds(std::string_view id, WallTime at) const {
    return std::ranges::any_of(question_.local.works(), [&](const LocalCalls::Work& work) {
      return work.id == record_id(id) && (!work.until || at <= later(*work.until, kReconcileSkew));
    });
  }
  const LocalCalls::Work* own_work_at(WallTime at) const {
    const auto& works = question_.local.works();
    const auto found = std::ranges::find_if(works, [&](const LocalCalls::Work& work) {
      return later(work.from, -kReconcileSkew) <= at &&
             (!work.until || at <= later(*work.until, kReconcileSkew));
    });
    return found == works.end() ? nullptr : &*found;
  }

  static CallFinding only_local(const std::string& id, const LocalCalls::Call& call) {
    return {.call = id,
            .tool = call.tool,
            .outcome = CallOutcome::not_in_session,
            .why = "the session's events do not have this call",
            .record = first_record(call),
            .reported = {},
            .work = {}};
  }

  const ReconcileQuestion& question_;
};

}  // namespace

LocalCalls::LocalCalls(std::string_view session)
    : session_(session), recorded_(record_id(session)) {}

Result<void> LocalCalls::take(std::uint64_t index, std::string_view bytes) {
  const Record record = TRY_CONTEXT(parse_record(bytes), std::format("record {}", index));
  if (record.session != recorded_) return {};
  if (record.kind == RecordKind::session_open) {
    works_.push_back({.id = record_id(text_of(record, "work")), .from = record.wall, .until = {}});
  } else if (record.kind == RecordKind::session_close && !works_.empty()) {
    works_.back().until = record.wall;
  } else if (needs_tool_use(record.kind)) {
    Call& call = calls_[record.tool_use];
    if (call.tool.empty()) call.tool = text_of(record, "tool");
    auto& place = record.kind == RecordKind::tool_intent   ? call.intent
                  : record.kind == RecordKind::tool_deny   ? call.denial
                  : record.kind == RecordKind::tool_result ? call.result
                                                           : call.orphan;
    place = index;
  }
  return {};
}

std::string_view to_string(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::matched:
      return "matched";
    case CallOutcome::not_reported:
      return "not_reported";
    case CallOutcome::orphan:
      return "orphan";
    case CallOutcome::elsewhere:
      return "elsewhere";
    case CallOutcome::foreign:
      return "foreign";
    case CallOutcome::unanswered:
      return "unanswered";
    case CallOutcome::unattributed:
      return "unattributed";
    case CallOutcome::not_in_session:
      return "not_in_session";
    case CallOutcome::reported_not_logged:
      return "reported_not_logged";
  }
  return {};
}

std::uint64_t ReconcileReport::count(CallOutcome outcome) const {
  return static_cast<std::uint64_t>(std::ranges::count(calls, outcome, &CallFinding::outcome));
}

Verdict ReconcileReport::verdict() const {
  if (count(CallOutcome::reported_not_logged) > 0) return Verdict::changed;
  const bool whole =
      complete && count(CallOutcome::unattributed) == 0 && count(CallOutcome::not_in_session) == 0;
  return whole ? Verdict::good : Verdict::incomplete;
}

std::string ReconcileReport::summary() const {
  const Verdict found = verdict();
  std::string text = found == Verdict::changed ? "NOT LOGGED" : std::string(to_string(found));
  text +=
      std::format(": session {}, {} call{}", session, calls.size(), calls.size() == 1 ? "" : "s");
  for (const CallOutcome outcome : kOutcomes)
    if (const std::uint64_t many = count(outcome); many > 0)
      text += std::format(", {} {}", many, to_string(outcome));
  if (!complete) text += "\nthe events are not all: their last page names another one";
  std::size_t shown = 0;
  for (const CallFinding& call : calls) {
    if (!is_shown(call.outcome)) continue;
    if (shown++ == kShownFindings) {
      text += "\n...";
      break;
    }
    text += std::format("\n{} {}: {}", call.call, codec::visible_ascii(call.tool),
                        to_string(call.outcome));
    if (!call.why.empty()) text += std::format(": {}", call.why);
    if (!call.work.empty()) text += std::format(" (work item {})", codec::visible_ascii(call.work));
    if (call.record) text += std::format(" (record {})", *call.record);
  }
  return text;
}

codec::Json ReconcileReport::to_json() const {
  codec::JsonObject counts;
  for (const CallOutcome outcome : kOutcomes)
    counts.set(std::string(to_string(outcome)), static_cast<std::int64_t>(count(outcome)));
  codec::JsonArray list;
  for (const CallFinding& call : calls)
    list.push_back(codec::Json::object(
        {{"call", call.call},
         {"tool", call.tool},
         {"outcome", to_string(call.outcome)},
         {"why", call.why.empty() ? codec::Json() : codec::Json(call.why)},
         {"record",
          call.record ? codec::Json(static_cast<std::int64_t>(*call.record)) : codec::Json()},
         {"reported", call.reported ? codec::Json(to_rfc3339(*call.reported)) : codec::Json()},
         {"work", call.work.empty() ? codec::Json() : codec::Json(call.work)}}));
  return codec::Json::object({{"verdict", to_string(verdict())},
                              {"session", session},
                              {"complete", complete},
                              {"counts", std::move(counts)},
                              {"calls", std::move(list)}});
}

ReconcileReport reconcile(const ReconcileQuestion& question) {
  return Comparison(question).run();
}

}  // namespace glovebox::audit
