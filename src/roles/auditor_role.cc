#include "roles/auditor_role.h"

#include <fcntl.h>

#include <string>
#include <utility>

#include "audit/auditor.h"
#include "audit/call_index.h"
#include "audit/log_file.h"
#include "audit/mask.h"
#include "audit/policy_archive.h"
#include "base/clock.h"
#include "base/log.h"
#include "codec/uuid.h"
#include "os/file.h"
#include "os/landlock.h"
#include "roles/auditor.h"
#include "roles/known_secrets.h"
#include "roles/log_space.h"

namespace glovebox::roles {

namespace {

constexpr int kStandardError = 2;

// What the auditor does in its folder: appends, and replaces small files. No folders, no links.
constexpr std::uint64_t kLogRights = os::file_right::read_file | os::file_right::write_file |
                                     os::file_right::read_folder | os::file_right::make_regular |
                                     os::file_right::remove_file | os::file_right::truncate;

struct OpenLog {
  audit::LogFile log;
  audit::PolicyArchive policies;
};

Result<OpenLog> open_log(const RoleStart& start, audit::CallIndex& calls,
                         audit::PolicyRegister& policies, Random& random) {
  const std::string* directory = start.settings.get_string("directory");
  const std::string* origin = start.settings.get_string("origin");
  if (directory == nullptr || origin == nullptr)
    return Error(ErrorKind::protocol, "auditor settings");
  TRY(take_identity(Role::auditor, start.started, start.rung));
  audit::LogFile log = TRY_CONTEXT(
      audit::LogFile::open(*directory, *origin, random,
                           [&](std::uint64_t index, const audit::Record& record) {
                             policies.note(index, record.kind, *record.json.as_object());
                             return audit::index_record(calls, record);
                           }),
      *directory);
  auto archive = TRY(audit::PolicyArchive::open(*directory, policies));
  const UniqueFd folder = TRY(os::open_path(*directory, O_PATH | O_DIRECTORY));
  const FileGrant grants[] = {{folder.get(), kLogRights}};
  TRY(lock_down(Role::auditor, grants));
  return OpenLog{std::move(log), std::move(archive)};
}

}  // namespace

int run_auditor_role(RoleStart start) {
  const Log log(kStandardError, "auditor", start.log_level, start.log_format);
  SystemRandom random;
  const SystemClock clock;
  audit::CallIndex calls(random);
  audit::PolicyRegister policies;
  auto opened = open_log(start, calls, policies, random);
  if (!opened) {
    const ExitCode code = exit_code_of_log(opened.error());
    send_fatal(start.supervisor, code, opened.error().message());
    return to_int(code);
  }
  audit::LogFile& store = opened->log;
  audit::Masker masker;
  KnownSecrets secrets(masker, random, log);
  if (auto taken = secrets.take(codec::Json::object(), std::move(start.secrets)); !taken) {
    send_fatal(start.supervisor, ExitCode::unconfigured, taken.error().message());
    return to_int(ExitCode::unconfigured);
  }
  audit::Auditor auditor(store, calls, masker, clock, codec::uuid4(random));
  codec::JsonObject boot;
  boot.set("version", GLOVEBOX_VERSION);
  if (auto names = secrets.unmasked(); !names.empty()) boot.set("unmasked", std::move(names));
  if (auto ready = send_ready(start.supervisor); !ready) return to_int(ExitCode::bug);
  return to_int(run_auditor({.auditor = auditor,
                             .store = store,
                             .folder = store.folder(),
                             .recovered = store.recovered(),
                             .boot = std::move(boot),
                             .clock = clock,
                             .log = log,
                             .has_space = [&store] { return has_log_space(store.folder()); },
                             .policies = &opened->policies,
                             .secrets = &secrets},
                            std::move(start.supervisor), std::move(start.peers)));
}

}  // namespace glovebox::roles
