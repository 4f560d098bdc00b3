// What a record is about, and which role may write it.
#pragma once

#include <optional>
#include <string_view>

namespace glovebox::audit {

// All kinds of schema version 1. Reserved, never written by this version: heartbeat, epoch_rotate,
// anchor, erase, prune, approval_*, exec_start, secret_use.
enum class RecordKind {
  boot,
  stop,
  heartbeat,
  config,
  policy_load,
  policy_reject,
  session_open,
  session_close,
  tool_intent,
  tool_deny,
  approval_ask,
  approval_answer,
  exec_start,
  net_open,
  net_deny,
  fs_deny,
  sys_deny,
  secret_use,
  tool_result,
  tool_orphan,
  epoch_rotate,
  anchor,
  gap,
  recovery,
  operator_action,
  erase,
  prune,
};

// `tool.intent`; `operator` for operator_action.
std::string_view to_string(RecordKind kind);
std::optional<RecordKind> parse_record_kind(std::string_view text);

// Who asks for a record. The auditor itself writes boot, stop, recovery and gap; no peer may.
enum class Writer { supervisor, boxer, worker, egress, tunnel, auditor };

// The table of who may write what. The worker may write nothing: the boxer, which starts the
// calls, also says so.
bool may_write(Writer writer, RecordKind kind);

// tool.* kinds speak of one call and need its id; session.* and tool.* need a session.
bool needs_tool_use(RecordKind kind);
bool needs_session(RecordKind kind);

}  // namespace glovebox::audit
