#include "box/setup.h"

#include <array>
#include <expected>
#include <format>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "box/box_network.h"
#include "box/guard_steps.h"
#include "box/identity_steps.h"
#include "box/landlock_steps.h"
#include "box/layer.h"
#include "box/mount_steps.h"
#include "box/process_steps.h"
#include "os/call_reports.h"
#include "os/limits.h"
#include "seccomp/bpf.h"

namespace glovebox::box {

namespace {

// Without seccomp.
struct SetupStep {
  std::string_view name;
  std::optional<Layer> layer;  // left out when the plan lacks it
  Result<void> (*act)(Site&);
  std::optional<Background> only = std::nullopt;  // left out in the other mode
};

constexpr std::array kSessionSteps = {
    // Still with the sight of the host, as the keeper's id.
    SetupStep{"make mounts private", Layer::mount_namespace, make_mounts_private},
    SetupStep{"open mount sources", Layer::mount_namespace, open_sources},
    // From here on as the session's id, with every capability of its own user namespace.
    SetupStep{"take the session's identity", Layer::identity, take_session_identity},
    SetupStep{"make the root", Layer::mount_namespace, make_root},
    SetupStep{"mount", Layer::mount_namespace, make_mounts},
    SetupStep{"change the root", Layer::mount_namespace, enter_root},
    SetupStep{"set the host name", Layer::uts_namespace, set_host_name},
    SetupStep{"bring loopback up", Layer::network_namespace, bring_loopback_up, Background::keep},
    SetupStep{"open the way to egress", Layer::network_namespace, open_way_out, Background::keep},
    SetupStep{"keep signals in the session", Layer::landlock, restrict_scopes, Background::keep},
    SetupStep{"close descriptors", Layer::descriptors, close_descriptors},
    SetupStep{"stay out of reach", std::nullopt, stay_out_of_reach},
};

constexpr std::array kCallSteps = {
    // Not of the session's first process, which the guest's could then outlive.
    SetupStep{"prefer for the oom killer", Layer::resource_limits, prefer_for_oom_killer},
    // With the session's rights over the namespaces that are the call's own.
    SetupStep{"guard", Layer::mount_namespace, protect_guarded},
    SetupStep{"mount", Layer::mount_namespace, make_fresh_mounts},
    SetupStep{"bring loopback up", Layer::network_namespace, bring_loopback_up, Background::kill},
    SetupStep{"open the way to egress", Layer::network_namespace, open_way_out, Background::kill},
    SetupStep{"start a session", std::nullopt, start_session},
    SetupStep{"new session keyring", Layer::keyring, new_keyring},
    // Round all calls of the session together, for the user namespace that comes next.
    SetupStep{"limit the session", Layer::resource_limits, limit_session, Background::keep},
    // From here on without any right over them.
    SetupStep{"enter the box's user namespace", Layer::own_user_namespace, enter_user_namespace},
    SetupStep{"forbid nested user namespaces", Layer::no_nested_namespaces, forbid_nesting},
    SetupStep{"close descriptors", Layer::descriptors, close_descriptors},
    SetupStep{"set resource limits", Layer::resource_limits, set_resource_limits},
    // On the third rung the ids change here, since mounts need the keeper's capabilities there.
    SetupStep{"take the box's identity", Layer::identity, take_plain_identity},
    SetupStep{"drop capabilities", Layer::capabilities, drop_capabilities},
    SetupStep{"stay out of reach", std::nullopt, stay_out_of_reach},
    SetupStep{"no new privileges", Layer::no_new_privileges, set_no_new_privileges},
    SetupStep{"enter the folder", std::nullopt, enter_folder},
    SetupStep{"landlock", Layer::landlock, restrict_files},
};

std::optional<std::string> build(Site& site, std::span<const SetupStep> steps) {
  for (const SetupStep& step : steps) {
    if (step.layer && !site.plan.layers.has(*step.layer)) continue;
    if (step.only && *step.only != site.plan.background) continue;
    site.step = step.name;
    if (auto done = step.act(site); !done) return failure_text(site.step, done.error());
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> build_session(Site& site) {
  return build(site, kSessionSteps);
}

std::optional<std::string> build_call(Site& site) {
  return build(site, kCallSteps);
}

std::string failure_text(std::string_view step, const Error& error) {
  return error.error_number() != 0 ? std::format("{}: {}", step, errno_name(error.error_number()))
                                   : std::format("{}: {}", step, error.message());
}

std::optional<std::string> limit_files(const BoxPlan& plan) {
  if (auto done = limit_open_files(plan); !done)
    return failure_text("limit open files", done.error());
  return std::nullopt;
}

std::expected<UniqueFd, std::string> load_filter(const BoxPlan& plan) {
  const auto without_listener = [&]() -> std::expected<UniqueFd, std::string> {
    if (auto failed = limit_files(plan)) return std::unexpected(*std::move(failed));
    if (!plan.layers.has(Layer::seccomp)) return UniqueFd();
    if (auto done = os::load_filter(plan.filter); !done)
      return std::unexpected(failure_text("seccomp", done.error()));
    return UniqueFd();
  };
  if (!plan.layers.has(Layer::seccomp)) return without_listener();
  const auto program = seccomp::from_bytes(plan.filter);
  if (!program) return std::unexpected(failure_text("seccomp", program.error()));
  if (!seccomp::notifies(*program)) return without_listener();
  auto listener = os::load_filter_with_listener(plan.filter);
  if (!listener) return std::unexpected(failure_text("seccomp", listener.error()));
  return *std::move(listener);
}

}  // namespace glovebox::box
