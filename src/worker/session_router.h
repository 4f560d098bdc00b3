// Decides what happens with every call of one session: events go in, actions come out. Pure; times
// are monotonic and passed in.
//
// It also decides when the run of the item is over: the session ended, or it was idle for
// `max_idle` with nothing held or running. Order and concurrency of calls are the boxer's; actions
// come in event order. A call is answered at most once, whatever the stream and the history repeat.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "worker/session_event.h"

namespace glovebox::worker {

struct ToolCall {
  enum class Kind { tool, custom };
  std::string id, name, input, thread;
  Kind kind = Kind::tool;
};

struct Action {
  enum class Kind {
    run,     // `call` says what
    hold,    // waits for a confirmation
    deny,    // never runs; the server tells the model
    drop,    // its thread is gone
    leave,   // no tool of that name here: its owner answers it
    cancel,  // it runs, and was interrupted: its result is still posted
    end,     // the session ended: cancel everything
  };
  Kind kind;
  ToolCall call;  // end: empty
};

constexpr std::size_t kMostMisses = 8;

enum class PostOutcome {
  settled,   // the plane has the result, or will never take it
  unposted,  // nobody took it in time: the next history read brings the call back
};

class SessionRouter {
 public:
  // `tools`: the names served here. `max_idle` of zero or less never ends a run.
  SessionRouter(std::set<std::string, std::less<>> tools, Duration max_idle);

  std::vector<Action> live(const SessionEvent& event, Duration now);
  // The whole history, oldest first. Call it once per attach, before the live events.
  std::vector<Action> history(std::span<const SessionEvent> events, Duration now);
  void history_failed() { history_in_doubt_ = true; }

  // False if somebody answered the call meanwhile: its result is settled without a post.
  bool wants_result(std::string_view call) const;
  void finished(std::string_view call, PostOutcome outcome, Duration now);

  // The session says that it waits for an event that was never shown here, or a result could not be
  // posted: the history is to be read again. At most kMostMisses times for events of one kind of
  // absence: the service may speak of what it never shows to a worker. Says so once.
  bool take_wants_history() { return std::exchange(wants_history_, false); }

  // The calls that were given out and not finished.
  std::vector<std::string> running() const;
  // When the run ends for want of work; nothing while it is not idle or something blocks it.
  std::optional<Duration> idle_at() const { return idle_at_; }
  bool ended() const { return ended_; }
  std::size_t calls_run() const { return calls_run_; }

 private:
  enum class State { waiting, held, running, unposted, answered, denied, dropped, left };
  struct Entry {
    ToolCall call;
    Permission permission = Permission::allow;
    State state = State::waiting;
  };

  Entry* remember(const SessionEvent& event);
  void record(const SessionEvent& event);
  void route(Entry& entry, std::vector<Action>& out);
  void reroute_held(std::vector<Action>& out);
  void answer(std::string_view call);
  bool blocked() const;
  void arm(Duration now);
  void disarm();
  void look_for_missed(const SessionEvent& idle);
  void unblock(Duration now);

  std::set<std::string, std::less<>> tools_;
  Duration max_idle_;
  std::map<std::string, Entry, std::less<>> calls_;
  std::vector<std::string> order_;  // of the calls as they were first seen
  std::set<std::string, std::less<>> seen_, answered_, dead_threads_;
  std::map<std::string, bool, std::less<>> verdicts_;
  std::optional<Duration> idle_at_;
  bool arm_pending_ = false;
  bool history_in_doubt_ = false;
  bool ended_ = false;
  std::size_t calls_run_ = 0;
  bool wants_history_ = false;
  std::size_t misses_ = 0;
};

}  // namespace glovebox::worker
