// One session, from the first attach to the end of its run: routes events, has calls made by the
// boxer and posts their results.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/log.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/loop.h"
#include "net/task.h"
#include "worker/boxer_link.h"
#include "worker/event_reader.h"
#include "worker/item_access.h"
#include "worker/result_post.h"
#include "worker/session_router.h"

namespace glovebox::worker {

struct RunSettings {
  std::set<std::string, std::less<>> tools = {"bash", "read", "write", "edit", "glob", "grep"};
  Duration max_idle = seconds(60);
  Duration drain = seconds(30);     // at shutdown, before running calls are cancelled
  Duration teardown = seconds(30);  // for cancelled calls to end and be answered
};

class SessionRun {
 public:
  // Everything referred to outlives the task of run().
  SessionRun(net::Loop& loop, const Log& log, Random& random, ItemAccess& item, BoxerLink& boxer,
             const RunSettings& settings);

  // Returns why it ended: `idle`, `terminated`, `shutdown`, `lease over`, or what failed. When it
  // returns, no task of the run is left.
  net::Task<std::string> run();
  std::size_t calls_run() const { return router_.calls_run(); }

 private:
  net::Task<std::string> follow();
  net::Task<void> finish_calls();
  net::Task<void> answer(ToolCall call);
  net::Task<PostOutcome> post(const ToolCall& call, std::string content, ResultKind kind);
  void act(const std::vector<Action>& actions);
  void cancel_running(CancelReason reason);
  void settle_kept();

  net::Loop& loop_;
  const Log& log_;
  Random& random_;
  ItemAccess& item_;
  BoxerLink& boxer_;
  const RunSettings& settings_;
  std::shared_ptr<net::Event> latest_post_;  // set once it was tried
  net::CancelSource calls_off_;              // gives up what is left of the calls
  SessionRouter router_;
  net::Queue<Incoming> incoming_;
  EventReader reader_;
  net::TaskGroup calls_;
};

}  // namespace glovebox::worker
