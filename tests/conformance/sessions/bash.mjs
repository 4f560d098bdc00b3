// bash: state, output, statuses, quoting, limits of time and size.
import { answers, bash, begins, calls, seesFile, tool } from '../script.mjs';

export const sessions = [
  {
    name: 'bash: the folder, a variable, a function and an option stay from call to call',
    steps: [
      calls(bash('mkdir -p sub/deep && cd sub/deep && export WORD=kept; plain=also; say() { echo "said $1"; }; set -f; alias hi="echo aliased"')),
      calls(bash('echo "$WORD $plain ${PWD##*/}"; say it; echo *; [[ $- == *f* ]] && echo no globbing')),
      calls(bash('unset WORD; set +f; cd ..; unset -f say')),
      calls(bash('echo "[$WORD] ${PWD##*/}"; type say >/dev/null 2>&1 || echo gone; echo *')),
    ],
  },
  {
    name: 'bash: arrays, attributes and shell options stay',
    steps: [
      calls(bash('list=(one "two words" three); declare -A map=([a]=1 [b]=2); declare -i n=3; readonly fixed=yes; shopt -s nullglob extglob; umask 022')),
      calls(bash('printf "<%s>" "${list[@]}"; echo " ${#map[@]} ${map[b]}"; n+=4; echo "$n $fixed"; declare -p fixed')),
      calls(bash('echo nothing-*; shopt nullglob; umask; [[ foo == @(foo|bar) ]] && echo matched')),
    ],
  },
  {
    name: 'bash: an assignment to a constant',
    steps: [calls(bash('readonly fixed=yes')), calls(bash('fixed=no; echo never', { timeout_ms: 700 })), calls(bash('echo "[$fixed]"'))],
  },
  {
    name: 'bash: status 0 and no output',
    steps: [calls(bash('true')), calls(bash('cd . ; X=1')), calls(bash('echo')), calls(bash('printf "\\n\\n\\n"'))],
  },
  {
    name: 'bash: a status other than 0 and no output',
    steps: [calls(bash('false')), calls(bash('(exit 7)')), calls(bash('[ 1 = 2 ]')), calls(bash('sh -c "exit 255"'))],
  },
  {
    name: 'bash: a failing command that printed something',
    steps: [calls(bash('echo partly; false')), calls(bash('echo to stderr >&2; (exit 4)')), calls(bash('ls /does-not-exist'))],
  },
  {
    name: 'bash: exit, exec and set -e end the shell',
    steps: [
      calls(bash('export KEPT=yes; mkdir d; cd d')),
      calls(bash('echo before; exit 3')),
      calls(bash('echo "[$KEPT] $(basename "$PWD")"')),
    ],
  },
  {
    name: 'bash: a program that replaces the shell',
    steps: [calls(bash('export KEPT=yes')), calls(bash('exec echo replaced')), calls(bash('echo "[$KEPT]"'))],
  },
  {
    name: 'bash: set -e and a failing command',
    steps: [calls(bash('export KEPT=yes')), calls(bash('set -e; echo first; false; echo never')), calls(bash('set +e; echo "[$KEPT]"'))],
  },
  {
    name: 'bash: the shell kills itself',
    steps: [calls(bash('export KEPT=yes')), calls(bash('echo before; kill -9 $$')), calls(bash('echo "[$KEPT]"'))],
  },
  {
    name: 'bash: an unbalanced quote',
    steps: [calls(bash("echo 'never closed", { timeout_ms: 700 })), calls(bash('echo next'))],
  },
  {
    name: 'bash: a here-document without its end',
    steps: [calls(bash('cat <<END\none\ntwo', { timeout_ms: 700 })), calls(bash('echo next'))],
  },
  {
    name: 'bash: a syntax error',
    steps: [calls(bash('export KEPT=yes')), calls(bash('echo ) (')), calls(bash('if true; then echo open')), calls(bash('echo "[$KEPT]"'))],
  },
  {
    name: 'bash: here-documents, here-strings and quoting',
    steps: [
      calls(bash('name=world\ncat <<END\nhello $name \\$name `echo sub`\nEND\ncat <<\'RAW\'\n$name `not run` \\\\ "quoted"\nRAW\ncat <<-TAB\n\tindented\n\tTAB\ncat <<<"here $name"')),
      calls(bash(`printf '%s\\n' "a b" 'c "d"' e\\ f $'tab\\there' "it's"; echo 'single $HOME' "double \\$HOME"`)),
      calls(bash('for i in 1 2 3; do\n  if [ $i = 2 ]; then\n    continue\n  fi\n  echo "$i"\ndone\ncase x in\n  x) echo case ;;\nesac')),
      calls(bash('echo a & wait; echo b; echo c # a comment')),
      calls(bash('echo "last line has a backslash \\\\"\\\n')),
    ],
  },
  {
    name: 'bash: unicode in commands and output',
    steps: [
      calls(bash('echo "Grüße, 世界 🌍 — ½"; printf "%s\\n" "naïve" | wc -c; echo "${#x}"')),
      calls(bash('x=🌍世; echo "${#x}"; mkdir "ordner-ü"; cd "ordner-ü"; basename "$PWD"')),
      calls(bash('printf "combining e\\xcc\\x81 and \\xe2\\x80\\xaertl\\n"')),
    ],
  },
  {
    name: 'bash: bytes that are not UTF-8, NUL and control characters',
    steps: [
      calls(bash('printf "bad \\xff\\xfe end\\n"')),
      calls(bash('printf "cut \\xe4\\xb8"')),
      calls(bash('printf "a\\0b\\n"')),
      calls(bash('printf "bell \\a back \\b form \\f vt \\v del \\x7f\\n"')),
    ],
  },
  {
    name: 'bash: CR and CRLF stay as they are',
    steps: [calls(bash('printf "one\\r\\ntwo\\r\\n"')), calls(bash('printf "10%%\\r20%%\\rdone"'))],
  },
  {
    name: 'bash: CSI sequences are taken out, other escapes stay',
    steps: [
      calls(bash('printf "\\e[31mred\\e[0m \\e[1;32mbold\\e[m \\e[?25lhidden\\e[2K\\n"')),
      calls(bash('printf "\\e]0;title\\a \\e(B \\e7 end \\e["')),
    ],
  },
  {
    name: 'bash: leading blank lines and blanks stay, newlines at the end go',
    steps: [calls(bash('printf "\\n\\n  padded  \\n \\n\\n"')), calls(bash('printf "no newline"')), calls(bash('printf "\\t\\ttabs\\t\\n"'))],
  },
  {
    name: 'bash: stdout and stderr come as one, in order',
    steps: [
      calls(bash('echo one; echo two >&2; echo three; echo four >&2')),
      calls(bash('echo to-file 2>/dev/null >out.txt; cat out.txt; cat missing.txt 2>/dev/null || echo "status $?"')),
      calls(bash('{ echo a; echo b >&2; } 2>&1 | sort -r')),
    ],
  },
  {
    name: 'bash: standard input is empty',
    steps: [calls(bash('cat; echo "cat ended $?"; read line; echo "read gave $?"; wc -c')), calls(bash('python3 -c "print(1)" 2>/dev/null; echo after'))],
  },
  {
    name: 'bash: pipes, substitutions and statuses of parts',
    steps: [
      calls(bash('seq 1 5 | tail -n 2; false | true; echo "${PIPESTATUS[@]}"')),
      calls(bash('diff <(echo a) <(echo a) && echo same; echo $((6 * 7)) $(echo $(echo nested))')),
      calls(bash('set -o pipefail; false | true; echo $?; set +o pipefail; ! false; echo $?')),
      calls(bash('echo $?; true; echo $?')),
    ],
  },
  {
    name: 'bash: files made with redirections are those that read sees',
    steps: [
      calls(bash('printf "alpha\\nbeta\\n" > data.txt; echo gamma >> data.txt; chmod 640 data.txt; stat -c "%a %s" data.txt')),
      calls(tool('read', { file_path: 'data.txt' })),
      calls(bash('ln -s data.txt link; mkdir -p a/b; cp data.txt a/b/; mv a/b/data.txt a/moved; rm -r a/b; find . -type f | sort')),
    ],
  },
  {
    name: 'bash: traps and signals',
    steps: [
      calls(bash('trap "echo got USR1" USR1; kill -USR1 $$; echo after')),
      calls(bash('kill -USR1 $$; trap - USR1; sh -c "kill -TERM \\$\\$"; echo "status $?"')),
    ],
  },
  {
    name: 'bash: output of more than 100 KiB keeps its end',
    steps: [calls(bash('seq 1 30000')), calls(bash('seq 1 30000 | head -c 102399; echo'))],
  },
  {
    name: 'bash: output of exactly 100 KiB and less than that is whole',
    steps: [calls(bash('head -c 90000 /dev/zero | tr "\\0" x')), calls(bash('head -c 65536 /dev/zero | tr "\\0" "\\n" | head -c 3; yes line | head -n 5000'))],
  },
  {
    name: 'bash: a time limit of the call',
    steps: [
      calls(bash('export KEPT=yes')),
      calls(bash('echo begun; sleep 30', { timeout_ms: 600 })),
      calls(bash('echo "[$KEPT]"')),
    ],
  },
  {
    name: 'bash: a time limit without output',
    steps: [calls(bash('sleep 30', { timeout_ms: 400 }))],
  },
  {
    name: 'bash: a time limit that is not reached',
    steps: [calls(bash('sleep 0.2; echo in time', { timeout_ms: 20_000 }))],
  },
  {
    name: 'bash: a time limit of 0 means the default',
    steps: [calls(bash('sleep 0.3; echo done', { timeout_ms: 0 }))],
  },
  {
    name: 'bash: restart drops the state',
    steps: [
      calls(bash('export WORD=kept; mkdir sub; cd sub')),
      calls(tool('bash', { restart: true })),
      calls(bash('echo "[$WORD] $(ls)"')),
      calls(bash('export WORD=again')),
      calls(bash('echo "[$WORD]"', { restart: true })),
      calls(bash('echo still', { restart: false })),
    ],
  },
  {
    name: 'bash: a command that is missing or empty',
    steps: [calls(tool('bash', {})), calls(tool('bash', { command: '' })), calls(tool('bash', { command: '', restart: false }))],
  },
  {
    name: 'bash: commands of blanks, comments and many lines',
    steps: [calls(bash('   ')), calls(bash('# only a comment')), calls(bash('\n\necho after blank lines\n\n')), calls(bash(Array.from({ length: 200 }, (_, n) => `x${n}=${n}`).join('\n') + '\necho $x199'))],
  },
  {
    name: 'bash: a long command',
    steps: [calls(bash(`text='${'lorem ipsum '.repeat(4000)}'; echo \${#text}`))],
  },
  {
    name: 'bash: a command that is not there, or not allowed to run',
    steps: [calls(bash('no-such-program --flag')), calls(bash('touch plain; ./plain', { restart: true })), calls(bash('cd nowhere', { restart: true }))],
  },
  {
    name: 'bash: the message of a later call counts its lines from the call\'s own first',
    steps: [calls(bash('true')), calls(bash('\nno-such-program || true'))],
  },
  {
    name: 'bash: what looks like a marker is only text',
    steps: [calls(bash('echo __ANT_CMD_x_DONE__0; echo "#GBEND"; (exit 2)')), calls(bash('echo done'))],
  },
  {
    name: 'bash: variables of the worker\'s credentials are not there',
    steps: [calls(bash('env | grep -ic anthropic; echo "$TERM|$PS1|$PS2|${PWD##*/}" | sed "s/|[^|]*$//"'))],
  },
  {
    name: 'bash: a process in the background does not hold the answer',
    steps: [calls(bash('sleep 20 >/dev/null 2>&1 & echo started')), calls(bash('echo next'))],
  },
  {
    name: 'bash: a process of one call lives on in the next',
    steps: [
      calls(bash('(sleep 30 >/dev/null 2>&1 & echo $! > pid); mkfifo /tmp/door-$$ && echo /tmp/door-$$ > door')),
      calls(bash('kill -0 $(cat pid) && echo alive; test -p $(cat door) && echo "the same /tmp"')),
      calls(bash('kill $(cat pid); rm $(cat door); echo told to end')),
    ],
  },
  {
    name: 'bash: a server in the background answers later calls',
    steps: [
      calls(bash('mkfifo /tmp/ask-$$ /tmp/say-$$; echo $$ > n; (while read -r word < /tmp/ask-$$; do echo "heard $word" > /tmp/say-$$; done >/dev/null 2>&1 &)')),
      calls(bash('n=$(cat n); echo hello > /tmp/ask-$n; cat /tmp/say-$n')),
      calls(bash('cd /tmp; n=$(cat "$OLDPWD/n"); echo again > ask-$n; cat say-$n; rm ask-$n say-$n')),
    ],
  },
  {
    name: 'bash: what a background process prints between calls',
    steps: [calls(bash('(sleep 0.6; echo late) & echo now')), calls(bash('sleep 2; echo next')), calls(bash('echo after'))],
  },
  {
    name: 'bash: the shell\'s own list of jobs',
    steps: [calls(bash('sleep 20 >/dev/null 2>&1 &')), calls(bash('jobs -r | wc -l')), calls(bash('kill %1 && echo ended'))],
  },
  {
    name: 'bash: several calls in a batch run in order in one shell',
    steps: [calls(bash('x=1; echo $x'), bash('x=$((x + 1)); echo $x'), bash('sleep 0.1; x=$((x + 1)); echo $x'), bash('echo $x'))],
  },
  {
    name: 'bash: a call comes while another runs',
    steps: [begins(bash('touch begun; sleep 0.5; echo first; y=1')), seesFile('begun'), begins(bash('echo "second $y"')), answers(0, 1)],
  },
];
