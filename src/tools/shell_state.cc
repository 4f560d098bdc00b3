#include "tools/shell_state.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <unordered_set>

namespace glovebox::tools {
namespace {

// Both texts are one line each: bash parses a line before it runs any of it, so no alias of the
// state changes them, and the command's own messages count their lines from 1.

// What the EXIT trap runs: writes the state, a script, to fd 42. In posix mode functions cannot
// shadow special builtins; `builtin` is freed there and leads to all others. Which options were on
// is read first, because leaving posix mode changes some. It is parsed when the shell ends, so its
// words are quoted against the guest's aliases and none is a keyword: `${a/*:x:*/!}` without what
// begins with `:` is text if and only if the list holds x.
//
// In the state, whatever a function could shadow comes before the functions, and aliases are not
// expanded until the end. A function that bash cannot parse again costs only what follows it. The
// options come last, as a list for the next script: -e would end a restore at the first readonly
// variable, -x would trace our own words.
#define SAVE_STATE                                                                               \
  "{ __gb_e=$? __gb_s=:$SHELLOPTS: __gb_b=:$BASHOPTS: POSIXLY_CORRECT=1; \\set +euxv; "          \
  "\\unset -f builtin; \\set +o posix; \\builtin trap - EXIT; \\builtin printf \"%d\\n\" "       \
  "\"$__gb_e\" >&43; "                                                                           \
  "__gb_d=${__gb_s/*:xtrace:*/!}; __gb_x=${__gb_x+1}${__gb_d##:*}; "                             \
  "__gb_s=${__gb_s/:xtrace:/:}; __gb_s=${__gb_s/:noexec:/:}; __gb_s=${__gb_s/:onecmd:/:}; "      \
  "__gb_s=${__gb_s#:}; __gb_s=${__gb_s%:}; \\builtin unset -v BASH_EXECUTION_STRING; "           \
  "\\builtin printf \"shopt -u \\${BASHOPTS//:/ }\\n\"; "                                        \
  "__gb_d=${__gb_b/:expand_aliases:/:}; \\builtin printf \"shopt -s%s\\n\" \"${__gb_d//:/ }\"; " \
  "__gb_d=${__gb_b/*:expand_aliases:*/!}; __gb_d=${__gb_d##:*}; \\builtin umask -p; "            \
  "\\builtin printf \"cd -- %q || __gb_gone=1\\n\" \"${DIRSTACK[0]:-$PWD}\"; "                   \
  "\\builtin declare -p; \\builtin alias -p; \\builtin trap -p; \\builtin declare -f; "          \
  "\\builtin printf \"builtin declare -F declare || {\\n__gb_e=\\n\"; \\builtin declare -Fx; "   \
  "\\builtin printf \"}\\n%s\\n\" \"${__gb_d:+builtin shopt -s expand_aliases}\"; "              \
  "\\builtin printf \"__gb_opts=(+B +h -o %s)\\n\" \"${__gb_s//:/ -o }\"; "                      \
  "\\builtin printf \"__gb_x=%q\\n\" "                                                           \
  "\"${__gb_x:+\\\\builtin unset -v __gb_x; \\\\builtin set -x; }\"; "                           \
  "\\builtin printf \"#GBEND\\n\"; } 2>/dev/null >&42"

// The state runs between the two redirections; from there on nothing is called but by `builtin`.
// Fds 3 to 6 are free for the command, which is expanded before fd 4 is closed. It ends in a
// newline, so that a backslash at its end continues its last line instead of standing for itself.
#define BEGIN "exec 42>&5 43>&6 5>&- 6>&-; unset -v BASH_EXECUTION_STRING; "
#define RUN_COMMAND                                                                      \
  "__gb_here=$PWD __gb_gone= __gb_opts=(-B) __gb_x=; "                                   \
  "{ . /dev/fd/3; builtin declare SECONDS=0; builtin printf \"#GB1 restored\\n\" >&42; " \
  "if [[ $__gb_gone ]]; then builtin cd -- \"$__gb_here\"; "                             \
  "builtin printf \"#GB1 moved\\n\" >&42; fi; builtin trap '" SAVE_STATE                 \
  "' EXIT; builtin set \"${__gb_opts[@]}\"; "                                            \
  "builtin unset -v __gb_here __gb_gone __gb_opts __gb_s __gb_b __gb_d __gb_e; "         \
  "[[ $__gb_x ]] || builtin unset -v __gb_x; } >/dev/null 2>&1; "                        \
  "builtin eval \"${__gb_x-}$(</dev/fd/4)\"$'\\n' 3<&- 4<&-"

// What the shell would have restored if nothing had changed since it started, one statement a line.
#define TELL_START                                                                                \
  "{ __gb_b=:$BASHOPTS:; builtin printf \"shopt -s%s\\n\" \"${__gb_b//:/ }\"; builtin umask -p; " \
  "builtin unset -v __gb_b; builtin declare -p; builtin printf \"#GB0 waiting\\n\"; } >&42; "

constexpr std::string_view kScript = BEGIN RUN_COMMAND;
constexpr std::string_view kWaitingScript = BEGIN TELL_START RUN_COMMAND;

#undef SAVE_STATE
#undef BEGIN
#undef RUN_COMMAND
#undef TELL_START

// Variables that bash makes itself and that nobody can set, or that are not carried.
constexpr std::array<std::string_view, 24> kNotCarried = {
    "BASHOPTS",    "BASHPID",       "BASH_ARGC",     "BASH_ARGV",     "BASH_COMMAND", "BASH_LINENO",
    "BASH_SOURCE", "BASH_SUBSHELL", "BASH_VERSINFO", "EPOCHREALTIME", "EPOCHSECONDS", "EUID",
    "FUNCNAME",    "GROUPS",        "HISTCMD",       "LINENO",        "PIPESTATUS",   "PPID",
    "RANDOM",      "SECONDS",       "SHELLOPTS",     "SRANDOM",       "UID",          "DIRSTACK",
};
constexpr std::string_view kOurPrefix = "__gb_";
constexpr std::string_view kDeclare = "declare -";

// The first line of `text`, with its end; takes it off.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end == text.npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

// `declare -ir PPID="1"`: PPID
std::string_view declared_name(std::string_view line) {
  line.remove_prefix(std::min(line.find(' ', kDeclare.size()), line.size() - 1) + 1);
  return line.substr(0, line.find_first_of("=\n"));
}

// The state begins with statements of one line each, which bash prints so that no value has a line
// end in it; what a guest forged to be otherwise breaks its own next shell. `keep` decides on each.
template <class Keep>
std::string filtered(std::string_view state, const Keep& keep) {
  std::string kept;
  kept.reserve(state.size());
  while (!state.empty()) {
    std::string_view rest = state;
    const std::string_view line = take_line(rest);
    const bool known = line.starts_with(kDeclare) || line.starts_with("shopt -") ||
                       line.starts_with("umask ") || line.starts_with("cd -- ");
    if (!known) break;
    if (keep(line)) kept += line;
    state = rest;
  }
  return kept += state;
}

std::string without_what_is_not_carried(std::string_view state) {
  return filtered(state, [](std::string_view line) {
    if (!line.starts_with(kDeclare)) return true;
    const std::string_view name = declared_name(line);
    return !name.starts_with(kOurPrefix) &&
           std::ranges::find(kNotCarried, name) == kNotCarried.end();
  });
}

}  // namespace

std::string_view shell_script() {
  return kScript;
}

std::string_view waiting_shell_script() {
  return kWaitingScript;
}

std::optional<std::string_view> told_at_start(std::string_view state_out) {
  const std::size_t mark = state_out.find(kWaitingMark);
  if (mark == std::string_view::npos) return std::nullopt;
  return state_out.substr(0, mark);
}

std::string changes_since(std::string_view start, std::string_view state) {
  std::unordered_set<std::string_view> known;
  while (!start.empty()) known.insert(take_line(start));
  // All options off, then those that were on: together or not at all.
  std::string_view rest = state;
  bool same_options = true;
  for (std::string_view line : {take_line(rest), take_line(rest)})
    same_options &= line.starts_with("shopt -u") || known.contains(line);
  return filtered(state, [&](std::string_view line) {
    if (line.starts_with("shopt -")) return !same_options;
    return line.starts_with("cd ") || !known.contains(line);
  });
}

std::optional<int> told_status(std::string_view status_out) {
  constexpr int kSurest = 127;
  if (!status_out.ends_with('\n')) return std::nullopt;
  int status = 0;
  const char* const end = status_out.data() + status_out.size() - 1;
  const auto [rest, error] = std::from_chars(status_out.data(), end, status);
  if (error != std::errc{} || rest != end || status < 0 || status > kSurest) return std::nullopt;
  return status;
}

bool is_restored(std::string_view state_out) {
  return state_out.starts_with(kRestoredMark);
}

bool is_folder_gone(std::string_view state_out) {
  if (!is_restored(state_out)) return false;
  return state_out.substr(kRestoredMark.size()).starts_with(kMovedMark);
}

Result<std::string> accepted_state(std::string_view state_out) {
  if (!is_restored(state_out)) {
    return Error(ErrorKind::invalid, "shell state: the shell never came to the command");
  }
  const bool is_moved = is_folder_gone(state_out);
  state_out.remove_prefix(kRestoredMark.size() + (is_moved ? kMovedMark.size() : 0));
  if (!state_out.ends_with(kStateEndMark)) {
    return Error(ErrorKind::invalid, "shell state: incomplete");
  }
  state_out.remove_suffix(kStateEndMark.size());
  if (state_out.size() > kMaxShellState) {
    return Error(ErrorKind::limit, "shell state: too large");
  }
  if (state_out.find('\0') != std::string_view::npos) {
    return Error(ErrorKind::invalid, "shell state: has a NUL byte");
  }
  return without_what_is_not_carried(state_out);
}

}  // namespace glovebox::tools
