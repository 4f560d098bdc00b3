#include "cli/rehearse_report.h"

#include <algorithm>
#include <format>
#include <functional>
#include <utility>

#include "base/log.h"

namespace glovebox::cli {

namespace {

using codec::Json;

constexpr std::size_t kWidth = 118;
constexpr std::size_t kResultWidth = 60;

std::string text_of(const Json& json, std::string_view key) {
  const std::string* text = json.get_string(key);
  return text ? *text : std::string();
}

std::string cut(std::string_view text, std::size_t width) {
  std::string visible = escape_for_terminal(text);
  if (visible.size() <= width) return visible;
  visible.resize(width - 3);
  while (!visible.empty() && (static_cast<unsigned char>(visible.back()) & 0xC0) == 0x80)
    visible.pop_back();
  if (!visible.empty() && static_cast<unsigned char>(visible.back()) >= 0xC0) visible.pop_back();
  return visible + "...";
}

// The first line of a result, and how many more there are.
std::string shown_result(std::string_view text) {
  if (text.empty()) return {};
  const std::size_t end = text.find('\n');
  const std::size_t more =
      end == std::string_view::npos
          ? 0
          : 1 + static_cast<std::size_t>(std::ranges::count(text.substr(end + 1), '\n'));
  std::string out = cut(text.substr(0, end), kResultWidth);
  if (more > 0) out += std::format(" (+{} lines)", more);
  return out;
}

bool is_over(std::string_view state) {
  return state == "passed" || state == "failed" || state == "denied";
}

void each_call(const Json& report,
               const std::function<void(std::size_t, std::size_t, const Json&, const Json&)>& use) {
  const codec::JsonArray* steps = report.get_array("steps");
  if (!steps) return;
  for (std::size_t s = 0; s < steps->size(); ++s) {
    const codec::JsonArray* calls = (*steps)[s].get_array("calls");
    for (std::size_t c = 0; calls && c < calls->size(); ++c) use(s, c, (*steps)[s], (*calls)[c]);
  }
}

std::string place_of(std::size_t step, std::size_t call) {
  return std::format("{}.{}", step, call);
}

std::string decision(const Json& call, const LoggedCall* logged) {
  if (logged && logged->decision == "allow")
    return std::format("allowed by {}, {}.{} ms", logged->rule, logged->wall_us / 1000,
                       logged->wall_us / 100 % 10);
  if (logged && logged->decision == "deny")
    return std::format("refused by {}", logged->rule.empty() ? logged->why : logged->rule);
  return text_of(call, "state") == "denied" ? "denied by the person who was asked, not run"
                                            : "not run";
}

}  // namespace

std::map<std::string, LoggedCall> read_logged_calls(std::string_view log) {
  std::map<std::string, LoggedCall> calls;
  while (true) {
    const std::size_t end = log.find('\n');
    if (end == std::string_view::npos) return calls;
    const auto record = codec::parse_json(log.substr(0, end));
    log.remove_prefix(end + 1);
    if (!record) continue;
    const std::string id = text_of(*record, "tu");
    if (id.empty()) continue;
    // What was refused to a call while it ran does not decide about the call.
    if (const std::string kind = text_of(*record, "k"); kind == "fs.deny" || kind == "sys.deny")
      continue;
    LoggedCall& call = calls[id];
    const auto take = [&](std::string_view key, std::string& into) {
      if (const std::string* text = record->get_string(key)) into = *text;
    };
    take("dec", call.decision);
    take("rule", call.rule);
    take("prof", call.profile);
    take("outcome", call.outcome);
    take("why", call.why);
    if (const auto ns = record->get_int("ns")) call.wall_us = *ns / 1000;
  }
}

RehearsalTeller::News RehearsalTeller::look(const Json& report) const {
  News news;
  each_call(report, [&](std::size_t s, std::size_t c, const Json&, const Json& call) {
    if (!is_over(text_of(call, "state")) || told_.contains(place_of(s, c))) return;
    news.ended.push_back(text_of(call, "tool_use_id"));
  });
  const std::string state = text_of(report, "state");
  news.over = state == "passed" || state == "failed";
  news.passed = state == "passed";
  news.summary = std::format("{} as expected, {} not", report.get_int("passed").value_or(0),
                             report.get_int("failed").value_or(0));
  return news;
}

std::string RehearsalTeller::tell(const Json& report,
                                  const std::map<std::string, LoggedCall>& log) {
  std::string out;
  each_call(report, [&](std::size_t s, std::size_t c, const Json& step, const Json& call) {
    if (!is_over(text_of(call, "state")) || !told_.insert(place_of(s, c)).second) return;
    const Json* input = call.get("input");
    out += cut(std::format("{:>2} {}: {} {}", ++count_, text_of(step, "title"),
                           text_of(call, "tool"), input ? codec::to_json(*input) : ""),
               kWidth) +
           "\n";
    const auto logged = log.find(text_of(call, "tool_use_id"));
    const bool failed = text_of(call, "state") == "failed";
    const std::string result = shown_result(text_of(call, "text"));
    out += std::format("   {} {}{}{}\n", failed ? "NOT ok:" : "ok:",
                       decision(call, logged == log.end() ? nullptr : &logged->second),
                       result.empty() ? "" : ": ", result);
    if (const codec::JsonArray* reasons = call.get_array("reasons"))
      for (const Json& reason : *reasons)
        if (const std::string* text = reason.as_string())
          out += "   ! " + cut(*text, kWidth) + "\n";
  });
  return out;
}

}  // namespace glovebox::cli
