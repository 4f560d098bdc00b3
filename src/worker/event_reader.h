// Follows one session's events: stream, history after every attach, reconnects. Knows nothing
// about calls, so that no call can hold it up.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/task.h"
#include "worker/item_access.h"
#include "worker/retry_rules.h"
#include "worker/session_event.h"

namespace glovebox::worker {

// What the reader and the calls of a session tell its run.
struct Incoming {
  enum class Kind {
    history,         // all of it, oldest first
    history_failed,  // the stream goes on without
    live,            // one event
    call_finished,   // a call has its outcome
    failed,          // the control plane refuses this session: the run is over
  };
  Kind kind;
  std::vector<SessionEvent> events;
  std::string reason;  // failed
};

class EventReader {
 public:
  // Everything referred to outlives the task of run().
  EventReader(net::Loop& loop, const Log& log, Random& random, ItemAccess& item,
              net::Queue<Incoming>& out);

  // Attaches, again and again, until the token of `patience` is cancelled or the control plane
  // gives a fatal answer (then the last thing it pushes is `failed`).
  net::Task<void> run(net::Patience patience);
  // Leaves the stream that it follows now, if any, and attaches anew after the usual wait.
  void attach_again() { attached_.cancel(); }

 private:
  enum class Attach { ended, refused };
  net::Task<Attach> attach_once(Backoff& backoff, net::Patience patience);
  enum class History { read, failed };
  net::Task<History> read_history(net::Patience patience);
  net::Task<void> read_live(net::ResponseStream& stream, Backoff& backoff, net::Patience patience);

  net::Loop& loop_;
  const Log& log_;
  Random& random_;
  ItemAccess& item_;
  net::Queue<Incoming>& out_;
  net::CancelSource attached_;  // cancelled: the stream is left
  Duration asked_{};            // by the last answer: the wait before the next try
};

}  // namespace glovebox::worker
