#include "roles/call_decision.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "box/reports_remedy.h"
#include "codec/digest.h"
#include "policy/diagnostic.h"
#include "policy/load.h"
#include "roles/policy_source.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

namespace {

constexpr std::array<std::string_view, 3> kReaders = {"read", "glob", "grep"};
constexpr std::array<std::string_view, 5> kFileTools = {"read", "write", "edit", "glob", "grep"};

Result<seccomp::CompiledFilter> compile(const BoxerSettings& settings, const std::string& named) {
  if (is_builtin(named)) return seccomp::compile_builtin(builtin_name(named));
  const auto at = std::ranges::find(settings.filters, named, &FilterSource::name);
  if (at == settings.filters.end())
    return Error(ErrorKind::invalid, std::format("the text of filter {} is missing", named));
  return seccomp::compile_file(named, at->text);
}

}  // namespace

Result<ActivePolicy> activate_policy(const BoxerSettings& settings, policy::Day today) {
  std::vector<policy::SourceFile> further;
  for (const FilterSource& file : settings.policy_files) further.push_back({file.name, file.text});
  policy::Loaded loaded = policy::load(settings.policy_file, settings.policy_text,
                                       policy::read_from(std::move(further)), today);
  if (!loaded.policy) return Error(ErrorKind::invalid, policy::to_text(loaded));
  ActivePolicy active;
  active.policy = std::move(*loaded.policy);
  for (const auto& [name, profile] : active.policy.profiles) {
    const std::string& named = profile.syscalls;
    if (active.filters.contains(named)) continue;
    seccomp::CompiledFilter filter = TRY_CONTEXT(compile(settings, named), named);
    active.reports[filter.digest] = std::move(filter.reports);
    active.filters[named] = {std::move(filter.name), std::move(filter.program),
                             std::move(filter.digest)};
  }
  codec::Sha256 digest;
  digest.update(settings.policy_text);
  for (const FilterSource& file : settings.policy_files) digest.update(file.text);
  for (const auto& [name, filter] : active.filters) digest.update(filter.program);
  active.digest = digest.finish().hex();
  active.protected_paths = settings.protected_paths;
  return active;
}

CallMode mode_of(std::string_view tool) {
  return std::ranges::find(kReaders, tool) != kReaders.end() ? CallMode::reads : CallMode::writes;
}

CallDecision decide_call(const ActivePolicy& active, const BoxerSettings& settings,
                         const box::HostView& view, const CallQuestion& question) {
  const policy::Decision decision =
      active.policy.decide(question.environment, question.agent, question.tool);
  Denial denial;
  denial.rule = policy::to_string(decision.rule);
  if (decision.profile == nullptr) {
    denial.why = decision.reason;
    return denial;
  }
  denial.profile = decision.profile->name;
  box::CallFacts facts;
  facts.tool = question.tool;
  facts.kind = box::CommandKind::function;
  if (!question.program.empty())
    facts.kind = box::CommandKind::program;
  else if (question.tool == "bash")
    facts.kind = box::CommandKind::shell;
  else if (std::ranges::find(kFileTools, question.tool) == kFileTools.end()) {
    denial.why = "this version of glovebox has no such tool";
    return denial;
  }
  const box::Filter& filter = active.filters.at(decision.profile->syscalls);
  const auto reports = active.reports.find(filter.digest);
  if (!settings.call_reports && reports != active.reports.end() && !reports->second.empty()) {
    denial.outcome = box::Outcome::setup_failed;
    denial.why = std::format(
        "the filter {} reports calls (`notify`), which this host cannot\n"
        "hint: {}",
        filter.name, box::kReportsRemedy);
    return denial;
  }
  facts.argv = question.program;
  facts.outputs = question.outputs;
  facts.host_workdir = question.workspace;
  facts.rule = denial.rule;
  facts.ids = question.ids;
  facts.time_limit = question.time_limit;
  facts.protected_paths = active.protected_paths;
  auto plan = box::make_plan(*decision.profile, facts, settings.host, view, filter);
  if (plan) return std::move(*plan);
  denial.outcome =
      plan.error().kind() == ErrorKind::denied ? box::Outcome::denied : box::Outcome::setup_failed;
  denial.why = plan.error().message();
  return denial;
}

}  // namespace glovebox::roles
