// The plane's core: requests in, answers out.
//
// It speaks the part of the Managed Agents API that a worker of a self-hosted environment and its
// client need. No I/O and no waiting: the shell (server.h) carries bytes and time. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "plane/fault.h"
#include "plane/message.h"
#include "plane/rehearsal.h"
#include "plane/route.h"
#include "plane/state.h"

namespace glovebox::plane {

struct Handled {
  Outcome outcome;
  std::optional<Fault> fault;  // of the first attempt: how to deliver the outcome
};

struct StreamRead {
  std::vector<std::string> frames;  // server-sent events
  bool ended = false;               // nothing will follow
};

class Plane {
 public:
  Plane(const Clock& clock, Random& random, PlaneSettings settings, Rehearsals rehearsals = {});

  // After Blocked, the same request comes again as `again` whenever another one was handled, and as
  // `last` when its time is over. Every other outcome is final.
  Handled handle(const Request& request, Attempt attempt);

  // What is new in the stream since the last read.
  StreamRead read(EventStream& stream);

  void set_base_url(std::string base_url) { state_.settings.base_url = std::move(base_url); }
  Answer<void> add_faults(const codec::Json& rules) { return state_.faults.add(rules); }

 private:
  Answer<Outcome> answer(const Request& request, const RouteMatch& match, Attempt attempt,
                         std::string& credential);
  void break_lease(const Fault& fault, const RouteMatch& match);

  State state_;
};

}  // namespace glovebox::plane
