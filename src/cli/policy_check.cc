#include "cli/policy_check.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <string>
#include <utility>
#include <vector>

#include "base/exit_code.h"
#include "box/host.h"
#include "cli/message.h"
#include "codec/json.h"
#include "os/file.h"
#include "os/landlock.h"
#include "policy/check.h"
#include "policy/diagnostic.h"
#include "roles/call_decision.h"
#include "roles/policy_source.h"

namespace glovebox::cli {

namespace {

using box::HostCheck;
using codec::Json;
using codec::JsonArray;
using policy::Code;
using policy::Diagnostic;
using policy::Severity;

struct Judged {
  std::string file;
  std::string problem;  // the file could not be read, or a filter of it
  std::vector<Diagnostic> diagnostics;
  std::vector<policy::SourceFile> sources;
  std::vector<HostCheck> host;  // what the host lacks for this policy
  bool is_cap = false;          // it is no policy: it bounds others
  ExitCode code = ExitCode::done;
};

bool is_invalid(const Diagnostic& diagnostic) {
  return diagnostic.code == Code::beyond_cap || diagnostic.code == Code::audit_below_cap ||
         diagnostic.code == Code::no_floor || diagnostic.code == Code::forbidden_mount;
}

void add(std::vector<Diagnostic>& all, std::vector<Diagnostic> more) {
  std::ranges::move(more, std::back_inserter(all));
}

// What no box may show: the usual places, the files of the policy itself, this program.
std::vector<std::string> places_of(const roles::PolicyFiles& files) {
  std::vector<std::string> places(policy::usual_places().begin(), policy::usual_places().end());
  for (const std::string& path : files.paths)
    if (path.starts_with('/')) places.push_back(path);
  if (auto own = os::read_link_at(AT_FDCWD, "/proc/self/exe")) places.push_back(*std::move(own));
  return places;
}

std::vector<HostCheck> lacking(const policy::Policy& policy, const box::HostFacts& host) {
  std::vector<HostCheck> found;
  const bool walls = host.cgroups == box::CgroupMode::v1 || host.cgroups == box::CgroupMode::v2;
  for (const auto& [name, profile] : policy.profiles) {
    if (profile.landlock_abi > host.landlock_abi)
      found.push_back({std::format("profile {}", name), HostCheck::State::missing,
                       std::format("needs Landlock ABI {}, the kernel has {}", profile.landlock_abi,
                                   host.landlock_abi),
                       "a newer kernel, or a smaller `landlock` where that is acceptable"});
    const policy::Limits& limits = profile.limits;
    const bool demanded = limits.memory.enforce == policy::Enforce::wall ||
                          limits.cpu.enforce == policy::Enforce::wall ||
                          limits.pids.enforce == policy::Enforce::wall;
    if (demanded && !walls)
      found.push_back({std::format("profile {}", name), HostCheck::State::missing,
                       "demands walls for limits that this host can only watch",
                       "start it from a systemd unit with Delegate=yes, or as root"});
  }
  return found;
}

Judged unread(const std::string& file, const Error& error) {
  Judged judged;
  judged.file = file;
  judged.problem = error.message();
  judged.code = ExitCode::invalid_file;
  return judged;
}

Judged judge_cap(const std::string& file) {
  auto read = roles::read_cap_file(file);
  if (!read) return unread(file, read.error());
  Judged judged;
  judged.file = file;
  judged.is_cap = true;
  if (!read->loaded.cap) judged.code = ExitCode::invalid_file;
  judged.diagnostics = std::move(read->loaded.diagnostics);
  judged.sources = std::move(read->loaded.files);
  return judged;
}

Judged judge(const std::string& file, const PolicyCheckOptions& options,
             const Result<box::HostFacts>* host) {
  auto read = roles::read_policy_files(file);
  if (!read) return unread(file, read.error());
  if (policy::is_cap_file(read->loaded.files.front().text)) return judge_cap(file);
  Judged judged;
  judged.file = file;
  judged.diagnostics = std::move(read->loaded.diagnostics);
  if (read->loaded.policy) {
    const policy::Policy& policy = *read->loaded.policy;
    std::vector<Diagnostic>& all = judged.diagnostics;
    add(all, policy::check_policy(policy, read->tables, roles::profile_compare()));
    add(all, policy::nothing_holds(policy));
    add(all, policy::mounts_of(policy, places_of(*read)));
    std::vector<Diagnostic> later = policy::not_enforced(policy);
    // To be judged it need not run.
    for (Diagnostic& diagnostic : later) diagnostic.severity = Severity::note;
    add(all, std::move(later));
    if (const auto made = roles::try_filters(policy, read->filters); !made) {
      judged.problem = made.error().message();
      judged.code = ExitCode::invalid_file;
    }
    if (host != nullptr && *host) judged.host = lacking(policy, **host);
  } else {
    judged.code = ExitCode::invalid_file;
  }
  policy::sort_by_place(judged.diagnostics, read->loaded.files);
  for (Diagnostic& diagnostic : judged.diagnostics) {
    if (options.strictness == Strictness::strict && diagnostic.severity == Severity::warning)
      diagnostic.severity = Severity::error;
    if (diagnostic.severity != Severity::error) continue;
    const ExitCode code = is_invalid(diagnostic) ? ExitCode::invalid_file : ExitCode::negative;
    judged.code = std::max(judged.code, code);
  }
  if (!judged.host.empty()) judged.code = std::max(judged.code, ExitCode::negative);
  judged.sources = std::move(read->loaded.files);
  return judged;
}

std::string summary(const Judged& judged) {
  const auto count = [&](Severity severity) {
    return std::ranges::count(judged.diagnostics, severity, &Diagnostic::severity);
  };
  const auto errors = count(Severity::error), warnings = count(Severity::warning);
  if (errors == 0 && warnings == 0)
    return std::format("{}: good{}\n", judged.file, judged.is_cap ? ", a cap" : "");
  return std::format("{}: {} errors, {} warnings\n", judged.file, errors, warnings);
}

std::string host_text(const std::vector<HostCheck>& checks) {
  std::string text;
  for (const HostCheck& check : checks) {
    if (check.state == HostCheck::State::good) continue;
    text += std::format("host: {}: {}: {}\n",
                        check.state == HostCheck::State::missing ? "missing" : "weaker", check.name,
                        check.detail);
    if (!check.remedy.empty()) text += std::format("  hint: {}\n", check.remedy);
  }
  return text;
}

Json host_json(const std::vector<HostCheck>& checks) {
  JsonArray all;
  for (const HostCheck& check : checks)
    if (check.state != HostCheck::State::good)
      all.push_back(
          Json::object({{"name", check.name},
                        {"state", check.state == HostCheck::State::missing ? "missing" : "weaker"},
                        {"detail", check.detail},
                        {"remedy", check.remedy}}));
  return all;
}

Json to_json(const Diagnostic& diagnostic) {
  return Json::object({{"code", std::format("GB{:04}", static_cast<unsigned>(diagnostic.code))},
                       {"severity", policy::to_string(diagnostic.severity)},
                       {"file", diagnostic.origin.file},
                       {"line", diagnostic.origin.line},
                       {"column", diagnostic.origin.column},
                       {"width", diagnostic.width},
                       {"message", diagnostic.message},
                       {"hint", diagnostic.hint}});
}

Json to_json(const Judged& judged) {
  JsonArray diagnostics;
  for (const Diagnostic& diagnostic : judged.diagnostics)
    diagnostics.push_back(to_json(diagnostic));
  Json form = Json::object({{"file", judged.file},
                            {"kind", judged.is_cap ? "cap" : "policy"},
                            {"exit", to_int(judged.code)},
                            {"diagnostics", std::move(diagnostics)},
                            {"host", host_json(judged.host)}});
  if (!judged.problem.empty()) form.as_object()->set("problem", judged.problem);
  return form;
}

void print_text(const std::vector<Judged>& all, const std::vector<HostCheck>& host) {
  for (const Judged& judged : all) {
    if (!judged.problem.empty()) {
      print_error(judged.problem);
      continue;
    }
    print_out(policy::to_text(judged.diagnostics, judged.sources));
    print_out(host_text(judged.host));
    print_out(visible_lines(summary(judged)));
  }
  print_out(host_text(host));
}

void print_json(const std::vector<Judged>& all, const std::vector<HostCheck>& host) {
  JsonArray files;
  for (const Judged& judged : all) files.push_back(to_json(judged));
  const Json document = Json::object({{"files", std::move(files)}, {"host", host_json(host)}});
  print_out(ascii_json(codec::to_json(document)) + "\n");
}

}  // namespace

int run_policy_check(const PolicyCheckOptions& options) {
  std::optional<Result<box::HostFacts>> facts;
  std::vector<HostCheck> host;
  ExitCode code = ExitCode::done;
  if (options.with == CheckWith::host) {
    facts = box::probe_host();
    host = box::check_host();
    const bool missing = std::ranges::contains(host, HostCheck::State::missing, &HostCheck::state);
    if (missing || !*facts) code = ExitCode::negative;
  }
  std::vector<Judged> all;
  for (const std::string& file : options.files) {
    all.push_back(judge(file, options, facts ? &*facts : nullptr));
    code = std::max(code, all.back().code);
  }
  options.form == OutputForm::json ? print_json(all, host) : print_text(all, host);
  return to_int(code);
}

}  // namespace glovebox::cli
