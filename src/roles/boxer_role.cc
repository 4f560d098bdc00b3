#include "roles/boxer_role.h"

#include <fcntl.h>

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "box/host_view.h"
#include "os/file.h"
#include "os/process.h"
#include "roles/boxer.h"
#include "roles/boxer_settings.h"
#include "roles/call_decision.h"
#include "roles/workspaces.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

namespace {

constexpr int kStandardError = 2;

// What has to exist before the loop, in the order in which it is made.
struct Opened {
  BoxerSettings settings;
  ActivePolicy active;
  UniqueFd executable;
  std::string keeper_filter;
  UniqueFd sessions;
  Workspaces workspaces;
};

Result<Opened> open_all(const RoleStart& start) {
  BoxerSettings settings = TRY(BoxerSettings::from_json(start.settings));
  // By us, not by root: what the boxer may read is what it can read.
  TRY(take_identity(Role::boxer, start.started, start.rung));
  ActivePolicy active = TRY(activate_policy(settings, day_of(SystemClock().wall())));
  UniqueFd executable = TRY(os::open_own_executable());
  auto keeper_filter = TRY(seccomp::compile_builtin("role-keeper"));
  UniqueFd sessions = TRY_CONTEXT(
      os::open_path(settings.sessions, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), settings.sessions);
  Workspaces workspaces = TRY(Workspaces::open(settings));
  TRY(lock_down(Role::boxer, {}));
  return Opened{std::move(settings),   std::move(active),
                std::move(executable), std::move(keeper_filter.program),
                std::move(sessions),   std::move(workspaces)};
}

}  // namespace

int run_boxer(RoleStart start) {
  const Log log(kStandardError, "boxer", start.log_level, start.log_format);
  auto opened = open_all(start);
  if (!opened) {
    const ExitCode code = exit_code_for(opened.error());
    send_fatal(start.supervisor, code, opened.error().message());
    return to_int(code);
  }
  const box::KernelHostView view;
  const SystemClock clock;
  Boxer boxer({.settings = opened->settings,
               .view = view,
               .workspaces = opened->workspaces,
               .started = start.started,
               .sessions_fd = opened->sessions.get(),
               .executable = opened->executable.get(),
               .clock = clock,
               .keeper_filter = opened->keeper_filter,
               .log = log},
              std::move(opened->active));
  if (auto ready = send_ready(start.supervisor); !ready) return to_int(ExitCode::bug);
  const auto served = boxer.serve(std::move(start));
  // A supervisor that is gone needs no answer; its other roles end the same way.
  if (!served && served.error().kind() != ErrorKind::closed) {
    log.error("the boxer gives up", {{"why", served.error().message()}});
    return to_int(ExitCode::bug);
  }
  return to_int(ExitCode::done);
}

}  // namespace glovebox::roles
