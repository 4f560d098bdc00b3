// A work item as the poll answers it, and the snapshot of the session it is for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "worker/work_lease.h"

namespace glovebox::worker {

enum class WorkKind {
  session,
  health_check,
  unknown,  // of a type that this version does not know: acked, beaten and stopped, nothing run
};

struct WorkItem {
  std::string id;
  std::string environment;
  WorkKind kind = WorkKind::unknown;
  std::string target;           // the session's id; opaque for a health check
  std::string secret;           // encoded; wiped by decode_work_secret. Empty: none
  std::string acknowledged_at;  // by us, as the control plane said; empty if it did not
};

// The body of a poll answer; nullopt for `null` and for an empty body. Error: protocol.
Result<std::optional<WorkItem>> parse_poll_answer(std::string_view body);

// The answer to an acknowledgement; empty if it does not say when.
std::string parse_acknowledged(std::string_view body);

// One page of the environment's items, searched for one of them.
struct WorkPage {
  std::optional<WorkHolder> holder;  // if it is on this page
  std::string next;                  // empty: this was the last page
};
Result<WorkPage> parse_work_page(std::string_view body, std::string_view work);

// What the worker needs of `GET /v1/sessions/{id}`: read once per item.
struct SessionSnapshot {
  std::string id;
  std::string environment;
  std::string agent;        // id of the agent, may be empty
  bool terminated = false;  // archived sessions report it too
  // Names of what is attached and what this version does not serve: `skill NAME`,
  // `memory store NAME`. At most kMaxUnserved.
  std::vector<std::string> unserved;
};
constexpr std::size_t kMaxUnserved = 600;
Result<SessionSnapshot> parse_session(std::string_view body);

}  // namespace glovebox::worker
