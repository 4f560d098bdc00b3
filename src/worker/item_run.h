// One claimed work item, in order: lease, snapshot, session or health check, teardown, stop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"
#include "worker/boxer_link.h"
#include "worker/item_access.h"
#include "worker/session_run.h"
#include "worker/session_slots.h"
#include "worker/work_item.h"

namespace glovebox::worker {

struct ItemEnd {
  std::string reason;
  std::size_t calls = 0;
  bool failed = false;
};

class ItemRun {
 public:
  // Everything referred to outlives the task of run().
  ItemRun(net::Loop& loop, const Log& log, Random& random, ItemAccess& item, BoxerLink& boxer,
          SessionSlots& slots, const RunSettings& settings);

  // The beats begin before anything else and end just before the stop. A lost item is left alone.
  net::Task<ItemEnd> run();

 private:
  net::Task<void> beat(net::Patience patience);
  LeaseVerdict take(const Beat& beat, std::string& why);
  net::Task<std::optional<WorkHolder>> find_holder(net::Patience patience);
  void judge(LeaseVerdict verdict, std::string_view why);
  net::Task<ItemEnd> serve();
  net::Task<ItemEnd> serve_session();
  net::Task<Result<SessionSnapshot>> read_session(net::Patience patience);
  net::Task<ItemEnd> serve_alone(net::Patience patience);
  net::Task<ItemEnd> probe();
  net::Task<void> stop();

  net::Loop& loop_;
  const Log& log_;
  Random& random_;
  ItemAccess& item_;
  BoxerLink& boxer_;
  SessionSlots& slots_;
  const RunSettings& settings_;
};

}  // namespace glovebox::worker
