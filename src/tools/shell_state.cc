#include "tools/shell_state.h"

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
  "{ __gb_s=:$SHELLOPTS: __gb_b=:$BASHOPTS: POSIXLY_CORRECT=1; \\set +euxv; "                    \
  "\\unset -f builtin; \\set +o posix; \\builtin trap - EXIT; "                                  \
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
// Fds 3 to 5 are free for the command, which is expanded before fd 4 is closed.
constexpr std::string_view kScript =
    "exec 42>&5 5>&-; unset -v BASH_EXECUTION_STRING; "
    "__gb_here=$PWD __gb_gone= __gb_opts=(-B) __gb_x=; "
    "{ . /dev/fd/3; builtin printf \"#GB1 restored\\n\" >&42; "
    "if [[ $__gb_gone ]]; then builtin cd -- \"$__gb_here\"; "
    "builtin printf \"#GB1 moved\\n\" >&42; fi; builtin trap '" SAVE_STATE
    "' EXIT; builtin set \"${__gb_opts[@]}\"; "
    "builtin unset -v __gb_here __gb_gone __gb_opts __gb_s __gb_b __gb_d __gb_e; "
    "[[ $__gb_x ]] || builtin unset -v __gb_x; } >/dev/null 2>&1; "
    "builtin eval \"${__gb_x-}$(</dev/fd/4)\" 3<&- 4<&-";

#undef SAVE_STATE

}  // namespace

std::string_view shell_script() {
  return kScript;
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
  return std::string(state_out);
}

}  // namespace glovebox::tools
