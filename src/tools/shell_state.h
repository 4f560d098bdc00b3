// A shell that feels persistent although each call is a new bash: the script that bash runs, and
// the check of the state that it leaves behind.
//
// The keeper starts, in the box, `/bin/bash --noprofile --norc -c <shell_script()>` with an
// environment built from nothing, stdin /dev/null, stdout and stderr one pipe, and
//   fd 3  state in: what the last call left (memfd or pipe with a closed writer; empty for a fresh
//         shell)
//   fd 4  command: the text to run (memfd or pipe with a closed writer)
//   fd 5  state out: an empty memfd; read by the keeper when bash is gone
//   fd 6  status out: a pipe; the command's status as a line, before the state is written
// The script needs /dev/fd. The process's status is the command's. While the command runs, the
// shell keeps fd 42 for the state and 43 for the status; 3 to 6 are free.
//
// State carried: variables of every kind, functions, aliases, shopt, set -o, umask, folder, traps
// other than EXIT. Not carried: jobs, `$!`, `$?`, open fds, the hash table, history, the dirs
// stack, RANDOM's seed, a function named `builtin`. A shell that is killed, replaced by `exec
// prog`, or has an EXIT trap of the command's own leaves no state, and the previous one stays in
// force. Locals of a function that ends the shell stay behind as variables.
//
// The state is text that the guest can forge: it is run only inside that session's own boxes,
// before the command, and what it breaks is that session. A restore can loop for ever: the script
// writes kRestoredMark to fd 5 when it is done, and the keeper gives up on the state when the mark
// is not there after kRestoreTimeLimit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::tools {

constexpr int kStateInFd = 3;
constexpr int kCommandFd = 4;
constexpr int kStateOutFd = 5;
constexpr int kStatusOutFd = 6;

constexpr std::size_t kMaxShellState = 1024 * kKiB;
constexpr milliseconds kRestoreTimeLimit{5'000};

// First line on fd 5, written after the restore and before the command.
constexpr std::string_view kRestoredMark = "#GB1 restored\n";
// The second line, only if the carried folder is gone: the command runs where bash was started.
constexpr std::string_view kMovedMark = "#GB1 moved\n";
// Last line on fd 5, written when the state is complete.
constexpr std::string_view kStateEndMark = "#GBEND\n";

// The argument of `bash -c`. The same text for every call; holds no data of a call.
std::string_view shell_script();

// The same for a shell that is started before its call is known: fds 3 and 4 are pipes that a guest
// may open (mode 0444), and it waits for the end of the first. Nothing of a guest's, also not its
// state, runs before that. It tells first what it started with.
std::string_view waiting_shell_script();
// Ends what a waiting shell tells; bash waits when it is there.
constexpr std::string_view kWaitingMark = "#GB0 waiting\n";
// What it told, from what fd 5 holds so far; nullopt: it does not wait yet. After it and the mark
// fd 5 holds what it does otherwise.
std::optional<std::string_view> told_at_start(std::string_view state_out);
// What of a state a shell that started with `start` need not be told: the rest, to be written to
// fd 3 in its place.
std::string changes_since(std::string_view start, std::string_view state);

// The status that a shell told on fd 6, from what came there. Not more than word that the shell is
// about to end: a guest can write there too, and a shell that a signal ends tells some status
// first. nullopt: none, or one that says nothing.
std::optional<int> told_status(std::string_view status_out);
// True once the restore is over, for what fd 5 holds so far.
bool is_restored(std::string_view state_out);
// True if kFolderGoneNotice belongs before the output; known as soon as anything follows the mark,
// for certain when bash is gone.
bool is_folder_gone(std::string_view state_out);

// The state for the next call, from everything that fd 5 holds. Errors: limit (over
// kMaxShellState), invalid (no marks, so the shell was killed, replaced or closed the fd; or a NUL
// byte): the previous state stays in force.
Result<std::string> accepted_state(std::string_view state_out);

// First line of the output when the carried folder is gone.
constexpr std::string_view kFolderGoneNotice =
    "[the working directory no longer exists; continuing in /workspace]";

}  // namespace glovebox::tools
