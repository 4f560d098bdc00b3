#include "cli/policy_diff.h"

#include <string>
#include <utility>

#include "base/clock.h"
#include "cli/message.h"
#include "cli/policy_input.h"
#include "policy/compare.h"
#include "policy/diff_text.h"

namespace glovebox::cli {

namespace {

std::string in_form(const policy::DiffReport& report, PolicyDiffOptions::Form form) {
  switch (form) {
    case PolicyDiffOptions::Form::text:
      return to_text(report);
    case PolicyDiffOptions::Form::markdown:
      return to_markdown(report);
    case PolicyDiffOptions::Form::json:
      break;
  }
  return ascii_json(to_json(report));
}

bool same_texts(const PolicyInput& before, const PolicyInput& after) {
  if (before.files.size() != after.files.size()) return false;
  for (std::size_t i = 0; i < before.files.size(); ++i)
    if (before.files[i].text != after.files[i].text) return false;
  return true;
}

}  // namespace

ExitCode run_policy_diff(const PolicyDiffOptions& options) {
  const SystemClock clock;
  auto before = read_policy_input(options.before, clock);
  if (!before) return fail(ExitCode::invalid_file, before.error().message());
  auto after = read_policy_input(options.after, clock);
  if (!after) return fail(ExitCode::invalid_file, after.error().message());
  policy::DiffReport report;
  report.before = options.before;
  report.after = options.after;
  report.differences = policy::diff(before->policy, before->filters, after->policy, after->filters);
  report.same_text = same_texts(*before, *after);
  report.files_before = std::move(before->files);
  report.files_after = std::move(after->files);
  const std::string text = in_form(report, options.form);
  print_out(options.form == PolicyDiffOptions::Form::json ? text : visible_lines(text));
  const bool fails = options.fail_on == PolicyDiffOptions::FailOn::widen;
  return fails && widens(report.differences) ? ExitCode::widened : ExitCode::done;
}

}  // namespace glovebox::cli
