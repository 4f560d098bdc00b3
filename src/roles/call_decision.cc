#include "roles/call_decision.h"

#include <algorithm>
#include <array>
#include <format>
#include <set>
#include <utility>

#include "box/reports_remedy.h"
#include "codec/digest.h"
#include "egress/rules.h"
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

std::vector<seccomp::DeniedCall> denied_calls(const policy::Profile& profile) {
  std::vector<seccomp::DeniedCall> denied;
  for (const auto& [name, origin] : profile.deny.syscalls)
    denied.push_back({name, policy::to_string(origin)});
  // The same program, whatever the order.
  std::ranges::sort(denied, {}, &seccomp::DeniedCall::name);
  const auto same = std::ranges::unique(denied, {}, &seccomp::DeniedCall::name);
  denied.erase(same.begin(), same.end());
  return denied;
}

// Of the operator's filter; built-in ones have none of their own.
Result<std::string> filter_text(std::span<const FilterSource> filters, const std::string& named) {
  if (is_builtin(named)) return std::string();
  const auto at = std::ranges::find(filters, named, &FilterSource::name);
  if (at != filters.end()) return at->text;
  return Error(ErrorKind::invalid, std::format("the text of filter {} is missing", named));
}

struct CompiledFilter {
  box::Filter filter;
  std::vector<seccomp::ReportingRule> reports;
};

CompiledFilter known_filter(const ActivePolicy& known, const std::string& key) {
  const box::Filter& filter = known.filters.at(key);
  return {filter, known.reports.at(filter.digest)};
}

Result<CompiledFilter> compile(const policy::Profile& profile, const std::string& text) {
  const std::string& named = profile.syscalls;
  const auto denied = denied_calls(profile);
  seccomp::CompiledFilter filter =
      TRY(is_builtin(named) ? seccomp::compile_builtin(builtin_name(named), denied)
                            : seccomp::compile_file(named, text, denied));
  return CompiledFilter{
      {std::move(filter.name), std::move(filter.program), std::move(filter.digest)},
      std::move(filter.reports)};
}

// The cap's and those of other days are no profile's of any turn.
std::string digest_in(const BoxerSettings& settings, const ActivePolicy& active,
                      const policy::Profile& profile) {
  const auto at = active.filters.find(filter_key(profile));
  if (at != active.filters.end()) return at->second.digest;
  const auto text = filter_text(settings.filters, profile.syscalls);
  const auto made = text ? compile(profile, *text) : Result<CompiledFilter>(text.error());
  return made ? made->filter.digest : std::string();
}

// Whoever reads a policy refuses one that is unusable. Boxes are planned from what is made here, so
// that it is not believed: on every day, whoever gave the texts, also a policy that was kept by
// another version.
Result<void> refuse_unusable(const PolicyFiles& files, const PolicyCalendar& calendar) {
  const auto refuse = [&](const std::vector<policy::Diagnostic>& problems) -> Result<void> {
    if (problems.empty()) return {};
    return Error(ErrorKind::denied, policy::to_text(problems, files.loaded.files));
  };
  const auto& turns = calendar.turns();
  TRY(refuse(unusable(turns.front(), files.tables)));
  for (std::size_t later = 1; later < turns.size(); ++later)
    TRY(refuse(policy::beyond_cap(turns[later], files.tables, profile_compare())));
  return {};
}

// Without a rule, and without anybody who would see what is tried, a box has loopback alone.
Result<void> add_way_out(ActivePolicy& active, const policy::Policy& turn,
                         const policy::Profile& profile, const BoxerSettings& settings) {
  if (profile.egress.empty() && !settings.watched) return {};
  std::optional<policy::Profile> cap;
  if (turn.cap) cap = policy::bound_for(turn, profile);
  const egress::EgressRules rules(profile, cap, turn.secrets);
  const bool inspects = std::ranges::any_of(profile.egress, [](const policy::EgressRule& rule) {
    return rule.mode == policy::EgressMode::inspect;
  });
  std::string bytes = rules.encode();
  box::EgressPlan plan{TRY(rules.ports(policy::kMostEgressPorts)), codec::sha256(bytes).hex(),
                       inspects ? settings.trust : std::string()};
  active.egress_rules.emplace(plan.rules, std::move(bytes));
  active.ways_out.emplace(&profile, std::move(plan));
  return {};
}

}  // namespace

std::string filter_key(const policy::Profile& profile) {
  std::string key = profile.syscalls;
  for (const seccomp::DeniedCall& call : denied_calls(profile)) key += " -" + call.name;
  return key;
}

