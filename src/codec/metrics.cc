#include "codec/metrics.h"

#include <algorithm>
#include <array>
#include <format>
#include <limits>
#include <optional>
#include <span>
#include <utility>

namespace glovebox::codec {

namespace {

enum class Kind : std::uint8_t { counter, gauge, histogram };

// Upper bounds of buckets.
constexpr std::array kCallBounds = {
    Duration(milliseconds(2)),   Duration(milliseconds(5)),   Duration(milliseconds(10)),
    Duration(milliseconds(25)),  Duration(milliseconds(50)),  Duration(milliseconds(100)),
    Duration(milliseconds(250)), Duration(milliseconds(500)), Duration(seconds(1)),
    Duration(seconds(5)),        Duration(seconds(10)),       Duration(seconds(30)),
    Duration(seconds(60)),       Duration(seconds(300)),      Duration(seconds(1800))};
constexpr std::array kStartBounds = {Duration(microseconds(500)),  Duration(milliseconds(1)),
                                     Duration(microseconds(2500)), Duration(milliseconds(5)),
                                     Duration(milliseconds(10)),   Duration(milliseconds(25)),
                                     Duration(milliseconds(50)),   Duration(milliseconds(100)),
                                     Duration(milliseconds(250)),  Duration(seconds(1))};

struct Family {
  Metric metric;
  std::string_view name;
  Kind kind;
  std::string_view help;
  std::array<std::string_view, 2> labels;  // unused ones are empty
  std::span<const Duration> bounds;
};

constexpr std::array<Family, 14> kFamilies = {{
    {Metric::sessions,
     "glovebox_sessions",
     Kind::gauge,
     "Sessions here: idle, running a call, closing.",
     {"state"},
     {}},
    {Metric::calls_total,
     "glovebox_calls_total",
     Kind::counter,
     "Tool calls answered.",
     {"tool", "outcome"},
     {}},
    {Metric::call_seconds,
     "glovebox_call_seconds",
     Kind::histogram,
     "Time from a call's arrival at the boxer to its recorded answer.",
     {"tool"},
     kCallBounds},
    {Metric::box_start_seconds,
     "glovebox_box_start_seconds",
     Kind::histogram,
     "Time from the order for a box until its tool runs.",
     {"kind"},
     kStartBounds},
    {Metric::denials_total,
     "glovebox_denials_total",
     Kind::counter,
     "Calls that were not allowed, or ended by a wall, by the layer that said no.",
     {"layer"},
     {}},
    {Metric::egress_bytes_total,
     "glovebox_egress_bytes_total",
     Kind::counter,
     "Bytes of connections and requests that have ended, up from boxes and down to them.",
     {"direction"},
     {}},
    {Metric::poll_total,
     "glovebox_poll_total",
     Kind::counter,
     "Polls of the work queue: item, empty, refused, error.",
     {"result"},
     {}},
    {Metric::lease_lost_total,
     "glovebox_lease_lost_total",
     Kind::counter,
     "Work items whose lease went to somebody else.",
     {},
     {}},
    {Metric::result_post_retries_total,
     "glovebox_result_post_retries_total",
     Kind::counter,
     "Attempts to post a result after the first.",
     {},
     {}},
    {Metric::audit_records_total,
     "glovebox_audit_records_total",
     Kind::counter,
     "Records in the audit log.",
     {},
     {}},
    {Metric::audit_flush_seconds,
     "glovebox_audit_flush_seconds",
     Kind::histogram,
     "Time to make a group of records durable.",
     {},
     kStartBounds},
    {Metric::audit_space_bytes,
     "glovebox_audit_space_bytes",
     Kind::gauge,
     "Bytes left where the audit log lies.",
     {},
     {}},
    {Metric::role_restarts_total,
     "glovebox_role_restarts_total",
     Kind::counter,
     "How often a role died and was started again.",
     {"role"},
     {}},
    {Metric::policy_info,
     "glovebox_policy_info",
     Kind::gauge,
     "1 for the digest of the policy that new sessions get.",
     {"digest"},
     {}},
}};

const Family& family_of(Metric metric) {
  return kFamilies.at(static_cast<std::size_t>(metric));
}

std::size_t label_count(const Family& family) {
  return static_cast<std::size_t>(
      std::ranges::count_if(family.labels, [](std::string_view name) { return !name.empty(); }));
}

constexpr std::string_view kOther = "other";
constexpr std::size_t kMaxLabel = 128;  // bytes of a value

// `0.0025`, `1.5`, `300`: no more digits than there are.
std::string in_seconds(Duration time) {
  const auto whole = std::chrono::duration_cast<seconds>(time);
  std::string text = std::to_string(whole.count());
  std::string digits = std::format("{:09}", (time - whole).count());
  digits.resize(digits.find_last_not_of('0') + 1);
  return digits.empty() ? text : text + "." + digits;
}

std::string escape(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

// `{tool="bash",le="0.1"}`; nothing for no label.
std::string label_text(const Family& family, const Metrics::Labels& values,
                       std::string_view bound = {}) {
  std::string out;
  const auto put = [&](std::string_view name, std::string_view value) {
    out += std::format("{}{}=\"{}\"", out.empty() ? "{" : ",", name, escape(value));
  };
  for (std::size_t i = 0; i < values.size(); ++i) put(family.labels.at(i), values[i]);
  if (!bound.empty()) put("le", bound);
  if (!out.empty()) out += '}';
  return out;
}

std::int64_t as_signed(std::uint64_t count) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(count, kMost));
}

Error broken() {
  return Error(ErrorKind::protocol, "metrics: not as they are written");
}

// Small enough that what roles say can be added up.
Result<std::int64_t> count_of(const Json& value) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  if (!value.is_int() || *value.as_int() < 0 || *value.as_int() > kMost) return broken();
  return *value.as_int();
}

}  // namespace

