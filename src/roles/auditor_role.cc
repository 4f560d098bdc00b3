#include "roles/auditor_role.h"

#include <fcntl.h>

#include <string>
#include <utility>

#include "audit/auditor.h"
#include "audit/mask.h"
#include "audit/policy_archive.h"
#include "audit/record.h"
#include "audit/record_rules.h"
#include "audit/tree_log.h"
#include "base/clock.h"
#include "base/log.h"
#include "codec/uuid.h"
#include "os/file.h"
#include "os/landlock.h"
#include "os/positioned_io.h"
#include "roles/auditor.h"
#include "roles/known_secrets.h"
#include "roles/log_space.h"

namespace glovebox::roles {

namespace {

constexpr int kStandardError = 2;

// What the auditor does in its folder: writes segments and tiles, replaces small files. No links.
constexpr std::uint64_t kLogRights = os::file_right::read_file | os::file_right::write_file |
                                     os::file_right::read_folder | os::file_right::make_regular |
                                     os::file_right::make_folder | os::file_right::remove_file |
                                     os::file_right::remove_folder | os::file_right::truncate;

struct OpenLog {
  audit::TreeLog log;
  audit::PolicyArchive policies;
};

// Of the few kinds that may speak of a policy, the members are wanted.
Result<void> note_policy(audit::PolicyRegister& policies, const audit::StoredRecord& stored,
                         audit::RecordKind kind) {
  if (!audit::PolicyRegister::may_concern(kind)) return {};
  const audit::Record record = TRY(audit::parse_record(stored.bytes));
  policies.note(stored.index, kind, *record.json.as_object());
  return {};
}

Result<audit::LogPlace> log_place(const codec::Json& settings) {
  const std::string* directory = settings.get_string("directory");
  const std::string* origin = settings.get_string("origin");
  const codec::Json* reserve = settings.get("reserve");
  const auto bytes = reserve == nullptr ? std::nullopt : reserve->as_int();
  if (directory == nullptr || origin == nullptr || !bytes || *bytes < 0)
    return Error(ErrorKind::protocol, "auditor settings");
  return audit::LogPlace{.directory = *directory,
                         .origin = *origin,
                         .sizes = TRY(audit::WalSizes::for_reserve(
                             static_cast<std::uint64_t>(*bytes), os::page_size()))};
}

Result<OpenLog> open_log(const RoleStart& start, audit::RecordRules& rules,
                         audit::PolicyRegister& policies, const Clock& clock, Random& random) {
  const audit::LogPlace place = TRY(log_place(start.settings));
  const std::string& directory = place.directory;
  TRY(take_identity(Role::auditor, start.started, start.rung));
  audit::TreeLog log =
      TRY_CONTEXT(audit::TreeLog::open(
                      place, rules,
                      [&](const audit::StoredRecord& stored, audit::RecordKind kind) {
                        return note_policy(policies, stored, kind);
                      },
                      clock, random),
                  directory);
  auto archive = TRY(audit::PolicyArchive::open(directory, policies));
  const UniqueFd folder = TRY(os::open_path(directory, O_PATH | O_DIRECTORY));
  const FileGrant grants[] = {{folder.get(), kLogRights}};
  TRY(lock_down(Role::auditor, grants));
  return OpenLog{std::move(log), std::move(archive)};
}

}  // namespace

int run_auditor_role(RoleStart start) {
  const Log log(kStandardError, "auditor", start.log_level, start.log_format);
  SystemRandom random;
  const SystemClock clock;
  audit::RecordRules rules(random);
  audit::PolicyRegister policies;
  auto opened = open_log(start, rules, policies, clock, random);
  if (!opened) {
    const ExitCode code = exit_code_of_log(opened.error());
    send_fatal(start.supervisor, code, opened.error().message());
    return to_int(code);
  }
  audit::TreeLog& store = opened->log;
  audit::Masker masker;
  KnownSecrets secrets(masker, random, log);
  if (auto taken = secrets.take(codec::Json::object(), std::move(start.secrets)); !taken) {
    send_fatal(start.supervisor, ExitCode::unconfigured, taken.error().message());
    return to_int(ExitCode::unconfigured);
  }
  audit::Auditor auditor(store, rules, masker, clock, random, codec::uuid4(random));
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
