// Exported events and work items of a session: each call once, and a report of any of it.
#include "audit/reconcile_events.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "audit/reconcile.h"

using namespace glovebox;

bool fuzz_accepts(std::string_view text) {
  return audit::read_session_events(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto events = audit::read_session_events(text);
  const auto works = audit::read_work_spans(text, "s");
  (void)audit::parse_utc(text);
  if (!events) return 0;
  std::set<std::string> ids;
  for (const audit::ReportedCall& call : events->calls)
    if (call.id.empty() || !ids.insert(call.id).second) __builtin_trap();
  const audit::LocalCalls local("s");
  audit::ReconcileQuestion question{.events = *events, .local = local};
  if (works) question.works = *works;
  const audit::ReconcileReport report = audit::reconcile(question);
  if (report.calls.size() != events->calls.size()) __builtin_trap();
  for (const char c : report.summary())
    if (c != '\n' && (c < 0x20 || c > 0x7E)) __builtin_trap();
  (void)report.to_json();
  return 0;
}
