#include "policy/verdict_text.h"

#include <algorithm>
#include <cstddef>
#include <format>
#include <utility>

namespace glovebox::policy {

namespace {

using codec::Json;
using codec::JsonArray;

constexpr std::string_view kNowhere = "(not in the policy)";

std::string place(const std::optional<Origin>& origin) {
  return origin && origin->line > 0 ? to_string(*origin) : std::string(kNowhere);
}

Json place_json(const std::optional<Origin>& origin) {
  if (!origin || origin->line == 0) return {};
  return Json::object({{"file", origin->file},
                       {"line", static_cast<std::int64_t>(origin->line)},
                       {"column", static_cast<std::int64_t>(origin->column)}});
}

}  // namespace

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::allow:
      return "allow";
    case Answer::ask:
      return "ask";
    case Answer::deny:
      break;
  }
  return "deny";
}

std::string to_text(const Verdict& verdict) {
  std::size_t width = 0;
  for (const TraceStep& step : verdict.trace) width = std::max(width, step.stage.size());
  std::string text = std::format("{}: {}\n", to_string(verdict.answer), verdict.words);
  for (const TraceStep& step : verdict.trace) {
    text += std::format("  {:<{}}  {}\n", step.stage, width, step.words);
    if (step.stage != kEnforcedBy)
      text += std::format("  {:<{}}  at {}\n", "", width, place(step.origin));
  }
  return text;
}

codec::JsonObject verdict_members(const Verdict& verdict, const Who& who, const Request& request) {
  JsonArray trace;
  for (const TraceStep& step : verdict.trace)
    trace.push_back(Json::object(
        {{"stage", step.stage}, {"words", step.words}, {"at", place_json(step.origin)}}));
  codec::JsonObject members;
  members.set("answer", to_string(verdict.answer));
  members.set("words", verdict.words);
  members.set("rule", place_json(verdict.rule));
  members.set("request", to_string(request));
  members.set("environment", who.environment);
  members.set("agent", who.agent);
  members.set("tool", who.tool);
  members.set("trace", std::move(trace));
  return members;
}

std::string to_json(const Verdict& verdict, const Who& who, const Request& request) {
  return codec::to_json(verdict_members(verdict, who, request)) + "\n";
}

}  // namespace glovebox::policy
