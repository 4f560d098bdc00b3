// What operators watch: counters, gauges and histograms with fixed names, and their text.
//
// The names are stable: dashboards and alerts are built on them. Each role counts for itself; the
// JSON form carries what a role counted to the one that serves it, which adds the parts up. A
// family has at most kMaxSeries sets of labels; what comes beyond is counted under `other`, so that
// no name that a guest chose can make the process grow.
//
// Text: the exposition format 0.0.4 of Prometheus. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::codec {

enum class Metric : std::uint8_t {
  sessions,                   // gauge {state}
  calls_total,                // {tool, outcome}
  call_seconds,               // histogram {tool}: from the question to the answer
  box_start_seconds,          // histogram {kind}: until the tool runs in its box
  denials_total,              // {layer}
  egress_bytes_total,         // {direction}: up, from boxes; down, to them
  poll_total,                 // {result}
  lease_lost_total,           //
  result_post_retries_total,  //
  audit_records_total,        // in the log, whoever wrote them
  audit_flush_seconds,        // histogram
  audit_space_bytes,          // gauge: left for the log
  role_restarts_total,        // {role}
  policy_info,                // gauge {digest}, 1 for the policy that new sessions get
};

constexpr std::size_t kMaxSeries = 256;

class Metrics {
 public:
  // The values of the family's labels, in the order that stands above.
  using Labels = std::vector<std::string>;

  // A counter that is added 0 is shown from then on, which tells "none" from "not known".
  void add(Metric metric, Labels labels = {}, std::uint64_t count = 1);
  void set(Metric metric, Labels labels, std::int64_t value);
  void observe(Metric metric, Labels labels, Duration value);
  // A gauge that is to be told anew as a whole.
  void forget(Metric metric) { series_.erase(metric); }

  // Counters and histograms add up; of a gauge the other's value stands.
  void merge(const Metrics& other);

  Json to_json() const;
  // Errors: protocol. Whatever has another shape than to_json gives is refused.
  static Result<Metrics> from_json(const Json& document);

  std::string to_text() const;

 private:
  struct Series {
    std::int64_t value = 0;             // counter, gauge; histogram: how many
    std::vector<std::uint64_t> counts;  // histogram: a bucket each, the last without bound
    Duration sum{};                     // histogram
  };
  Series& series(Metric metric, Labels labels);

  std::map<Metric, std::map<Labels, Series>> series_;
};

}  // namespace glovebox::codec
