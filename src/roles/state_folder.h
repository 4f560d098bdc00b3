// The state folder: one for each running glovebox, locked, with the folders of its roles.
//
//   lock                 held by the supervisor; names its process
//   audit/     0700      the auditor's
//   sessions/  0711      the boxer's: shell state, kept results, outputs/
//   work/      0711      the boxer's: the sessions' workspaces
//   run/       0711      the supervisor's: `control`, and other sockets when they are not in /run
//
// Started as root the folder is 0711 and its parts belong to the ids of the roles; a part can then
// be reached but not listed by others. Otherwise everything is 0700 and ours. A folder that has
// something else in it is refused, since its owner and mode would be changed.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "roles/confinement.h"

namespace glovebox::roles {

class StateFolder {
 public:
  // Makes what is missing. Errors: conflict (another process holds it; named), denied (not a
  // state folder of ours, or a folder above it that the roles cannot search), those of the kernel.
  static Result<StateFolder> open(const std::string& path, StartedAs started);
  // A new one with a random name below `parent`.
  static Result<StateFolder> make_fresh(const std::string& parent, StartedAs started,
                                        Random& random);

  const std::string& path() const { return path_; }  // absolute, no symbolic link in it
  std::string audit() const { return path_ + "/audit"; }
  std::string sessions() const { return path_ + "/sessions"; }
  std::string egress() const { return path_ + "/egress"; }
  std::string work() const { return path_ + "/work"; }
  std::string run() const { return path_ + "/run"; }

 private:
  StateFolder(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  UniqueFd lock_;
};

// `$XDG_STATE_HOME/glovebox`, `$HOME/.local/state/glovebox`, or /var/lib/glovebox for root. Pure;
// empty arguments count as unset. Error: not_found when nothing says where.
Result<std::string> default_state_folder(StartedAs started, std::string_view xdg_state_home,
                                         std::string_view home);

// A folder for workspaces that the operator named: absolute, existing, in root's case the boxer's
// or empty and then given to it. Errors: denied, not_found.
Result<std::string> prepare_work_folder(const std::string& path, StartedAs started);

// A folder for the audit log that the operator named: absolute; made if it is missing, ours (in
// root's case the auditor's) or empty and then given to it. Errors: denied, those of the kernel.
Result<std::string> prepare_audit_folder(const std::string& path, StartedAs started);
// The absolute path of a folder that exists, without links in it.
Result<std::string> real_folder(const std::string& path);

// What is named for a workspace is a place of its own, not one that /proc, /dev/fd or /sys leads
// to: that would be whatever another process has there at the moment. Error: denied.
Result<void> check_work_name(const std::string& path);

// Every folder above `path` can be searched by other ids. Error: denied, with a hint.
Result<void> check_reachable(const std::string& path);

}  // namespace glovebox::roles
