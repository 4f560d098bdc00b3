#include "audit/reconcile_events.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <format>
#include <functional>
#include <map>
#include <utility>

#include "codec/json.h"

namespace glovebox::audit {

namespace {

using codec::Json;

constexpr std::size_t kMaxExportValues = 5'000'000;

// The number in so many digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  const char* const begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + count, value);
  if (error != std::errc{} || end != begin + count || *begin == '-') return std::nullopt;
  return value;
}

// Microseconds of `.123`; nothing if it is none.
std::optional<std::int64_t> fraction(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() != '.' || text.size() < 2 ||
      text.find_first_not_of("0123456789", 1) != text.npos)
    return std::nullopt;
  const std::string six = (std::string(text.substr(1)) + "00000").substr(0, 6);
  return digits(six, 0, six.size());
}

Error bad(std::string_view why) {
  return {ErrorKind::invalid, std::string(why)};
}

// Calls `use` for each object of a value: itself, or the elements of an array or a page. Whether
// another page follows.
Result<bool> each_object(const Json& value, const std::function<Result<void>(const Json&)>& use) {
  const codec::JsonArray* many = value.as_array();
  if (many == nullptr) many = value.get_array("data");
  if (many == nullptr) {
    if (!value.is_object()) return bad("neither a page nor an object");
    TRY(use(value));
    return false;
  }
  for (const Json& one : *many) {
    if (!one.is_object()) return bad("an element that is no object");
    TRY(use(one));
  }
  return value.get_string("next_page") != nullptr;
}

// Over a whole export. Whether a page is missing at its end.
Result<bool> each_exported(std::string_view text,
                           const std::function<Result<void>(const Json&)>& use) {
  if (text.size() > kMaxExportBytes)
    return Error(ErrorKind::limit, std::format("more than {} bytes", kMaxExportBytes));
  const codec::JsonLimits limits{.max_bytes = kMaxExportBytes, .max_values = kMaxExportValues};
  if (const auto whole = codec::parse_json(text, limits)) return each_object(*whole, use);
  bool more = false;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string place = std::format("line {}", number);
    const Json value = TRY_CONTEXT(codec::parse_json(line, limits), place);
    more = TRY_CONTEXT(each_object(value, use), place);
  }
  return more;
}

Result<std::string> id_member(const Json& json, std::string_view key) {
  const std::string* id = json.get_string(key);
  if (id == nullptr || id->empty()) return bad(std::format("an event without its `{}`", key));
  return *id;
}

std::optional<WallTime> time_member(const Json& json, std::string_view key) {
  const std::string* text = json.get_string(key);
  return text == nullptr ? std::nullopt : parse_utc(*text);
}

class EventReader {
 public:
  Result<void> take(const Json& event) {
    const std::string* type = event.get_string("type");
    if (type == nullptr) return bad("an event without its `type`");
    if (*type == "agent.tool_use") return take_call(event, CallKind::tool);
    if (*type == "agent.custom_tool_use") return take_call(event, CallKind::custom);
    if (*type == "user.tool_result") return take_result(event, CallKind::tool, "tool_use_id");
    if (*type == "user.custom_tool_result")
      return take_result(event, CallKind::custom, "custom_tool_use_id");
    return {};
  }
  std::vector<ReportedCall> finish() && { return std::move(calls_); }

 private:
  Result<ReportedCall*> call(std::string id, CallKind kind) {
    const auto [at, is_new] = by_id_.emplace(id, calls_.size());
    if (is_new && calls_.size() == kMaxReportedCalls)
      return Error(ErrorKind::limit, std::format("more than {} calls", kMaxReportedCalls));
    if (is_new) {
      ReportedCall made;
      made.id = std::move(id);
      made.kind = kind;
      calls_.push_back(std::move(made));
    }
    return &calls_[at->second];
  }
  Result<void> take_call(const Json& event, CallKind kind) {
    ReportedCall* const found = TRY(call(TRY(id_member(event, "id")), kind));
    found->asked = true;
    if (const std::string* name = event.get_string("name")) found->name = *name;
    return {};
  }
  // The first result counts: the service takes no second one.
  Result<void> take_result(const Json& event, CallKind kind, std::string_view key) {
    ReportedCall* const found = TRY(call(TRY(id_member(event, key)), kind));
    if (found->result) return {};
    found->result = ReportedResult{.at = time_member(event, "processed_at"),
                                   .is_error = event.get_bool("is_error").value_or(false)};
    return {};
  }

  std::map<std::string, std::size_t> by_id_;
  std::vector<ReportedCall> calls_;
};

}  // namespace

std::optional<WallTime> parse_utc(std::string_view text) {
  // 2026-11-24T15:22:31
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kForm.size() || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return std::nullopt;
  const auto micros = fraction(text.substr(kForm.size(), text.size() - 1 - kForm.size()));
  const std::chrono::year_month_day date{
      std::chrono::year(*digits(text, 0, 4)),
      std::chrono::month(static_cast<unsigned>(*digits(text, 5, 2))),
      std::chrono::day(static_cast<unsigned>(*digits(text, 8, 2)))};
  const int hour = *digits(text, 11, 2), minute = *digits(text, 14, 2),
            second = *digits(text, 17, 2);
  if (!micros || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return WallTime{(((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000 + *micros};
}

Result<SessionEvents> read_session_events(std::string_view text) {
  EventReader reader;
  const bool more = TRY_CONTEXT(
      each_exported(text, [&](const Json& event) { return reader.take(event); }), "events");
  return SessionEvents{.calls = std::move(reader).finish(), .complete = !more};
}

Result<std::vector<WorkSpan>> read_work_spans(std::string_view text, std::string_view session) {
  std::vector<WorkSpan> spans;
  const auto take = [&](const Json& item) -> Result<void> {
    const Json* data = item.get("data");
    const std::string* of = data == nullptr ? nullptr : data->get_string("id");
    const std::string* kind = data == nullptr ? nullptr : data->get_string("type");
    if (of == nullptr || *of != session || kind == nullptr || *kind != "session") return {};
    const auto from = time_member(item, "acknowledged_at");
    if (!from) return {};
    if (spans.size() == kMaxReportedCalls)
      return Error(ErrorKind::limit, std::format("more than {} items", kMaxReportedCalls));
    spans.push_back({.id = TRY(id_member(item, "id")),
                     .from = *from,
                     .until = time_member(item, "stopped_at")});
    return {};
  };
  if (TRY_CONTEXT(each_exported(text, take), "work items"))
    return bad("work items: the last page names another one; export all of them");
  return spans;
}

}  // namespace glovebox::audit
