#include "roles/state_folder.h"

#include <fcntl.h>

#include <format>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"
#include "policy/normal_path.h"

namespace glovebox::roles {

namespace {

constexpr unsigned kPrivate = 0700, kSearchable = 0711, kLockMode = 0600;
constexpr std::size_t kMaxLock = 64;
constexpr std::size_t kMaxEntries = 64;

// Where an open folder really is.
Result<std::string> real_path(int fd) {
  const UniqueFd links = TRY(os::open_path("/proc/self/fd", O_PATH | O_DIRECTORY));
  return os::read_link_at(links.get(), std::to_string(fd));
}

Result<UniqueFd> open_folder(int parent, const std::string& name) {
  return os::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

Result<void> give(int fd, Role role, StartedAs started, unsigned mode) {
  if (started == StartedAs::root) {
    const RoleUser user = user_of(role);
    TRY(os::change_owner(fd, user.uid, user.gid));
  }
  return os::change_mode(fd, mode);
}

struct Part {
  const char* name;
  Role owner;
  unsigned mode_as_root;
};
constexpr Part kParts[] = {{"audit", Role::auditor, kPrivate},
                           {"sessions", Role::boxer, kSearchable},
                           {"work", Role::boxer, kSearchable},
                           {"egress", Role::egress, kSearchable},
                           {"run", Role::supervisor, kSearchable}};

Result<void> refuse_foreign(int fd, const std::string& path) {
  std::set<std::string> known = {"lock"};
  for (const Part& part : kParts) known.insert(part.name);
  for (const os::FolderEntry& entry : TRY(os::list_folder(fd, kMaxEntries)))
    if (!known.contains(entry.name))
      return Error(ErrorKind::denied,
                   std::format("{} is not a state folder of glovebox: it has {} in it\n"
                               "hint: name an empty folder, or one that does not exist yet",
                               path, escape_for_terminal(entry.name)));
  return {};
}

Result<UniqueFd> take_lock(int folder, const std::string& path) {
  UniqueFd lock = TRY(
      os::open_at(folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, os::Resolve::anywhere, kLockMode));
  if (auto locked = os::lock_exclusive(lock.get()); !locked) {
    if (locked.error().kind() != ErrorKind::conflict) return std::move(locked).error();
    const auto holder = os::read_at(lock.get(), 0, kMaxLock);
    return Error(
        ErrorKind::conflict,
        std::format("{} is in use by process {}", path,
                    holder && !holder->empty() ? escape_for_terminal(*holder) : "unknown"));
  }
  TRY(os::truncate(lock.get(), 0));
  TRY(os::seek_start(lock.get()));
  TRY(os::write_all(lock.get(), std::to_string(os::own_pid())));
  return lock;
}

Result<UniqueFd> make_part(int folder, const Part& part, StartedAs started) {
  if (auto made = os::make_folder(folder, part.name, kPrivate);
      !made && made.error().kind() != ErrorKind::exists)
    return std::move(made).error();
  UniqueFd fd = TRY(open_folder(folder, part.name));
  const unsigned mode = started == StartedAs::root ? part.mode_as_root : kPrivate;
  TRY_CONTEXT(give(fd.get(), part.owner, started, mode), part.name);
  return fd;
}

Result<void> make_parents(const std::string& path) {
  for (auto slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const auto made = os::make_folder(AT_FDCWD, path.substr(0, slash), 0755);
    if (!made && made.error().kind() != ErrorKind::exists &&
        !os::open_path(path.substr(0, slash), O_PATH | O_DIRECTORY))
      return Error(made.error()).with_context(path.substr(0, slash));
  }
  return {};
}

}  // namespace

Result<void> check_reachable(const std::string& path) {
  for (auto slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if ((TRY_CONTEXT(os::facts_of_path(above), above).mode & 0001) == 0)
      return Error(ErrorKind::denied,
                   std::format("{} lies below {}, which glovebox's own users cannot search\n"
                               "hint: chmod o+x {}, or use another folder",
                               path, above, above));
  }
  return {};
}

Result<StateFolder> StateFolder::open(const std::string& path, StartedAs started) {
  TRY(make_parents(path));
  if (auto made = os::make_folder(AT_FDCWD, path, kPrivate);
      !made && made.error().kind() != ErrorKind::exists)
    return std::move(made).error().with_context(path);
  const UniqueFd folder = TRY_CONTEXT(os::open_path(path, O_RDONLY | O_DIRECTORY), path);
  const std::string real = TRY(real_path(folder.get()));
  TRY(refuse_foreign(folder.get(), real));
  const os::FileFacts facts = TRY(os::facts_of(folder.get()));
  const RoleUser own = user_of(Role::supervisor);
  const bool ours = started == StartedAs::root ? facts.uid == 0 || facts.uid == own.uid
                                               : facts.uid == os::effective_uid();
  if (!ours) return Error(ErrorKind::denied, std::format("{} belongs to user {}", real, facts.uid));
  if (started == StartedAs::root) TRY(check_reachable(real));
  UniqueFd lock = TRY(take_lock(folder.get(), real));
  for (const Part& part : kParts) TRY(make_part(folder.get(), part, started));
  TRY(give(folder.get(), Role::supervisor, started,
           started == StartedAs::root ? kSearchable : kPrivate));
  return StateFolder(real, std::move(lock));
}

Result<StateFolder> StateFolder::make_fresh(const std::string& parent, StartedAs started,
                                            Random& random) {
  constexpr std::size_t kNameBytes = 8;
  const std::string path = std::format("{}/glovebox-{}", parent, random.hex(kNameBytes));
  // Must not exist: nobody may have prepared it.
  TRY_CONTEXT(os::make_folder(AT_FDCWD, path, kPrivate), path);
  return open(path, started);
}

Result<std::string> default_state_folder(StartedAs started, std::string_view xdg_state_home,
                                         std::string_view home) {
  if (started == StartedAs::root) return std::string("/var/lib/glovebox");
  if (xdg_state_home.starts_with('/')) return std::format("{}/glovebox", xdg_state_home);
  if (home.starts_with('/')) return std::format("{}/.local/state/glovebox", home);
  return Error(ErrorKind::not_found,
               "neither --state, XDG_STATE_HOME nor HOME says where the "
               "state folder is");
}

Result<void> check_work_name(const std::string& path) {
  for (const std::string_view place : {"/proc", "/dev/fd", "/sys"}) {
    if (policy::is_below(path, place))
      return Error(ErrorKind::denied, std::format("{}: no workspace lies in {}", path, place));
  }
  return {};
}

Result<std::string> real_folder(const std::string& path) {
  const UniqueFd folder = TRY_CONTEXT(os::open_path(path, O_PATH | O_DIRECTORY), path);
  return real_path(folder.get());
}

namespace {

// Belongs to the role, or is empty and is given to it.
Result<void> hand_over(int folder, const std::string& real, Role role, unsigned mode) {
  TRY(check_reachable(real));
  if (TRY(os::facts_of(folder)).uid == user_of(role).uid) return {};
  const auto entries = os::list_folder(folder, 1);
  if (!entries || !entries->empty())
    return Error(ErrorKind::denied,
                 std::format("{} is not empty and does not belong to glovebox (user {})\n"
                             "hint: name an empty folder",
                             real, user_of(role).uid));
  return give(folder, role, StartedAs::root, mode);
}

}  // namespace

Result<std::string> prepare_work_folder(const std::string& path, StartedAs started) {
  TRY(check_work_name(path));
  const UniqueFd folder = TRY_CONTEXT(os::open_path(path, O_RDONLY | O_DIRECTORY), path);
  std::string real = TRY(real_path(folder.get()));
  if (started == StartedAs::root) TRY(hand_over(folder.get(), real, Role::boxer, kSearchable));
  return real;
}

Result<std::string> prepare_audit_folder(const std::string& path, StartedAs started) {
  TRY(check_work_name(path));
  if (auto made = os::make_folder(AT_FDCWD, path, kPrivate);
      !made && made.error().kind() != ErrorKind::exists)
    return std::move(made).error().with_context(path);
  const UniqueFd folder = TRY_CONTEXT(os::open_path(path, O_RDONLY | O_DIRECTORY), path);
  std::string real = TRY(real_path(folder.get()));
  if (started == StartedAs::root) {
    TRY(hand_over(folder.get(), real, Role::auditor, kPrivate));
  } else if (const std::uint32_t uid = TRY(os::facts_of(folder.get())).uid;
             uid != os::effective_uid()) {
    return Error(ErrorKind::denied, std::format("{} belongs to user {}", real, uid));
  } else {
    TRY_CONTEXT(os::change_mode(folder.get(), kPrivate), real);
  }
  return real;
}

}  // namespace glovebox::roles
