#include "cli/policy_why.h"

#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/message.h"
#include "cli/policy_input.h"
#include "cli/policy_why_record.h"
#include "cli/state_place.h"
#include "policy/decide_request.h"
#include "policy/verdict_text.h"

namespace glovebox::cli {

namespace {

ExitCode ended_with(const policy::Verdict& verdict) {
  return verdict.allow() ? ExitCode::done : ExitCode::negative;
}

ExitCode why_record(const PolicyWhyOptions& options) {
  std::string log;
  if (options.log) {
    log = *options.log;
  } else {
    const auto state = state_place(std::nullopt);
    if (!state) return fail(state.error().code, state.error().message);
    log = *state + "/audit";
  }
  const auto why = why_of_record(log, *options.record);
  if (!why) return fail(ExitCode::invalid_file, why.error().message());
  print_out(options.form == OutputForm::json ? ascii_json(to_json(*why))
                                             : visible_lines(to_text(*why)));
  return ended_with(why->verdict);
}

}  // namespace

ExitCode run_policy_why(const PolicyWhyOptions& options) {
  if (options.record) return why_record(options);
  std::string words;
  for (const std::string& word : options.request) words += (words.empty() ? "" : " ") + word;
  const auto request = policy::parse_request(words);
  if (!request) return fail(ExitCode::usage, request.error().message());
  const auto input = read_policy_input(options.policy, SystemClock());
  if (!input) return fail(ExitCode::invalid_file, input.error().message());
  const policy::Verdict verdict =
      policy::decide_request(input->policy, input->filters, options.who, *request);
  print_out(options.form == OutputForm::json ? ascii_json(to_json(verdict, options.who, *request))
                                             : visible_lines(to_text(verdict)));
  return ended_with(verdict);
}

}  // namespace glovebox::cli
