// glob and grep.
import { bash, calls, glob, grep, tool, write } from '../script.mjs';

// Files with times of their own: the newest comes first.
const tree = calls(bash(`mkdir -p src/deep .hidden node_modules/x .git/y; i=0
for f in README.md src/a.ts src/b.ts src/deep/c.ts src/deep/d.js .hidden/e.ts .dot.ts node_modules/x/f.ts .git/y/g.ts "src/sp ace.ts" src/ü.ts; do
  i=$((i + 1)); echo "text of $f" > "$f"; touch -d "2026-01-01 00:00:$(printf %02d $i)" "$f"
done; ln -s src/a.ts link.ts; ln -s src linked`));

export const sessions = [
  {
    name: 'glob: stars, question marks, classes and braces',
    steps: [
      tree, calls(glob('*.md')), calls(glob('src/*.ts')), calls(glob('src/?.ts')), calls(glob('src/[ab].ts')), calls(glob('src/[!a].ts')),
      calls(glob('src/{a,b}.ts')), calls(glob('{README,src/*}.{md,ts}')), calls(glob('src/[a-b].*')),
      ...['src/@(a|b).ts', 'src/!(a).ts', 'src/+(a|b).*', '*.!(ts)', '!(src)/*', '**/@(a|c).ts', 'src/?(a|sp ace).ts', 'src/*(a|ü|b)*', 'src/@(deep)/!(d).ts', 'src/{@(a|b),sp ace}.ts', 'src/@(a', '!(.*)', '@(.dot|*).ts'].map((pattern) => calls(glob(pattern))),
    ],
  },
  {
    name: 'glob: two stars',
    steps: [tree, calls(glob('**/*.ts')), calls(glob('**/c.ts')), calls(glob('src/**/*.js')), calls(glob('**')), calls(glob('src/**'))],
  },
  {
    name: 'glob: names with a dot, and folders that are skipped',
    steps: [tree, calls(glob('.*')), calls(glob('.dot.ts')), calls(glob('.hidden/*')), calls(glob('**/.*.ts')), calls(glob('node_modules/**')), calls(glob('.git/**'))],
  },
  {
    name: 'glob: links and what is no file are left out',
    steps: [tree, calls(glob('link.ts')), calls(glob('*.ts')), calls(glob('linked/*.ts')), calls(glob('src'))],
  },
  {
    name: 'glob: slashes and dots in the pattern',
    steps: [tree, ...['src/', './src/*.ts', 'src//a.ts', './README.md', 'src/./a.ts', '**/**/*.js', 'src/deep/', '**/', './**/*.js', '.', '*/*', '**/deep/**', 'src/**/**/c.ts'].map((pattern) => calls(glob(pattern)))],
  },
  {
    name: 'glob: named classes of characters',
    steps: [
      calls(bash('i=0; for f in 1.ts a.ts A.ts _.ts !.ts x1.ts; do i=$((i + 1)); touch -d "@$((1700000000 + i))" "$f"; done')),
      ...['[[:digit:]].ts', '[[:alpha:]].ts', '[[:upper:]].ts', '[![:alnum:]].ts', '[[:punct:]].ts', '[[:lower:]1].ts', '[[:alpha:]][[:digit:]].ts', '[[:xdigit:]].ts', '[[:word:]].ts', '[[:space:]].ts'].map((pattern) => calls(glob(pattern))),
    ],
  },
  {
    name: 'glob: characters that are special elsewhere',
    steps: [
      calls(bash('i=0; mkdir src; for f in "src/(x).ts" src/a+b.ts "src/!z.ts" "src/#h.ts" src/1.ts src/a.ts src/b.ts; do i=$((i + 1)); touch -d "@$((1700000000 + i))" "$f"; done')),
      ...['src/(x).ts', 'src/a+b.ts', 'src/!z.ts', 'src/#h.ts', '!src', 'src/\\!z.ts', 'src/{1..3}.ts', 'src/{a..c}.ts', 'src/{a}.ts', 'src/{}.ts', 'src/{a,b.ts', 'src/***', 'src/**a.ts', '**a.ts', '???/??.ts'].map((pattern) => calls(glob(pattern))),
    ],
  },
  {
    name: 'glob: what is called .git or node_modules',
    // So deep that no guard of the policy's looks there: a file `.git` could name another repository.
    steps: [tree, calls(bash('mkdir -p sub/2/3/4/5; for n in .git node_modules; do echo x > sub/2/3/4/5/$n; done')), calls(glob('sub/2/3/4/5/*')), calls(glob('sub/2/3/4/5/.*')), calls(glob('sub/2/3/4/5/node_modules')), calls(glob('*', 'node_modules/x')), calls(glob('y/*', '.git'))],
  },
  {
    name: 'glob: a folder below that cannot be read',
    steps: [calls(bash('mkdir open closed; echo x > open/a; echo x > closed/b; chmod 000 closed')), calls(glob('**/*')), calls(glob('*', 'closed')), calls(bash('chmod 700 closed'))],
  },
  {
    name: 'glob: a folder to search in',
    steps: [tree, calls(glob('*.ts', 'src')), calls(glob('**/*.js', './src/deep/..')), calls(glob('*.ts', 'linked')), calls(glob('*', 'missing')), calls(glob('*', 'README.md')), calls(glob('*.ts', '.'))],
  },
  {
    name: 'glob: nothing matches',
    steps: [calls(glob('*')), calls(glob('**/*.none')), calls(glob('a/b/c'))],
  },
  {
    name: 'glob: names with blanks and unicode',
    steps: [tree, calls(glob('src/sp ace.ts')), calls(glob('src/*ü*')), calls(glob('src/* *'))],
  },
  {
    name: 'glob: folders outside',
    steps: [calls(bash('ln -s /etc out')), calls(glob('*', '/etc')), calls(glob('*', '..')), calls(glob('*', 'out')), calls(glob('out/*')), calls(glob('**/hostname'))],
  },
  {
    name: 'glob: more than 200 results',
    steps: [calls(bash('for i in $(seq 1 230); do touch -d "@$((1700000000 + i))" f$i; done')), calls(glob('f*'))],
  },
  {
    name: 'glob: exactly 200 results',
    steps: [calls(bash('for i in $(seq 1 200); do touch -d "@$((1700000000 + i))" f$i; done')), calls(glob('f*'))],
  },
  {
    name: 'grep: a word, its line and its number',
    steps: [
      calls(write('notes.txt', 'first line\nsecond word\nthird line\n')), calls(grep('word')), calls(grep('line')), calls(grep('^second')), calls(grep('line$')), calls(grep('nothing here')),
    ],
  },
  {
    name: 'grep: one file as the path',
    steps: [calls(write('a.txt', 'hit one\nmiss\nhit two\n')), calls(write('b.txt', 'hit other\n')), calls(grep('hit', 'a.txt')), calls(grep('hit', './sub/../b.txt')), calls(grep('none', 'a.txt'))],
  },
  {
    name: 'grep: a folder as the path',
    steps: [calls(write('sub/a.txt', 'hit\n')), calls(write('other/b.txt', 'hit\n')), calls(grep('hit', 'sub')), calls(grep('hit', 'missing')), calls(grep('hit', 'sub/a.txt'))],
  },
  {
    name: 'grep: every file below the folder',
    steps: [tree, calls(grep('text of')), calls(grep('\\.ts$', 'src'))],
    sorted: [1, 2],
  },
  {
    name: 'grep: classes, alternatives, counts and groups',
    steps: [
      calls(write('r.txt', 'abc 123\nfoo(bar)\nA.B.C\ncafé 世界\ntab\there\n')),
      calls(grep('[0-9]+')), calls(grep('foo\\(bar\\)')), calls(grep('abc|A\\.B')), calls(grep('(ab|xy)c')), calls(grep('\\d{3}')), calls(grep('\\bfoo\\b')), calls(grep('caf.')), calls(grep('世')), calls(grep('\\t')),
    ],
  },
  {
    name: 'grep: letters are told apart, and flags inside the pattern',
    steps: [calls(write('c.txt', 'Word\nword\nWORD\n')), calls(grep('word')), calls(grep('Word')), calls(grep('(?i)word'))],
  },
  {
    name: 'grep: a regex that is none, and one of another dialect',
    steps: [calls(write('x.txt', 'foobar\nfoobaz\n')), calls(grep('foo(')), calls(grep('[z-a]')), calls(grep('*x')), calls(grep('foo(?=baz)')), calls(grep('(o)\\1'))],
  },
  {
    name: 'grep: a file is left at its first NUL byte',
    steps: [calls(bash('printf "early hit\\n" > text; printf "hit before\\nnul \\0\\nhit after\\n" > binary')), calls(grep('hit', 'text')), calls(grep('hit', 'binary'))],
  },
  {
    name: 'grep: bytes that are not UTF-8, CRLF and lines without an end',
    steps: [calls(bash('printf "bad \\xff hit\\n" > bad; printf "one hit\\r\\ntwo hit\\r\\n" > crlf; printf "last hit" > bare')), calls(grep('hit', 'bad')), calls(grep('hit', 'crlf')), calls(grep('hit$', 'crlf')), calls(grep('hit', 'bare'))],
  },
  {
    name: 'grep: long lines are skipped',
    steps: [calls(bash('{ head -c 2000 /dev/zero | tr "\\0" x; echo; head -c 2001 /dev/zero | tr "\\0" x; echo; echo short x; } > long')), calls(grep('x$', 'long'))],
  },
  {
    name: 'grep: output of more than 100 KiB is cut',
    steps: [calls(bash('yes "a line that is found by the search" | head -n 4000 > many')), calls(grep('found', 'many'))],
    ends: [1],
  },
  {
    name: 'grep: links are not followed, .git and node_modules are skipped',
    steps: [
      calls(bash('mkdir -p .git node_modules sub; echo hit > .git/a; echo hit > node_modules/b; echo hit > sub/c; echo hit > .hidden; ln -s sub/c link; ln -s sub linked')),
      calls(grep('hit')), calls(grep('hit', 'link')), calls(grep('hit', 'linked')), calls(grep('hit', '.git')),
    ],
    sorted: [1],
  },
  {
    name: 'grep: files and folders that cannot be read',
    steps: [calls(bash('mkdir d; echo hit > a; echo hit > b; echo hit > d/c; chmod 000 b d')), calls(grep('hit')), calls(grep('hit', 'b')), calls(bash('chmod 700 b d'))],
  },
  {
    name: 'grep: folders outside',
    steps: [calls(bash('ln -s /etc out')), calls(grep('root', '/etc/passwd')), calls(grep('root', '..')), calls(grep('root', 'out'))],
  },
  {
    name: 'grep: an empty folder',
    steps: [calls(grep('x')), calls(grep('^'))],
  },
  {
    name: 'grep: empty lines and everything',
    steps: [calls(write('e.txt', '\nx\n\n')), calls(grep('^$')), calls(grep('.*')), calls(tool('grep', { pattern: 'x', path: '' }))],
  },
];
