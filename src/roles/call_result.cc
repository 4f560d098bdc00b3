#include "roles/call_result.h"

#include <optional>
#include <string_view>
#include <utility>

#include "tools/result.h"

namespace glovebox::roles {

namespace {

std::optional<box::Outcome> outcome_named(std::string_view name) {
  for (auto value = 0; value <= static_cast<int>(box::Outcome::audit_failed); ++value) {
    const auto outcome = static_cast<box::Outcome>(value);
    if (box::to_string(outcome) == name) return outcome;
  }
  return std::nullopt;
}

}  // namespace

CallResult failed_call(box::Outcome outcome, std::string detail, std::string text) {
  CallResult result;
  result.verdict = {outcome, 0, std::move(detail)};
  result.is_error = true;
  result.content = tools::to_content_json(tools::error_result(std::move(text)));
  return result;
}

box::StoredResult to_stored(const CallResult& result, const std::string& tool) {
  return {.tool = tool,
          .outcome = std::string(box::to_string(result.verdict.outcome)),
          .is_error = result.is_error,
          .content = result.content,
          .rule = result.rule,
          .detail = result.verdict.detail,
          .wall_us = result.usage.wall_us,
          .cpu_us = result.usage.cpu_us,
          .peak_kib = result.usage.peak_kib};
}

CallResult from_stored(box::StoredResult&& stored) {
  CallResult result;
  result.verdict = {outcome_named(stored.outcome).value_or(box::Outcome::interrupted), 0,
                    std::move(stored.detail)};
  result.usage = {stored.wall_us, stored.cpu_us, stored.peak_kib};
  result.is_error = stored.is_error;
  result.content = std::move(stored.content);
  result.rule = std::move(stored.rule);
  return result;
}

}  // namespace glovebox::roles
