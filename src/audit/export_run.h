// All records of a source that are asked for, as lines.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/export_line.h"
#include "audit/record_source.h"
#include "base/result.h"

namespace glovebox::audit {

struct ExportOrder {
  ExportFormat format = ExportFormat::jsonl;
  std::optional<std::string> session;  // as the control plane gives it; absent: all records
  ExportOrigin from;
};

struct Exported {
  std::uint64_t lines = 0;
  std::uint64_t next = 0;  // the index to go on with
};

using ExportSink = std::function<Result<void>(std::string_view line)>;  // without LF

// In order, in constant memory. `first`: the index of the first record that `records` can give;
// it is Exported::next when there is none. Errors: invalid (naming the record), those of the source
// and of `out`.
Result<Exported> export_records(RecordSource& records, const ExportOrder& order,
                                std::uint64_t first, const ExportSink& out);

}  // namespace glovebox::audit
