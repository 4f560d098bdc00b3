#include "roles/call_decision.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "policy/canonical.h"
#include "policy/check.h"
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
  const auto own = policy::mounts_of(*loaded.policy, settings.protected_paths);
  if (!own.empty()) return Error(ErrorKind::invalid, policy::to_text(own, loaded.files));
  ActivePolicy active;
  active.policy = std::move(*loaded.policy);
  std::map<std::string, std::string> digests;
  for (const std::string& named : filter_names(active.policy)) {
    seccomp::CompiledFilter filter = TRY_CONTEXT(compile(settings, named), named);
    digests.emplace(named, filter.digest);
    active.filters[named] = {std::move(filter.name), std::move(filter.program),
                             std::move(filter.digest)};
  }
  active.digest = TRY(policy::digest_of(
      active.policy, [&](const policy::Profile& profile) { return digests.at(profile.syscalls); }));
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
  facts.argv = question.program;
  facts.outputs = question.outputs;
  facts.host_workdir = question.workspace;
  facts.rule = denial.rule;
  facts.ids = question.ids;
  facts.time_limit = question.time_limit;
  facts.protected_paths = active.protected_paths;
  auto plan = box::make_plan(*decision.profile, facts, settings.host, view,
                             active.filters.at(decision.profile->syscalls));
  if (plan) return std::move(*plan);
  denial.outcome =
      plan.error().kind() == ErrorKind::denied ? box::Outcome::denied : box::Outcome::setup_failed;
  denial.why = plan.error().message();
  return denial;
}

}  // namespace glovebox::roles