Metrics::Series& Metrics::series(Metric metric, Labels labels) {
  const Family& family = family_of(metric);
  labels.resize(label_count(family), std::string(kOther));
  for (std::string& value : labels)
    if (value.size() > kMaxLabel) value = kOther;
  auto& known = series_[metric];
  if (known.size() >= kMaxSeries && !known.contains(labels))
    labels.assign(labels.size(), std::string(kOther));
  Series& series = known[std::move(labels)];
  if (family.kind == Kind::histogram) series.counts.resize(family.bounds.size() + 1);
  return series;
}

void Metrics::add(Metric metric, Labels labels, std::uint64_t count) {
  series(metric, std::move(labels)).value += as_signed(count);
}

void Metrics::set(Metric metric, Labels labels, std::int64_t value) {
  series(metric, std::move(labels)).value = value;
}

void Metrics::observe(Metric metric, Labels labels, Duration value) {
  Series& series = this->series(metric, std::move(labels));
  const auto bounds = family_of(metric).bounds;
  ++series.counts.at(
      static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin()));
  ++series.value;
  series.sum += value;
}

void Metrics::merge(const Metrics& other) {
  for (const auto& [metric, all] : other.series_) {
    const Kind kind = family_of(metric).kind;
    for (const auto& [labels, theirs] : all) {
      Series& ours = series(metric, labels);
      ours.value = kind == Kind::gauge ? theirs.value : ours.value + theirs.value;
      ours.sum += theirs.sum;
      for (std::size_t i = 0; i < theirs.counts.size(); ++i) ours.counts.at(i) += theirs.counts[i];
    }
  }
}

// {"glovebox_calls_total": [[["bash","finished"], 3]], "…_seconds": [[["bash"], 3, 17000,
// [1,2,0]]]}
Json Metrics::to_json() const {
  Json out = Json::object();
  for (const auto& [metric, all] : series_) {
    JsonArray list;
    for (const auto& [labels, series] : all) {
      JsonArray names, entry;
      for (const std::string& value : labels) names.emplace_back(value);
      entry.emplace_back(std::move(names));
      entry.emplace_back(series.value);
      if (family_of(metric).kind == Kind::histogram) {
        JsonArray counts;
        for (const std::uint64_t count : series.counts) counts.emplace_back(as_signed(count));
        entry.emplace_back(static_cast<std::int64_t>(series.sum.count()));
        entry.emplace_back(std::move(counts));
      }
      list.emplace_back(std::move(entry));
    }
    out.as_object()->set(std::string(family_of(metric).name), std::move(list));
  }
  return out;
}

Result<Metrics> Metrics::from_json(const Json& document) {
  const JsonObject* families = document.as_object();
  if (families == nullptr) return broken();
  Metrics out;
  for (const auto& [name, list] : *families) {
    const auto family = std::ranges::find(kFamilies, name, &Family::name);
    const JsonArray* all = list.as_array();
    if (family == kFamilies.end() || all == nullptr || all->size() > kMaxSeries + 1)
      return broken();
    const bool histogram = family->kind == Kind::histogram;
    for (const Json& item : *all) {
      const JsonArray* entry = item.as_array();
      if (entry == nullptr || entry->size() != (histogram ? 4 : 2)) return broken();
      const JsonArray* values = entry->at(0).as_array();
      if (values == nullptr || values->size() != label_count(*family)) return broken();
      Labels labels;
      for (const Json& value : *values) {
        if (value.as_string() == nullptr) return broken();
        labels.push_back(*value.as_string());
      }
      Series& series = out.series(family->metric, std::move(labels));
      series.value = TRY(count_of(entry->at(1)));
      if (!histogram) continue;
      series.sum = Duration(TRY(count_of(entry->at(2))));
      const JsonArray* counts = entry->at(3).as_array();
      if (counts == nullptr || counts->size() != series.counts.size()) return broken();
      for (std::size_t i = 0; i < counts->size(); ++i)
        series.counts[i] = static_cast<std::uint64_t>(TRY(count_of(counts->at(i))));
    }
  }
  return out;
}

std::string Metrics::to_text() const {
  std::string out;
  for (const auto& [metric, all] : series_) {
    const Family& family = family_of(metric);
    constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};
    out += std::format("# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name,
                       kKinds[static_cast<std::size_t>(family.kind)]);
    for (const auto& [labels, series] : all) {
      if (family.kind != Kind::histogram) {
        out += std::format("{}{} {}\n", family.name, label_text(family, labels), series.value);
        continue;
      }
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < series.counts.size(); ++i) {
        below += series.counts[i];
        const std::string bound =
            i < family.bounds.size() ? in_seconds(family.bounds[i]) : std::string("+Inf");
        out +=
            std::format("{}_bucket{} {}\n", family.name, label_text(family, labels, bound), below);
      }
      const std::string text = label_text(family, labels);
      out += std::format("{}_sum{} {}\n", family.name, text, in_seconds(series.sum));
      out += std::format("{}_count{} {}\n", family.name, text, series.value);
    }
  }
  return out;
}

}  // namespace glovebox::codec
