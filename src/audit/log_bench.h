// What a durable record costs on the disk of a folder, beside what that disk takes for a flush with
// nothing around it: the whole way of the auditor, in a log of its own that is removed afterwards.
//
// Figures of one run belong together; a flush differs between disks by a factor of a thousand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::audit {

struct FlushTimes {
  double p50_us = 0, p99_us = 0;
  double per_second = 0;
};

struct CallerRate {
  std::size_t callers = 0;  // each with one record that it waits for
  double per_second = 0;
  double p50_us = 0, p99_us = 0;  // from handing in to durable
};

struct LogBench {
  FlushTimes bare;                // one block written and flushed, again and again
  std::vector<CallerRate> rates;  // 1, 8, 64 callers
  double batches_per_second = 0;  // records, in groups as large as they may be
  double bytes_per_record = 0;    // in the folder when all are sealed, without the write-ahead log
  double open_ms = 0;             // a new auditor on that log
  double verify_records_per_second = 0, verify_bytes_per_second = 0;
  std::uint64_t records = 0;  // in the log that was opened and verified

  std::string text() const;
  codec::Json to_json() const;
};

// `folder`: exists; 512 MiB must be free. `run`: how long each rate is measured. Errors: limit (no
// space), those of the kernel and of the log.
Result<LogBench> measure_log(const std::string& folder, Duration run, const Clock& clock,
                             Random& random);

}  // namespace glovebox::audit
