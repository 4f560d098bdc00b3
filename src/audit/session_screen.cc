#include "audit/session_screen.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "audit/export_record.h"
#include "base/clock.h"
#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

using codec::Json;

constexpr std::size_t kMargin = 26;  // time and call
constexpr std::size_t kMostLines = 4;

std::uint64_t number_in(const Record& record, std::string_view key) {
  const auto value = record.json.get_int(key);
  return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

// `3.1 MiB`.
std::string amount(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return std::format("{} bytes", bytes);
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t name = 0;
  for (; value >= 1024 && name + 1 < kNames.size(); ++name) value /= 1024;
  return std::format("{:.1f} {}", value, kNames.at(name));
}

std::string duration(std::uint64_t microseconds) {
  constexpr double kSecond = 1e6;
  const auto value = static_cast<double>(microseconds);
  return value < kSecond ? std::format("{:.1f} ms", value / 1000)
                         : std::format("{:.1f} s", value / kSecond);
}

std::string plural(std::uint64_t count, std::string_view word) {
  return std::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// A value, or the beginning of one that was cut when it was recorded.
std::string plain(const Json& value) {
  if (const std::string* text = value.as_string()) return *text;
  const std::string* begin = value.get_string("text");
  if (const auto bytes = value.get_int("n"); begin != nullptr && bytes)
    return std::format("{}... [{} bytes]", *begin, *bytes);
  if (const codec::JsonArray* words = value.as_array()) {
    std::string line;
    for (const Json& word : *words) line += (line.empty() ? "" : " ") + plain(word);
    return line;
  }
  return codec::to_json(value);
}

// What a call was to do: the command or the file, whatever else there is behind it.
std::string input_of(const Record& record) {
  const Json* input = record.json.get("arg");
  if (input == nullptr) return "(arguments are not recorded)";
  for (const char* key : {"command", "file_path", "pattern"})
    if (const Json* value = input->is_object() ? input->get(key) : nullptr) return plain(*value);
  return plain(*input);
}

std::string bytes_of(const Record& record, std::string_view key) {
  const Json* value = record.json.get(key);
  const auto bytes = value != nullptr && value->is_object() ? value->get_int("n") : std::nullopt;
  return bytes && *bytes >= 0 ? amount(static_cast<std::uint64_t>(*bytes)) : "?";
}

}  // namespace

// Lines with a margin, cut to the width.
class SessionScreen::Writer {
 public:
  explicit Writer(Lines& lines) : lines_(lines) {}

  void begin(WallTime when, std::string_view whose) {
    // `2026-11-24T15:22:31.000000Z`
    const std::string time = to_rfc3339(when);
    margin_ = std::format("{}  {:<10}  ", std::string_view(time).substr(11, 12), whose);
  }
  void line(std::string_view text) {
    const std::string shown = codec::visible_ascii(text);
    std::string_view rest = shown;
    for (std::size_t count = 1; count == 1 || !rest.empty(); ++count) {
      const std::size_t room = kScreenWidth - kMargin;
      const bool is_last = count == kMostLines;
      std::string_view part = rest.substr(0, room);
      rest.remove_prefix(part.size());
      if (is_last && !rest.empty()) {
        put(std::string(part.substr(0, room - 3)) + "...");
        return;
      }
      put(std::string(part));
    }
  }

 private:
  void put(const std::string& text) {
    lines_.push_back(std::exchange(margin_, std::string(kMargin, ' ')) + text);
  }
  Lines& lines_;
  std::string margin_ = std::string(kMargin, ' ');
};

SessionScreen::SessionScreen(std::string_view session, std::string_view origin)
    : session_(session), origin_(origin) {}

SessionScreen::Lines SessionScreen::heading() const {
  const auto cut = [](std::string line) {
    if (line.size() > kScreenWidth) line = line.substr(0, kScreenWidth - 3) + "...";
    return line;
  };
  return {cut("session  " + codec::visible_ascii(session_)),
          cut("log      " + codec::visible_ascii(origin_)), ""};
}

std::string SessionScreen::name_of(const Record& record) const {
  if (record.tool_use.empty()) return "session";
  const auto at = going_.find(record.tool_use);
  return at == going_.end() ? "a call" : std::format("call {}", at->second);
}

void SessionScreen::opened(Writer& out, const Record& record) {
  const auto text = [&](std::string_view key) { return member_text(record, key); };
  out.line(std::format("opened on {} by agent {}", to_rfc3339(record.wall).substr(0, 10),
                       text("agent")));
  out.line(std::format("environment {}, work item {}", text("env"), text("work")));
  out.line(std::format("policy {} (digest {})", text("polfile"), text("pol").substr(0, 16)));
  if (const Json* host = record.json.get("prot"); host != nullptr && host->is_object())
    out.line(std::format("host: Linux {}, Landlock {}, cgroup {}; roles apart by {}",
                         plain(host->get("kernel") ? *host->get("kernel") : Json("?")),
                         host->get_int("landlock").value_or(0),
                         plain(host->get("cgroup") ? *host->get("cgroup") : Json("?")),
                         plain(host->get("roles") ? *host->get("roles") : Json("?"))));
  if (const auto last = record.json.get_int("last"))
    out.line(std::format("goes on after record {}, which closed it before", *last));
}

void SessionScreen::decided(Writer& out, const Record& record) {
  const auto text = [&](std::string_view key) { return member_text(record, key); };
  out.line(std::format("{}: {}", text("tool"), input_of(record)));
  if (record.kind == RecordKind::tool_deny) {
    out.line(std::format("REFUSED ({}): {}", text("outcome"), text("why")));
    if (!text("rule").empty()) out.line("  by " + text("rule"));
    return;
  }
  std::string walls;
  if (const Json* made = record.json.get("prot"); made != nullptr && made->is_object()) {
    const Json* layers = made->get("layers");
    const std::string* filter = made->get_string("filter");
    const std::size_t count =
        layers != nullptr && layers->as_array() ? layers->as_array()->size() : 0;
    walls = std::format(", {}, filter {}", plural(count, "layer"), filter ? *filter : "?");
  }
  out.line(std::format("allowed by {}, profile {}{}", text("rule"), text("prof"), walls));
}

void SessionScreen::ended(Writer& out, const Record& record) {
  const auto text = [&](std::string_view key) { return member_text(record, key); };
  if (record.kind == RecordKind::tool_orphan) {
    out.line("has no result: " + text("why"));
    return;
  }
  const std::string status = text("sig").empty()    ? "exit " + text("exit")
                             : text("exit").empty() ? "signal " + text("sig")
                                                    : "";
  out.line(std::format("{}, {}{}{}", text("outcome"), status,
                       text("why").empty() ? "" : ": " + text("why"),
                       text("err") == "true" ? ", an error" : ""));
  out.line(std::format("took {}, processor {}, memory {}, output {}",
                       duration(number_in(record, "ns") / 1000),
                       duration(number_in(record, "cpu") / 1000),
                       amount(number_in(record, "rss") * 1024), bytes_of(record, "out")));
  if (const std::uint64_t left = number_in(record, "left"); left > 0)
    out.line(std::format("left {} in the background",
                         left == 1 ? "1 process" : std::format("{} processes", left)));
}

void SessionScreen::network(Writer& out, const Record& record) {
  const auto text = [&](std::string_view key) { return member_text(record, key); };
  const bool is_denied = record.kind == RecordKind::net_deny;
  std::string what = std::format("-> {}{}", text("host").empty() ? text("addr") : text("host"),
                                 text("port").empty() ? "" : ":" + text("port"));
  if (!text("meth").empty()) what += std::format(" {} {}", text("meth"), text("path"));
  if (is_denied) {
    const std::uint64_t times = std::max<std::uint64_t>(number_in(record, "n"), 1);
    connections_refused_ += times;
    out.line(std::format("{} REFUSED: {}{}", what, text("why"),
                         times > 1 ? std::format(", {} times", times) : ""));
  } else {
    const bool is_begun = text("at") == "beginning";
    if (text("at").empty()) ++connections_;
    up_ += number_in(record, "up");
    down_ += number_in(record, "down");
    out.line(is_begun
                 ? what + " begun"
                 : std::format("{} {} up, {} down in {} ms", what, amount(number_in(record, "up")),
                               amount(number_in(record, "down")), text("ms")));
    if (!text("cred").empty()) out.line("  with the credential " + text("cred"));
    if (!text("why").empty()) out.line("  " + text("why"));
  }
  if (!text("rule").empty()) out.line(std::format("  by {} ({})", text("rule"), text("l7")));
}

void SessionScreen::refused(Writer& out, const Record& record) {
  const auto text = [&](std::string_view key) { return member_text(record, key); };
  const std::uint64_t times = std::max<std::uint64_t>(number_in(record, "n"), 1);
  other_refusals_ += record.kind == RecordKind::sys_deny ? times : 1;
  if (record.kind == RecordKind::sys_deny)
    out.line(std::format("REFUSED {} of {}: {}{}", text("call"), text("comm"),
                         text("errno").empty() ? text("why") : text("errno"),
                         times > 1 ? std::format(", {} times", times) : ""));
  else if (!text("more").empty())
    out.line(std::format("and {} more under guarded names", text("more")));
  else
    out.line(std::format("guarded {} {}: {} {}", text("type"), text("name"), text("did"),
                         text("to").empty() ? text("why") : "to " + text("to")));
  if (!text("rule").empty()) out.line("  by " + text("rule"));
}

SessionScreen::Lines SessionScreen::add(std::uint64_t index, const Record& record) {
  if (record.session != session_) return {};
  Lines lines = records_ == 0 ? heading() : Lines{};
  ++records_;
  last_index_ = index;
  const bool is_decision =
      record.kind == RecordKind::tool_intent || record.kind == RecordKind::tool_deny;
  if (is_decision) going_.insert_or_assign(record.tool_use, ++last_call_);
  Writer out(lines);
  out.begin(record.wall, name_of(record));
  switch (record.kind) {
    case RecordKind::session_open:
      opened(out, record);
      break;
    case RecordKind::session_close:
      out.line("closed: " + member_text(record, "why"));
      break;
    case RecordKind::tool_intent:
      ++ran_;
      decided(out, record);
      break;
    case RecordKind::tool_deny:
      ++calls_refused_;
      decided(out, record);
      going_.erase(record.tool_use);
      break;
    case RecordKind::tool_orphan:
      ++unfinished_;
      [[fallthrough]];
    case RecordKind::tool_result:
      ended(out, record);
      going_.erase(record.tool_use);
      break;
    case RecordKind::net_open:
    case RecordKind::net_deny:
      network(out, record);
      break;
    case RecordKind::sys_deny:
    case RecordKind::fs_deny:
      refused(out, record);
      break;
    default:
      out.line(words_for(record.kind));
  }
  return lines;
}

SessionScreen::Lines SessionScreen::totals(std::uint64_t sealed) const {
  Lines lines = {"",
                 std::format("{} ran, {} refused, {} without a result, {} going on",
                             plural(ran_, "call"), calls_refused_, unfinished_, going_.size()),
                 std::format("{}, {} refused; {} up, {} down; {} in boxes",
                             plural(connections_, "connection"), connections_refused_, amount(up_),
                             amount(down_), plural(other_refusals_, "refusal"))};
  lines.push_back(last_index_ < sealed
                      ? std::format("{}, all under the checkpoint over {} records",
                                    plural(records_, "record"), sealed)
                      : std::format("{}, not all sealed: the checkpoint is over {} records",
                                    plural(records_, "record"), sealed));
  lines.emplace_back("to check it: glovebox audit verify; one record whole: audit show --index N");
  return lines;
}

}  // namespace glovebox::audit
