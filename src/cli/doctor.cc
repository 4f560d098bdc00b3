#include "cli/doctor.h"

#include <fcntl.h>

#include <cstddef>
#include <format>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/exit_code.h"
#include "box/host.h"
#include "cli/doctor_checks.h"
#include "cli/egress_proof.h"
#include "cli/find_configuration.h"
#include "cli/message.h"
#include "cli/process_secrets.h"
#include "cli/single_call.h"
#include "codec/json.h"
#include "os/file.h"
#include "os/identity.h"
#include "roles/confinement.h"
#include "roles/policy_source.h"
#include "roles/supervisor.h"

namespace glovebox::cli {

namespace {

using box::HostCheck;
using codec::Json;
using codec::JsonArray;

constexpr int kStandardError = 2;
constexpr const char* kPolicy = "builtin:default";

std::string_view word(HostCheck::State state) {
  switch (state) {
    case HostCheck::State::good:
      return "good";
    case HostCheck::State::weaker:
      return "weaker";
    case HostCheck::State::missing:
      return "missing";
  }
  return "unknown";
}

// What each role gives up and what it keeps, from the table that the roles themselves use.
std::vector<HostCheck> role_checks(roles::StartedAs started, box::Rung rung) {
  std::vector<HostCheck> checks;
  for (roles::Role role : roles::kAllRoles) {
    const roles::Confinement& confinement = roles::confinement_of(role);
    HostCheck check{.name = std::format("role {}", roles::to_string(role))};
    check.detail = std::format(
        "filter {}, {} Landlock {}", confinement.filter,
        started == roles::StartedAs::root ? std::format("user {},", roles::user_of(role).uid)
                                          : std::string("own user,"),
        confinement.files == roles::FileWall::granted_only ? "files and scopes" : "scopes");
    const auto kept = roles::kept_capabilities(role, started, rung);
    check.detail += kept.empty() ? ", no capability" : ", keeps capabilities";
    for (os::Capability capability : kept)
      check.detail += std::format(" {}", static_cast<unsigned>(capability));
    checks.push_back(std::move(check));
  }
  return checks;
}

HostCheck run_one_box(roles::PolicySource policy) {
  HostCheck check{.name = "one real call", .state = HostCheck::State::missing};
  SystemRandom random;
  const SystemClock clock;
  const Log log(kStandardError, "doctor", LogLevel::error);
  auto nothing = os::open_path("/dev/null", O_RDWR);
  auto single = SingleCall::start({.policy = std::move(policy),
                                   .state = {},
                                   .workdir = {},
                                   .session = {},
                                   .environment = "local",
                                   .agent = "local"},
                                  clock, log, random);
  if (!single || !nothing) {
    check.detail = single ? nothing.error().message() : single.error().message;
    return check;
  }
  CallOrder order;
  order.call = "doctor";
  order.tool = "bash";
  order.program = {"/bin/true"};
  order.stdio.fill(nothing->get());
  std::vector<OutputRelay> none;
  const auto done = (*single)->run(order, none);
  if (!done) {
    check.detail = done.error().message;
    return check;
  }
  check.detail = std::format("{} in {} us: {}", done->outcome, done->wall_us,
                             done->detail.empty() ? done->rule : done->detail);
  if (done->outcome == "finished" && done->status == 0) check.state = HostCheck::State::good;
  if (done->outcome == "denied") {
    check.state = HostCheck::State::weaker;
    check.remedy = "the policy binds no bash for environment and agent `local`";
  }
  if (auto finished = (*single)->finish(); !finished) {
    check.state = HostCheck::State::missing;
    check.detail = finished.error().message;
  }
  return check;
}

std::string temporary_folder() {
  const std::string named = variable("TMPDIR");
  return named.starts_with('/') ? named : "/tmp";
}

HostCheck check_egress() {
  HostCheck check{.name = "egress", .state = HostCheck::State::missing};
  const auto report = prove_egress(temporary_folder());
  if (!report) {
    check.detail = report.error().message;
  } else if (const auto why = why_not_proved(*report)) {
    check.detail = *why;
    check.remedy = "glovebox doctor egress tells all of it";
  } else {
    check.state = HostCheck::State::good;
    check.detail = proof_summary(*report);
  }
  return check;
}

int doctor_egress(const DoctorOptions& options, const policy::Policy& policy) {
  if (!roles::has_egress_rule(policy))
    print_note("this policy opens nothing; what it would take is tried all the same");
  const auto report = prove_egress(temporary_folder());
  if (!report) return to_int(fail(report.error().code, report.error().message));
  const std::string text = proof_text(*report, options.form);
  print_out(options.form == OutputForm::json ? text : visible_lines(text));
  const auto why = why_not_proved(*report);
  return to_int(why ? fail(ExitCode::host_lacks, "egress: " + *why) : ExitCode::done);
}

void print(const std::vector<HostCheck>& checks, OutputForm form) {
  if (form == OutputForm::json) {
    JsonArray list;
    for (const HostCheck& check : checks)
      list.push_back(Json::object({{"name", check.name},
                                   {"state", word(check.state)},
                                   {"detail", check.detail},
                                   {"remedy", check.remedy}}));
    print_out(codec::to_json(Json::object({{"checks", std::move(list)}})) + "\n");
    return;
  }
  for (const HostCheck& check : checks) {
    print_out(visible_lines(
        std::format("{:<8} {:<22} {}\n", word(check.state), check.name, check.detail)));
    if (!check.remedy.empty())
      print_out(visible_lines(std::format("         hint: {}\n", check.remedy)));
  }
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  const auto configuration = find_configuration(options.config);
  if (!configuration)
    return to_int(fail(configuration.error().code, configuration.error().message));
  auto policy =
      roles::read_policy(options.policy.value_or(configuration->policy.value_or(kPolicy)));
  if (!policy) return to_int(fail(ExitCode::unconfigured, policy.error().message()));
  if (options.what == DoctorOptions::What::egress) return doctor_egress(options, policy->policy);
  const auto started = os::effective_uid() == 0 ? roles::StartedAs::root : roles::StartedAs::user;
  std::vector<HostCheck> checks = box::check_host();
  for (HostCheck& check : check_folders(options, *configuration, started))
    checks.push_back(std::move(check));
  const auto host = box::probe_host();
  const std::size_t of_host = checks.size();
  for (HostCheck& check : check_control_plane(*configuration, started))
    checks.push_back(std::move(check));
  const std::size_t of_control_plane = checks.size();
  if (host) {
    for (HostCheck& check : role_checks(started, host->rung)) checks.push_back(std::move(check));
    if (roles::has_egress_rule(policy->policy)) checks.push_back(check_egress());
    // Last: from here on this process is a supervisor.
    checks.push_back(run_one_box(std::move(*policy)));
  }
  print(checks, options.form);
  // What the host lacks comes before what it cannot reach.
  std::optional<ExitCode> code;
  const HostCheck* first = nullptr;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].state != HostCheck::State::missing) continue;
    const bool outside = i >= of_host && i < of_control_plane;
    if (code && (outside || *code != ExitCode::unreachable)) continue;
    code = outside ? ExitCode::unreachable : ExitCode::host_lacks;
    first = &checks[i];
  }
  if (!code) return to_int(ExitCode::done);
  return to_int(fail(*code, std::format("{}: {}", first->name, first->detail)));
}

}  // namespace glovebox::cli