Result<void> try_filters(const policy::Policy& policy, std::span<const FilterSource> filters) {
  for (const FilterSource& filter : filters)
    TRY_CONTEXT(seccomp::compile_file(filter.name, filter.text), filter.name);
  std::set<std::string> tried;
  for (const auto& [name, profile] : policy.profiles) {
    if (profile.deny.syscalls.empty() || !tried.insert(filter_key(profile)).second) continue;
    TRY_CONTEXT(compile(profile, TRY(filter_text(filters, profile.syscalls))), profile.syscalls);
  }
  return {};
}

Result<ActivePolicy> activate_policy(const BoxerSettings& settings, policy::Day today,
                                     const ActivePolicy* known) {
  std::vector<policy::SourceFile> texts;
  for (const auto* list : {&settings.policy_files, &settings.filters})
    for (const FilterSource& file : *list) texts.push_back({file.name, file.text});
  const PolicyFiles files = TRY(judge_policy_text(settings.policy_file, settings.policy_text,
                                                  policy::read_from(std::move(texts)), today));
  const policy::Loaded& loaded = files.loaded;
  if (!loaded.policy) return Error(ErrorKind::invalid, policy::to_text(loaded));
  const auto own = policy::mounts_of(*loaded.policy, settings.protected_paths);
  if (!own.empty()) return Error(ErrorKind::invalid, policy::to_text(own, loaded.files));
  ActivePolicy active{
      .calendar = TRY(PolicyCalendar::make(*loaded.policy, today)),
      .filters = {},
      .filter_texts = {},
      .ways_out = {},
      .egress_rules = {},
      .reports = {},
      .digest = {},
      .protected_paths = settings.protected_paths,
  };
  TRY(refuse_unusable(files, active.calendar));
  for (const policy::Policy& turn : active.calendar.turns()) {
    for (const auto& [name, profile] : turn.profiles) {
      TRY(add_way_out(active, turn, profile, settings));
      const std::string key = filter_key(profile);
      if (active.filters.contains(key)) continue;
      std::string text = TRY(filter_text(settings.filters, profile.syscalls));
      const bool is_known =
          known != nullptr && known->filters.contains(key) && known->filter_texts.at(key) == text;
      CompiledFilter made = is_known ? known_filter(*known, key)
                                     : TRY_CONTEXT(compile(profile, text), profile.syscalls);
      active.reports[made.filter.digest] = std::move(made.reports);
      active.filters[key] = std::move(made.filter);
      active.filter_texts[key] = std::move(text);
    }
  }
  active.digest = TRY(policy::digest_of(*loaded.policy, [&](const policy::Profile& profile) {
    return digest_in(settings, active, profile);
  }));
  if (!settings.policy_digest.empty() && settings.policy_digest != active.digest)
    return Error(ErrorKind::conflict,
                 std::format("this is policy {}, not {}", active.digest, settings.policy_digest));
  return active;
}

policy::AuditLevel audit_level(const policy::Policy& policy, std::string_view profile) {
  const auto named = policy.profiles.find(std::string(profile));
  if (named != policy.profiles.end()) return named->second.audit.level;
  auto least = policy::AuditLevel::args_output;
  for (const auto& [name, known] : policy.profiles) least = std::min(least, known.audit.level);
  return least;
}

CallMode mode_of(std::string_view tool) {
  return std::ranges::find(kReaders, tool) != kReaders.end() ? CallMode::reads : CallMode::writes;
}

CallDecision decide_call(const ActivePolicy& active, const BoxerSettings& settings,
                         const box::HostView& view, const CallQuestion& question) {
  const policy::Decision decision =
      active.calendar.on(question.day).decide(question.environment, question.agent, question.tool);
  Denial denial;
  denial.rule = policy::to_string(decision.rule);
  if (decision.profile == nullptr) {
    denial.why = decision.reason;
    return denial;
  }
  denial.profile = decision.profile->name;
  for (const policy::Approval& approval : decision.profile->approvals) {
    if (!policy::matches(approval.tool, question.tool)) continue;
    denial.rule = policy::to_string(approval.origin);
    denial.why =
        std::format("needs the approval of {}, which this version cannot ask for", approval.by);
    return denial;
  }
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
  const box::Filter& filter = active.filters.at(filter_key(*decision.profile));
  const auto reports = active.reports.find(filter.digest);
  if (!settings.call_reports && reports != active.reports.end() && !reports->second.empty()) {
    denial.outcome = box::Outcome::setup_failed;
    denial.why = std::format(
        "the filter {} reports calls (`notify`), which this host cannot\n"
        "hint: {}",
        filter.name, box::kReportsRemedy);
    return denial;
  }
  if (const auto way = active.ways_out.find(decision.profile); way != active.ways_out.end())
    facts.egress = way->second;
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
