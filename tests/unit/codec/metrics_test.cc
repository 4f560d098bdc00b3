#include "codec/metrics.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <string_view>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

Metrics some() {
  Metrics metrics;
  metrics.add(Metric::calls_total, {"bash", "finished"}, 3);
  metrics.add(Metric::lease_lost_total, {}, 0);
  metrics.set(Metric::sessions, {"idle"}, 2);
  metrics.observe(Metric::call_seconds, {"bash"}, milliseconds(3));
  metrics.observe(Metric::call_seconds, {"bash"}, std::chrono::hours(1));
  return metrics;
}

}  // namespace

TEST_CASE("what is no set of metrics is refused") {
  const struct {
    const char* name;
    std::string_view json;
  } rows[] = {
      {"a list", "[]"},
      {"another name", R"({"up": [[[], 1]]})"},
      {"no list", R"({"glovebox_sessions": 1})"},
      {"no entry", R"({"glovebox_sessions": [1]})"},
      {"a short entry", R"({"glovebox_sessions": [[["idle"]]]})"},
      {"a long entry", R"({"glovebox_sessions": [[["idle"], 1, 2]]})"},
      {"no labels", R"({"glovebox_sessions": [["idle", 1]]})"},
      {"too few labels", R"({"glovebox_sessions": [[[], 1]]})"},
      {"too many labels", R"({"glovebox_lease_lost_total": [[["x"], 1]]})"},
      {"a label that is a number", R"({"glovebox_sessions": [[[1], 1]]})"},
      {"a value that is text", R"({"glovebox_sessions": [[["idle"], "1"]]})"},
      {"a negative value", R"({"glovebox_sessions": [[["idle"], -1]]})"},
      {"a number beyond all counting", R"({"glovebox_sessions": [[["idle"], 9007199254740993]]})"},
      {"a fraction", R"({"glovebox_sessions": [[["idle"], 1.5]]})"},
      {"a histogram without buckets", R"({"glovebox_audit_flush_seconds": [[[], 1, 2]]})"},
      {"a histogram with other buckets", R"({"glovebox_audit_flush_seconds": [[[], 1, 2, [1]]]})"},
      {"a histogram with a negative sum",
       R"({"glovebox_audit_flush_seconds": [[[], 1, -2, [0,0,0,0,0,0,0,0,0,0,1]]]})"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto metrics = Metrics::from_json(parse_json(row.json).value());
    REQUIRE_FALSE(metrics);
    CHECK(metrics.error().kind() == ErrorKind::protocol);
  }
}

TEST_CASE("metrics read back as they were written") {
  const Metrics metrics = some();
  const auto again = Metrics::from_json(parse_json(to_json(metrics.to_json())).value());
  REQUIRE(again);
  CHECK(again->to_text() == metrics.to_text());
  CHECK(to_json(again->to_json()) == to_json(metrics.to_json()));
}

TEST_CASE("the text is what Prometheus reads") {
  Metrics metrics;
  metrics.add(Metric::calls_total, {"bash", "a \"b\"\\\nc"}, 3);
  metrics.add(Metric::lease_lost_total, {}, 0);
  metrics.observe(Metric::audit_flush_seconds, {}, microseconds(2500));
  metrics.observe(Metric::audit_flush_seconds, {}, microseconds(2501));
  metrics.observe(Metric::audit_flush_seconds, {}, seconds(2));
  CHECK(metrics.to_text() == R"(# HELP glovebox_calls_total Tool calls answered.
# TYPE glovebox_calls_total counter
glovebox_calls_total{tool="bash",outcome="a \"b\"\\\nc"} 3
# HELP glovebox_lease_lost_total Work items whose lease went to somebody else.
# TYPE glovebox_lease_lost_total counter
glovebox_lease_lost_total 0
# HELP glovebox_audit_flush_seconds Time to make a group of records durable.
# TYPE glovebox_audit_flush_seconds histogram
glovebox_audit_flush_seconds_bucket{le="0.0005"} 0
glovebox_audit_flush_seconds_bucket{le="0.001"} 0
glovebox_audit_flush_seconds_bucket{le="0.0025"} 1
glovebox_audit_flush_seconds_bucket{le="0.005"} 2
glovebox_audit_flush_seconds_bucket{le="0.01"} 2
glovebox_audit_flush_seconds_bucket{le="0.025"} 2
glovebox_audit_flush_seconds_bucket{le="0.05"} 2
glovebox_audit_flush_seconds_bucket{le="0.1"} 2
glovebox_audit_flush_seconds_bucket{le="0.25"} 2
glovebox_audit_flush_seconds_bucket{le="1"} 2
glovebox_audit_flush_seconds_bucket{le="+Inf"} 3
glovebox_audit_flush_seconds_sum 2.005001
glovebox_audit_flush_seconds_count 3
)");
  CHECK(Metrics().to_text().empty());
}

TEST_CASE("counters and histograms add up, of a gauge the other's value stands") {
  Metrics metrics = some();
  Metrics other = some();
  other.set(Metric::sessions, {"idle"}, 7);
  other.set(Metric::sessions, {"running"}, 1);
  metrics.merge(other);
  const std::string text = metrics.to_text();
  for (const std::string_view line :
       {"glovebox_calls_total{tool=\"bash\",outcome=\"finished\"} 6\n",
        "glovebox_sessions{state=\"idle\"} 7\n", "glovebox_sessions{state=\"running\"} 1\n",
        "glovebox_call_seconds_bucket{tool=\"bash\",le=\"0.005\"} 2\n",
        "glovebox_call_seconds_count{tool=\"bash\"} 4\n",
        "glovebox_call_seconds_sum{tool=\"bash\"} 7200.006\n"}) {
    CAPTURE(line);
    CHECK(text.contains(line));
  }
  metrics.forget(Metric::sessions);
  CHECK_FALSE(metrics.to_text().contains("glovebox_sessions"));
}

TEST_CASE("names that somebody makes up do not make the process grow") {
  Metrics metrics;
  for (std::size_t i = 0; i < 2 * kMaxSeries; ++i)
    metrics.add(Metric::calls_total, {"tool" + std::to_string(i), "finished"});
  metrics.add(Metric::calls_total, {std::string(1 << 20, 'x'), "finished"});
  CHECK(metrics.to_text().size() < 64 * 1024);
  CHECK(metrics.to_text().contains("glovebox_calls_total{tool=\"other\",outcome=\"other\"} 257\n"));
  CHECK(Metrics::from_json(metrics.to_json()));
}
