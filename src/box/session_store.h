// What a session leaves on disk between its calls: `sessions/<folder>/` in the state folder.
//
//   state      the shell's state after the last bash call that ended well
//   outputs/   complete outputs of calls whose answer was cut, `<n>.txt`, and what came after an
//              answer, `<n>.late.txt`; mounted at /outputs
//   pending/   results that were made but not yet settled with the control plane
//   guard      what was under guarded names before a call that has not been swept (guard_sweep.h)
//   guard-roots  repositories in the workspace (guard_roots.h)
//   quarantine/  what calls made under such names (quarantine.h)
//
// Never inside the workspace. Everything is reached through the folder's descriptor, written to a
// temporary name, flushed and renamed. Names that come from the control plane are used only if
// they match [A-Za-z0-9_-]{1,64}, otherwise as the hexadecimal SHA-256 of the name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/folder_name.h"
#include "box/pending_results.h"

namespace glovebox::box {

constexpr std::uint64_t kMaxShellState = 1 * kMiB;
// All files of outputs/ together; the oldest go first.
constexpr std::uint64_t kOutputsQuota = 256 * kMiB;

enum class OutputKind : std::uint8_t {
  cut,   // `<n>.txt`: all of an output of which the answer has the end
  late,  // `<n>.late.txt`: what came after the answer
};

class SessionStore {
 public:
  // Opens, or makes, the folder of one session below `sessions`, and removes what a process left
  // in it that was killed while it wrote. Errors: those of the kernel; denied when something else
  // than a folder of ours is in the way.
  static Result<SessionStore> open(int sessions_fd, std::string_view session);

  Result<std::string> load_shell_state() const;  // empty when there is none
  // Whole or not at all when a process is killed; a power cut may cost it.
  Result<void> save_shell_state(std::string_view state) const;
  Result<void> remove_shell_state() const;

  // Only of a store that was opened, not of one that was adopted.
  const PendingResults& pending() const { return *pending_; }

  // Makes a file in outputs/ with the next free number, readable by everybody who can reach it: the
  // folders above are closed, and a box runs under an id of its own.
  struct OutputFile {
    UniqueFd fd;
    std::string name;  // "3.txt"
  };
  Result<OutputFile> create_output(OutputKind kind) const;
  // Removes the oldest outputs until the quota holds; returns how many went.
  Result<std::size_t> trim_outputs() const;

  int fd() const { return fd_.get(); }
  UniqueFd take_fd() { return std::move(fd_); }
  // The folder of an open session, as the keeper gets it from the boxer.
  static SessionStore adopt(UniqueFd fd) { return SessionStore(std::move(fd), std::nullopt); }

 private:
  SessionStore(UniqueFd fd, std::optional<PendingResults> pending)
      : fd_(std::move(fd)), pending_(std::move(pending)) {}
  UniqueFd fd_;
  std::optional<PendingResults> pending_;
};

}  // namespace glovebox::box
