// The order in which a call may happen, without doing any of it.
//
//   received → decided → intent durable → run → result stored → result durable → delivered
//
// The gate is told what happened and answers with the steps that may be taken now; the boxer takes
// them. Nothing else starts a box or sends a result, so these hold whatever a worker asks for:
//   - no step `run` before the intent of that call is durable;
//   - no step `deliver` of a result before the result is stored and its record is durable; no
//     record of it, and no answer, before its box has ended: the answer may be known, and be
//     stored, while what the call started is ended;
//   - one `run` for a call id: an intent or a denial of a call that the log knows is not recorded
//     again; the call is delivered from its stored result, or answered as interrupted;
//   - in a session, calls start in the order in which they came; readers run side by side (at most
//     kMaxReaders), whatever writes runs alone;
//   - no more calls are under way than there are slots; sessions that wait for one get it in turn,
//     one call each, so that none can keep the others from theirs;
//   - when the log is lost, whatever was not finished is stopped and answered as not recorded, and
//     calls whose intent may be in the log are marked as orphans when it is back. A call whose
//     result is stored already waits for the log instead: it may hold that result, and then the
//     answer must be no other.
//
// Pure: no clock, no I/O. Tickets are never used twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::roles {

constexpr std::size_t kMaxReaders = 4;
constexpr std::size_t kMaxSessions = 2048;  // the worker stops at 1,024; what ends counts too
constexpr std::size_t kMaxCallsOfSession = 1024;
// Of all sessions at once, unless the operator says otherwise.
constexpr std::size_t kCallSlots = 128;

using Ticket = std::uint64_t;

enum class CallMode : std::uint8_t { reads, writes };
enum class LogKnows : std::uint8_t { nothing, intent, end };
enum class StoredHere : std::uint8_t { no, yes };
enum class Decided : std::uint8_t { allow, deny };
enum class CancelReason : std::uint8_t { none, cancelled, shutting_down, interrupted };

// What the answer to a call is made of.
enum class Ending : std::uint8_t {
  own,           // what the call came to: its box's report, or a denial
  stored,        // the result that was kept from an earlier run
  interrupted,   // it may have run in part, before or in this process
  cancelled,     // it did not run; see CancelReason
  not_recorded,  // the log cannot be written
  settled,       // it was answered for good long ago: refuse
};

struct Step {
  enum class Kind : std::uint8_t {
    decide,      // → decided()
    ask_deny,    // record tool.deny, unless the log knows the call → recorded() or found()
    ask_intent,  // record tool.intent, unless the log knows the call → recorded() or found()
    run,         // → ran(), and ended() when that says so
    stop,        // end the running box early; ran() still comes
    store,       // keep the result (`ending`) on disk → stored()
    ask_result,  // record tool.result → recorded()
    ask_orphan,  // record tool.orphan → recorded()
    deliver,     // answer with `ending`; the call is over
    drop,        // the call is over and nobody waits for an answer
    find,        // ask the log and the session's store about the call → found()
    forget,      // the stored result, if any, is void
    ask_open,    // record session.open → session_recorded()
    opened,      // tell the peer
    not_opened,  // tell the peer: the log cannot be written
    ask_close,   // record session.close → session_recorded()
    closed,      // tell the peer; the session is over
  } kind = Kind::decide;
  Ticket ticket = 0;
  std::string session;
  std::string tool_use;
  Ending ending = Ending::own;
  CancelReason reason = CancelReason::none;
};

class CallGate {
 public:
  explicit CallGate(std::size_t slots = kCallSlots) : slots_(slots) {}

  // Errors: exists (it is open, or still closing), limit, io (the log is lost).
  Result<void> open_session(const std::string& session);
  // Every call ends for `reason`, then the session. Error: not_found.
  Result<void> close_session(const std::string& session, CancelReason reason);
  // Errors: not_found (the session is not open), exists (the call is in flight), limit.
  Result<Ticket> receive(const std::string& session, const std::string& tool_use, CallMode mode);
  // Error: not_found.
  Result<void> cancel(const std::string& session, const std::string& tool_use, CancelReason reason);
  // The peer is gone: all its sessions close, nothing is delivered any more.
  void peer_gone();

