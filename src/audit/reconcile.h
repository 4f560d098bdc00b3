// Compares what the control plane holds of a session with what the log says: pure.
//
// No hash chain can show that the end of a log was cut, or that calls were run past it. The control
// plane can: it holds a result of each call that was run, and this worker reports none before the
// log has it. So a result of this worker that the log does not know means that the log was cut or
// was not written.
//
// Another worker may have run a call. An event does not say which, so it is told by the work item
// that was held when the result came: the log names those of this worker in `session.open`. A work
// item that the log does not know is not simply somebody else's, for cutting the log takes that
// record as well: the call then counts as accounted for only if whoever asks names the item as held
// elsewhere.
//
// A call that was denied or given up is answered with an error; any other result of it is one that
// the log does not know.
//
// The log is to be read after the events were fetched: a call that goes on meanwhile would look as
// if its record were missing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "audit/reconcile_events.h"
#include "audit/verdict.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::audit {

// Between the clock of the service and ours.
constexpr Duration kReconcileSkew = seconds(300);

// What the log says of one session: fed with all records of the log, or with those of the session.
class LocalCalls {
 public:
  // `session`: as the control plane has it.
  explicit LocalCalls(std::string_view session);

  // Error: invalid (no record), with its index.
  Result<void> take(std::uint64_t index, std::string_view record);

  struct Call {
    std::string tool;
    std::optional<std::uint64_t> intent, denial, result, orphan;  // indices of records
  };
  // A work item, as long as the log knows it to be held here.
  struct Work {
    std::string id;
    WallTime from;
    std::optional<WallTime> until;  // session.close; nothing: there is none
  };
  const std::string& session() const { return session_; }
  const std::map<std::string, Call>& calls() const { return calls_; }  // by record_id()
  const std::vector<Work>& works() const { return works_; }

 private:
  std::string session_;
  std::string recorded_;
  std::map<std::string, Call> calls_;
  std::vector<Work> works_;
};

enum class CallOutcome {
  matched,              // both know its end
  not_reported,         // executed or denied here, and the control plane has no result (yet)
  orphan,               // begun here, and given up: it may have run in part
  elsewhere,            // run by a worker that was named
  foreign,              // a custom tool that is not served here
  unanswered,           // nobody has a result, and it was not begun here
  unattributed,         // reported, not in the log, and nobody knows by whom
  not_in_session,       // in the log, and the control plane does not know the call
  reported_not_logged,  // reported by this worker, and not in the log
};
std::string_view to_string(CallOutcome outcome);

struct CallFinding {
  std::string call;  // id, as it stands in records
  std::string tool;
  CallOutcome outcome = CallOutcome::matched;
  std::string why;                      // empty for what needs no word
  std::optional<std::uint64_t> record;  // the first that speaks of it
  std::optional<WallTime> reported;
  std::string work;  // the work item that was held then, if one is known
};

struct ReconcileReport {
  std::string session;
  std::vector<CallFinding> calls;  // in the order of the events, then what only the log knows
  bool complete = true;            // of the events

  std::uint64_t count(CallOutcome outcome) const;
  // changed: reported and not logged. incomplete: nobody knows by whom, or the events are not all.
  Verdict verdict() const;
  // A few lines for people: the verdict, the counts, what is not as it must be. ASCII, no final LF.
  std::string summary() const;
  codec::Json to_json() const;
};

struct ReconcileQuestion {
  const SessionEvents& events;
  const LocalCalls& local;
  // Of the session; nothing: not known, and the log alone tells when it was held here.
  std::optional<std::vector<WorkSpan>> works = {};
  std::set<std::string> elsewhere = {};     // ids of work items that other workers held
  std::set<std::string> custom_tools = {};  // names of those that are served here
};
ReconcileReport reconcile(const ReconcileQuestion& question);

}  // namespace glovebox::audit
