#include "audit/export_run.h"

namespace glovebox::audit {

Result<Exported> export_records(RecordSource& records, const ExportOrder& order,
                                std::uint64_t first, const ExportSink& out) {
  std::optional<std::string> session;
  if (order.session) session = record_id(*order.session);
  Exported done{.lines = 0, .next = first};
  while (const auto stored = TRY(records.next())) {
    const ExportRecord record = TRY(read_for_export(*stored));
    done.next = stored->index + 1;
    if (session && record.record.session != *session) continue;
    TRY(out(export_line(order.format, record, order.from)));
    ++done.lines;
  }
  return done;
}

}  // namespace glovebox::audit
