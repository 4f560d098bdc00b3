// The worker: claims items while a slot is free and serves several sessions at once.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "codec/url.h"
#include "ipc/channel.h"
#include "net/cancel.h"
#include "net/connector.h"
#include "net/event.h"
#include "net/loop.h"
#include "net/task.h"
#include "worker/boxer_link.h"
#include "worker/control_plane.h"
#include "worker/item_run.h"
#include "worker/poll_schedule.h"
#include "worker/session_slots.h"
#include "worker/vitals.h"

namespace glovebox::worker {

struct WorkerSettings {
  std::string environment;
  std::string worker_id;
  std::size_t max_sessions = 64;
  ApiSettings api;
  RunSettings run;
  std::function<void()> key_refused;  // by 401; whoever has another one calls renew_key()
  // Before an item is served with what it was given (its strings, separated by LF): no record may
  // show it. An error: the item is not served. And when it was served. None: nobody keeps records.
  std::function<net::Task<Result<void>>(std::string item, Secret given, net::Patience)> make_known;
  std::function<void(std::string_view item)> item_over;
  std::function<void()> proxy_refused;  // by 407; who has another word calls poll_now()
};

class Worker {
 public:
  // Everything referred to outlives the worker and its tasks.
  Worker(net::Loop& loop, net::Connector& connector, const Log& log, Random& random,
         codec::BaseUrl base, WorkerSettings settings, Secret environment_key);

  // Polls, until shut_down(); returns when every item is released.
  net::Task<void> serve_queue();
  // One item that somebody else claimed and acked.
  net::Task<ItemEnd> serve_claimed(WorkItem item);

  // Claims no more; calls in flight get the drain time, then end. Idempotent.
  void shut_down() { shutdown_.cancel(); }
  // The key that takes the place of the one before; polling goes on at once.
  void renew_key(Secret environment_key);
  // Ends the wait for the next poll.
  void poll_now() { poll_now_.set(); }
  // The connection to the boxer, at the start and whenever it was started again.
  void attach_boxer(ipc::Channel channel) { boxer_.attach(std::move(channel)); }
  // Set when the connection to the boxer was lost and no other came: this worker is of no use.
  net::Event& abandoned() { return boxer_.abandoned(); }

  const Vitals& vitals() const { return vitals_; }
  bool shutting_down() const { return shutdown_.cancelled(); }
  // Every slot is taken: it does not poll.
  bool full() const { return items_.running() >= settings_.max_sessions; }
  // When a box was made the last time.
  std::optional<Duration> last_box() const { return boxer_.last_box(); }
  // Makes one. Errors: those of probe_box.
  net::Task<Result<void>> prove_box(net::Patience patience);

 private:
  net::Task<std::optional<WorkItem>> claim();
  void count_poll(std::string_view result, std::string problem = "");
  net::Task<bool> acknowledge(WorkItem& item);
  net::Task<void> serve_in_slot(WorkItem item);
  net::Task<ItemEnd> serve(WorkItem item);
  net::Task<Result<void>> make_known(const ItemAccess& access, Secret given);
  void choose_access(ItemAccess& access, std::string&& secret);

  net::Loop& loop_;
  net::Connector& connector_;
  const Log& log_;
  Random& random_;
  WorkerSettings settings_;
  Secret environment_key_;
  ControlPlane plane_;
  BoxerLink boxer_;
  Vitals vitals_;
  net::CancelSource shutdown_;
  net::Event poll_now_;
  PollSchedule schedule_;
  IdleLog idle_log_;
  net::TaskGroup items_;
  net::Event slot_free_;
  SessionSlots slots_;
};

}  // namespace glovebox::worker
