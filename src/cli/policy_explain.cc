#include "cli/policy_explain.h"

#include "base/clock.h"
#include "cli/message.h"
#include "cli/policy_input.h"
#include "policy/explain.h"

namespace glovebox::cli {

ExitCode run_policy_explain(const PolicyExplainOptions& options) {
  const auto input = read_policy_input(options.policy, SystemClock());
  if (!input) return fail(ExitCode::invalid_file, input.error().message());
  const policy::Explanation explanation =
      policy::explain(input->policy, input->filters, options.who);
  print_out(options.form == OutputForm::json ? ascii_json(to_json(explanation))
                                             : visible_lines(to_text(explanation)));
  return ExitCode::done;
}

}  // namespace glovebox::cli
