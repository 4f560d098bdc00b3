#include "cli/policy_test.h"

#include <string>

#include "base/clock.h"
#include "cli/message.h"
#include "cli/policy_input.h"
#include "policy/test_run.h"

namespace glovebox::cli {

ExitCode run_policy_test(const PolicyTestOptions& options) {
  const SystemClock clock;
  bool passed = true;
  for (const std::string& file : options.files) {
    const auto input = read_policy_input(file, clock);
    if (!input) return fail(ExitCode::invalid_file, input.error().message());
    const policy::TestRun run = policy::run_tests(input->policy, input->filters);
    print_out(visible_lines(file + "\n" + to_text(run, options.coverage)));
    if (run.results.empty())
      print_error(file +
                  " holds no test\nhint: [[test]] try = \"connect example.com:443\" expect = "
                  "\"deny\"");
    passed = passed && run.passed();
  }
  return passed ? ExitCode::done : ExitCode::negative;
}

}  // namespace glovebox::cli
