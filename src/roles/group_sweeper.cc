#include "roles/group_sweeper.h"

#include <fcntl.h>

#include <string>
#include <utility>
#include <vector>

#include "os/file.h"
#include "os/identity.h"
#include "os/landlock.h"
#include "os/limits.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

namespace {

// Roles and boxes die with the supervisor, but not in the same instant.
constexpr int kAttempts = 250;
constexpr milliseconds kBetween{20};

Result<void> confine(const box::GroupPlaces& groups, int alive) {
  TRY(os::new_session());  // a Ctrl-C ends the others first
  const UniqueFd null = TRY(os::open_path("/dev/null", O_RDWR));
  for (int number = 0; number < 3; ++number) TRY(os::place_fd(null.get(), number));
  TRY(os::close_others({alive}));
  TRY(os::set_not_dumpable());
  TRY(os::keep_only({os::Capability::dac_override}));
  TRY(os::set_no_new_privileges());
  const os::Landlock landlock = TRY(os::Landlock::make(os::landlock_abi(), {}));
  for (const std::string& path : {groups.memory, groups.pids}) {
    if (path.empty()) continue;
    const UniqueFd parent =
        TRY(os::open_path(path.substr(0, path.rfind('/')), O_PATH | O_DIRECTORY));
    TRY(landlock.allow(parent.get(), os::file_right::read_folder | os::file_right::remove_folder |
                                         os::file_right::write_file));
  }
  TRY(landlock.restrict_self());
  return os::load_filter(TRY(seccomp::compile_builtin("role-auditor")).program);
}

int sweep(const box::GroupPlaces& groups, int alive) {
  // Unconfined it does nothing at all: the next start on the state folder finds the groups.
  if (!confine(groups, alive)) return 1;
  char byte = 0;
  (void)os::read_some(alive, &byte, 1);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (box::remove_group(groups)) return 0;
    std::vector<os::Poll> nothing;
    (void)os::poll_fds(nothing, kBetween);
  }
  return 1;
}

}  // namespace

Result<GroupSweeper> GroupSweeper::start(const box::GroupPlaces& groups) {
  os::Pipe pipe = TRY(os::make_pipe());
  os::Process process = TRY(os::fork_into(0, [&] {
    pipe.writer.reset();
    return sweep(groups, pipe.reader.get());
  }));
  return GroupSweeper(std::move(pipe.writer), std::move(process));
}

GroupSweeper::~GroupSweeper() {
  if (!process_.running()) return;
  alive_.reset();
  (void)process_.reap(os::Process::Wait::yes);
}

}  // namespace glovebox::roles
