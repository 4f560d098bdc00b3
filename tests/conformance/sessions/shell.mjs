// bash: what only the running shell itself holds. Officially one shell serves all calls; here every
// call has a fresh one, which is told what is written down of the last: directory, variables,
// functions, aliases, options, traps.
import { bash, calls } from '../script.mjs';

export const sessions = [
  { name: 'shell: attributes, references and exported functions stay', steps: [
    calls(bash('declare -x V="multi\nline"; export W=$\'tab\\tq\\\'uote"\'; readonly R=1; declare -r S; declare -l low=ABC; declare -n ref=V; x=; unset y')),
    calls(bash('printf "%s|" "$V" "$W" "$R" "$low" "$ref" "${x-unset}" "${y-unset}"; env | grep -c ^W=; declare -p S')),
    calls(bash('function g { echo "g: $*"; }; export -f g; bash -c "g 1 2"')), calls(bash('g 3; bash -c "g 4"'))] },
  { name: 'shell: any folder that it may enter', steps: [
    calls(bash('cd /; pwd')), calls(bash('pwd; cd /usr/bin')), calls(bash('pwd; cd; [ "$PWD" = "$HOME" ] && echo home')), calls(bash('pwd'))] },
  { name: 'shell: a trap on its exit', steps: [calls(bash('trap "echo bye" EXIT; echo hi')), calls(bash('echo next'))] },
  { name: 'shell: the stack of folders', steps: [calls(bash('mkdir a; pushd a >/dev/null; basename "$PWD"')), calls(bash('basename "$PWD"; popd >/dev/null 2>&1; echo $?'))] },
  { name: 'shell: its process id', steps: [calls(bash('a=$$')), calls(bash('[ $a = $$ ] && echo same; echo "$SHLVL $0 $# $BASH_SUBSHELL"'))] },
  { name: 'shell: its own open files', steps: [calls(bash('echo data > f; exec 7< f')), calls(bash('read -r x 2>/dev/null <&7; echo "[$x]"'))] },
  { name: 'shell: its own limits', steps: [calls(bash('ulimit -n 77; ulimit -n')), calls(bash('[ "$(ulimit -n)" = 77 ] && echo lower; true'))] },
  { name: 'shell: waiting for a process of an earlier call', steps: [calls(bash('(exit 3) & p=$!')), calls(bash('wait $p 2>/dev/null; echo $?'))] },
  { name: 'shell: its folder is removed', steps: [calls(bash('mkdir d; cd d; rmdir ../d')), calls(bash('echo here; ls'))] },
  { name: 'shell: an unset variable under set -u', steps: [calls(bash('set -u; K=1')), calls(bash('echo $NOPE; echo never')), calls(bash('echo "[$K]"'))] },
  { name: 'shell: its output goes to a file', steps: [calls(bash('K=1')), calls(bash('exec > out.txt; echo inside', { timeout_ms: 900 })), calls(bash('echo "[$K]"; head -n 1 out.txt'))] },
  { name: 'shell: a trace of what runs', steps: [calls(bash('set -x; echo one')), calls(bash('set +x')), calls(bash('echo two'))] },
  { name: 'shell: a trap on each command', steps: [calls(bash('trap "echo dbg" DEBUG; echo one')), calls(bash('trap - DEBUG; echo two')), calls(bash('trap "echo err" ERR; false; echo x')), calls(bash('false; echo y'))] },
  { name: 'shell: nothing runs any more', steps: [calls(bash('set -n', { timeout_ms: 700 })), calls(bash('echo back'))] },
  { name: 'shell: a brace that closes what the command did not open', steps: [calls(bash('echo a; }; { echo b'))] },
  { name: 'shell: a here-document in a substitution, and comments at the end', steps: [calls(bash('echo "$(cat <<X\nq\nX\n)"')), calls(bash('echo hi #}'))] },
  { name: 'shell: a lone backslash at the end', steps: [calls(bash('echo one \\', { timeout_ms: 700 })), calls(bash('echo two'))] },
  { name: 'shell: words that mean nothing outside of a function', steps: [calls(bash('f() { return 4; }; f; echo $?; true'))] },
];
