#include "audit/record_kind.h"

#include <array>
#include <cstddef>

namespace glovebox::audit {

namespace {

// In the order of RecordKind.
constexpr std::array<std::string_view, 27> kNames = {
    "boot",         "stop",          "heartbeat",    "config",    "policy.load",  "policy.reject",
    "session.open", "session.close", "tool.intent",  "tool.deny", "approval.ask", "approval.answer",
    "exec.start",   "net.open",      "net.deny",     "fs.deny",   "sys.deny",     "secret.use",
    "tool.result",  "tool.orphan",   "epoch.rotate", "anchor",    "gap",          "recovery",
    "operator",     "erase",         "prune",
};
static_assert(kNames.size() == static_cast<std::size_t>(RecordKind::prune) + 1);

}  // namespace

std::string_view to_string(RecordKind kind) {
  return kNames.at(static_cast<std::size_t>(kind));
}

std::optional<RecordKind> parse_record_kind(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames.at(i) == text) return static_cast<RecordKind>(i);
  return std::nullopt;
}

bool may_write(Writer writer, RecordKind kind) {
  switch (kind) {
    case RecordKind::boot:
    case RecordKind::stop:
    case RecordKind::recovery:
    case RecordKind::gap:
      return writer == Writer::auditor;
    case RecordKind::config:
    case RecordKind::policy_load:
    case RecordKind::policy_reject:
    case RecordKind::operator_action:
      return writer == Writer::supervisor;
    case RecordKind::session_open:
    case RecordKind::session_close:
    case RecordKind::tool_intent:
    case RecordKind::tool_deny:
    case RecordKind::tool_result:
    case RecordKind::tool_orphan:
    case RecordKind::fs_deny:
    case RecordKind::sys_deny:
      return writer == Writer::boxer;
    case RecordKind::net_open:
    case RecordKind::net_deny:
      return writer == Writer::egress;
    case RecordKind::heartbeat:
    case RecordKind::approval_ask:
    case RecordKind::approval_answer:
    case RecordKind::exec_start:
    case RecordKind::secret_use:
    case RecordKind::epoch_rotate:
    case RecordKind::anchor:
    case RecordKind::erase:
    case RecordKind::prune:
      return false;  // reserved
  }
  return false;
}

bool needs_tool_use(RecordKind kind) {
  return kind == RecordKind::tool_intent || kind == RecordKind::tool_deny ||
         kind == RecordKind::tool_result || kind == RecordKind::tool_orphan;
}

bool needs_session(RecordKind kind) {
  return needs_tool_use(kind) || kind == RecordKind::session_open ||
         kind == RecordKind::session_close;
}

}  // namespace glovebox::audit