  void found(Ticket ticket, LogKnows log, StoredHere stored);
  void decided(Ticket ticket, Decided decision);
  enum class Recorded : std::uint8_t { yes, refused };  // refused: by the auditor's rules
  void recorded(Ticket ticket, Recorded outcome);
  // The box has answered. `ending`: something of it may run still, ended() follows.
  enum class Box : std::uint8_t { ended, ending };
  void ran(Ticket ticket, Box box = Box::ended);
  void ended(Ticket ticket);
  // Before ended(): the result that is stored is the call's, unless something has come between.
  bool keeps_result(Ticket ticket) const;
  // What it came to could not be stored in place of what it seemed to come to.
  void not_kept(Ticket ticket);
  enum class Kept : std::uint8_t { yes, no };
  void stored(Ticket ticket, Kept kept);
  void session_recorded(const std::string& session);

  void log_lost();
  void log_back();

  // In the order in which they are to be taken.
  std::vector<Step> take_steps();
  bool idle() const { return calls_.empty() && sessions_.empty(); }
  bool runs_anything() const;  // a box that has not reported
  std::size_t sessions() const { return sessions_.size(); }
  std::size_t calls() const { return calls_.size(); }

 private:
  enum class Phase : std::uint8_t {
    waiting,
    deciding,
    denying,
    intending,
    running,
    storing,
    resulting,
    orphaning,
    // The result is stored, or there is none to store, but the box has not ended.
    ending,
    // The log was lost: the box must end before the answer goes.
    abandoned,
    // The log was lost with the record of the result on its way: did it arrive?
    in_doubt,
    // The log is back: does it know the intent of a call that was answered as not recorded?
    checking,
    marking,
  };
  struct Call {
    std::string session, tool_use;
    CallMode mode = CallMode::writes;
    Phase phase = Phase::waiting;
    Ending ending = Ending::own;
    CancelReason reason = CancelReason::none;
    Box box = Box::ended;
    bool is_stored = false;  // while its box ends: what is to be done then is to record
    bool is_orphan = false;  // and this is the record
    bool in_slot = false;
  };
  enum class SessionPhase : std::uint8_t { opening, open, emptying, closing };
  struct Session {
    SessionPhase phase = SessionPhase::opening;
    std::deque<Ticket> order;  // of calls that are not over, as they came
    bool orphaned = false;     // its peer is gone
    bool queued = false;       // for a slot
  };

  Call* call(Ticket ticket, Phase expected);
  void emit(Step::Kind kind, Ticket ticket, const Call& call);
  void emit(Step::Kind kind, const std::string& session);
  void advance(const std::string& session);  // starts what may start
  bool may_start(const Session& session, std::size_t position) const;
  // The first call that order lets start now; none: 0.
  Ticket startable(const Session& session) const;
  void start(Ticket ticket);
  void hand_out_slots();
  void finish(Ticket ticket, Ending ending);
  void cancel_call(Ticket ticket, CancelReason reason);
  void deny_cancelled(Ticket ticket, Call& call);
  void abandon(Ticket ticket);
  void record_end(Ticket ticket, Call& call);

  std::map<std::string, Session> sessions_;
  std::map<Ticket, Call> calls_;
  std::map<std::string, Ticket> by_tool_use_;
  std::vector<Step> steps_;
  struct Unsure {
    std::string session, tool_use;
  };
  std::vector<Unsure> unsure_;  // answered as not recorded; the log may know an intent
  std::size_t slots_;
  std::size_t taken_ = 0;
  std::deque<std::string> queue_;  // sessions that could start a call if there were a slot
  Ticket next_ = 1;
  bool log_ok_ = true;
};

}  // namespace glovebox::roles
