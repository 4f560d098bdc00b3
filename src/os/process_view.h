// One process as a /proc shows it, held by its folder there: a number may be given to another
// process, a folder keeps to the one that it was opened for.
//
// What tells processes of one call from those of another: the user namespace, which also a zombie
// has, but which a process can keep from being read (it ran a program that nobody may read); and
// the mounts, which everybody may read, but only of the living.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

struct ProcessUse {
  std::uint64_t memory = 0;  // anonymous and shared resident bytes
  std::int64_t cpu_us = 0;   // own and of reaped children
};

class ProcessView {
 public:
  // `proc`: a folder of a /proc. Kind not_found: it is gone.
  static Result<ProcessView> open(int proc, pid_t pid);

  // The inode of its user namespace; nullopt: not to be read by this process.
  std::optional<std::uint64_t> user_namespace() const;
  // The number of a mount that it sees and that no other mount namespace has; of the first thread
  // that lives. nullopt: none does.
  std::optional<std::uint64_t> first_mount() const;
  // nullopt: it has ended, be it that nobody has waited for it yet.
  std::optional<ProcessUse> use() const;
  // Its mount namespace, which lives as long as this does. Error: not to be read by this process.
  Result<UniqueFd> mount_namespace() const;
  Result<void> kill() const;  // SIGKILL

 private:
  explicit ProcessView(UniqueFd folder) : folder_(std::move(folder)) {}
  std::vector<std::string> threads() const;
  UniqueFd folder_;
};

// The numbers of all processes that a /proc shows.
std::vector<pid_t> processes_of(int proc);

// By the /proc of this process's own mounts.
std::optional<ProcessUse> use_of(pid_t pid);

// What a process is called, and its number in the innermost pid namespace that it is in. The name
// is its own choice; the kernel writes line ends and backslashes in it as escapes.
struct ThreadNames {
  std::string name;
  std::uint32_t innermost = 0;
};
// Of a thread, by the /proc of this process's own mounts. nullopt: gone, or not to be seen.
std::optional<ThreadNames> names_of_thread(pid_t thread);
// From the text of a `status` of /proc (proc(5)).
std::optional<ThreadNames> read_thread_names(std::string_view status);

}  // namespace glovebox::os
