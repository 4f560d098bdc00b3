#include "cli/policy_why.h"

#include <string>

#include "base/clock.h"
#include "cli/message.h"
#include "cli/policy_input.h"
#include "policy/decide_request.h"
#include "policy/verdict_text.h"

namespace glovebox::cli {

ExitCode run_policy_why(const PolicyWhyOptions& options) {
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
  return verdict.allow() ? ExitCode::done : ExitCode::negative;
}

}  // namespace glovebox::cli
