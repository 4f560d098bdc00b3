// read, write and edit.
import { bash, calls, edit, glob, grep, read, tool, write } from '../script.mjs';

const lines = (count, text = 'line') => Array.from({ length: count }, (_, n) => `${text} ${n + 1}\n`).join('');

export const sessions = [
  {
    name: 'read: a whole file, word by word',
    steps: [
      calls(write('a.txt', 'one\ntwo\n  three  \n\n')),
      calls(read('a.txt')), calls(read('./a.txt')), calls(read('sub/../a.txt')),
    ],
  },
  {
    name: 'read: ranges of lines',
    steps: [
      calls(write('r.txt', 'line1\nline2\nline3\nline4')),
      calls(read('r.txt', [2, 3])), calls(read('r.txt', [2, 2])), calls(read('r.txt', [3, 0])),
      calls(read('r.txt', [2, -1])), calls(read('r.txt', [4, 99])), calls(read('r.txt', [0, 2])),
      calls(read('r.txt', [-5, 1])), calls(read('r.txt', [])),
    ],
  },
  {
    name: 'read: ranges that hold nothing',
    steps: [calls(write('r.txt', 'line1\nline2\n')), calls(read('r.txt', [3, 1])), calls(read('r.txt', [10, 12])), calls(read('r.txt', [3, 3])), calls(read('r.txt', [4, 4]))],
  },
  {
    name: 'read: an empty file, and one without a last newline',
    steps: [calls(write('empty', '')), calls(read('empty')), calls(read('empty', [1, 1])), calls(write('bare', 'no newline')), calls(read('bare'))],
  },
  {
    name: 'read: unicode, CRLF, a byte order mark and control characters',
    steps: [
      calls(write('u.txt', 'Grüße 世界 🌍\r\nzweite\r\n')), calls(read('u.txt')), calls(read('u.txt', [1, 1])), calls(read('u.txt', [2, 2])),
      calls(bash('printf "\\xef\\xbb\\xbfwith a mark\\n" > bom.txt; printf "tab\\there \\x01\\x1b[31m\\x7f\\n" > control.txt')),
      calls(read('bom.txt')), calls(read('control.txt')),
    ],
  },
  {
    name: 'read: bytes that are not UTF-8 are shown as U+FFFD',
    steps: [
      calls(bash('printf "bad \\xff\\xfe\\xc3( \\xe4\\xb8 end\\n" > bad.bin; printf "a\\0b\\0" > nul.bin; printf "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\n" > surrogate.bin')),
      calls(read('bad.bin')), calls(read('nul.bin')), calls(read('surrogate.bin')),
    ],
  },
  {
    name: 'read: a file at the limit and one beyond it',
    steps: [
      calls(bash('head -c 262144 /dev/zero | tr "\\0" x > at; head -c 262145 /dev/zero | tr "\\0" x > beyond')),
      calls(read('at')), calls(read('beyond')), calls(read('beyond', [1, 1])), calls(read('beyond', [1, 2])),
    ],
  },
  {
    name: 'read: ranges of a file beyond the limit',
    steps: [
      calls(bash('seq 1 60000 > long.txt')),
      calls(read('long.txt', [59999, 60001])), calls(read('long.txt', [1, 3])), calls(read('long.txt', [60000, 0])),
      calls(read('long.txt', [1, 60000])), calls(read('long.txt', [5, 2])), calls(read('long.txt', [70000, 70001])),
    ],
  },
  {
    name: 'read: through links inside the working directory',
    steps: [
      calls(bash('mkdir real; echo inside > real/file; ln -s real/file link; ln -s real dir; ln -s link chain; ln -s "$PWD/real/file" absolute')),
      calls(read('link')), calls(read('dir/file')), calls(read('chain')), calls(read('absolute')),
    ],
  },
  {
    name: 'read: what is not a regular file',
    steps: [calls(bash('mkdir folder; ln -s folder linked')), calls(read('folder')), calls(read('linked')), calls(read('folder', [1, 2])), calls(read('.'))],
  },
  {
    name: 'read: paths outside the working directory',
    steps: [
      calls(bash('ln -s /etc/hostname out; ln -s /nowhere/at/all dangling; ln -s .. up')),
      calls(read('/etc/passwd')), calls(read('../x')), calls(read('out')), calls(read('dangling')), calls(read('up/x')),
      calls(read('a/../../b')), calls(read('/')), calls(read('~/x')),
    ],
  },
  {
    name: 'read: an image and a document',
    steps: [
      calls(bash('printf "\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR" > picture.png; printf "%%PDF-1.4\\n%%\\xe2\\xe3\\xcf\\xd3\\n" > paper.pdf')),
      calls(read('picture.png')), calls(read('paper.pdf')),
    ],
  },
  {
    name: 'read: names with blanks, quotes and unicode',
    steps: [
      calls(write('with blank "quoted" ü.txt', 'found\n')), calls(read('with blank "quoted" ü.txt')),
      calls(read('with blank "quoted" ü.missing')), calls(read('line\nbreak')),
    ],
  },
  {
    name: 'read: absolute paths inside the working directory, for every tool',
    steps: [
      calls(write('{workspace}/a.txt', 'one two\n')), calls(read('{workspace}/a.txt')), calls(edit('{workspace}/a.txt', 'one', '1')),
      calls(glob('*', '{workspace}')), calls(grep('two', '{workspace}/a.txt')), calls(grep('two', '{workspace}')), calls(bash('cd {workspace} && pwd')),
      calls(read('{workspace}/../x')), calls(read('{workspace}x/y')), calls(read('{workspace}/')), calls(glob('{workspace}/*')),
    ],
  },
  {
    name: 'write: a new file, bytes counted as UTF-8',
    steps: [
      calls(write('new.txt', 'Grüße 🌍\n')), calls(bash('cat new.txt; stat -c "%a %s" new.txt')),
      calls(write('empty.txt', '')), calls(tool('write', { file_path: 'missing-content.txt' })), calls(bash('wc -c < empty.txt; wc -c < missing-content.txt')),
    ],
  },
  {
    name: 'write: parents are made for their owner alone',
    steps: [calls(write('a/b/c/deep.txt', 'x')), calls(bash('stat -c "%a %n" a a/b a/b/c a/b/c/deep.txt')), calls(write('a/./b/../b/c/other.txt', 'y')), calls(bash('ls a/b/c'))],
  },
  {
    name: 'write: an existing file keeps its mode and loses its text',
    steps: [
      calls(bash('echo old and longer text > f; chmod 755 f; ln f hard; echo through > target; ln -s target link')),
      calls(write('f', 'new\n')), calls(bash('cat f; stat -c "%a %h" f; cat hard')),
      calls(write('link', 'by link\n')), calls(bash('cat target; test -L link && echo still a link')),
    ],
  },
  {
    name: 'write: through a dangling link inside the working directory',
    steps: [calls(bash('ln -s made/later.txt link')), calls(write('link', 'made\n')), calls(bash('cat made/later.txt; stat -c %a made'))],
  },
  {
    name: 'write: where it cannot be',
    steps: [
      calls(bash('mkdir folder; echo x > plain; ln -s /tmp/elsewhere out')),
      calls(write('folder', 'x')), calls(write('plain/below', 'x')), calls(write('plain/far/below', 'x')), calls(write('out', 'x')),
      calls(write('/etc/x', 'x')), calls(write('../x', 'x')), calls(write(`${'n'.repeat(300)}`, 'x')), calls(write('.', 'x')),
    ],
  },
  {
    name: 'write: content of every kind comes back the same',
    steps: [
      calls(write('lines.txt', lines(3000))), calls(bash('md5sum < lines.txt; wc < lines.txt')),
      calls(write('odd.txt', 'tab\t nul\u0000 bell\u0007 crlf\r\n quote" back\\ lone\u2028sep')), calls(bash('od -An -c odd.txt | head -n 8')),
      calls(write('dollar.txt', "$HOME `x` $(y) ${z} 'q'")), calls(read('dollar.txt')),
    ],
  },
  {
    name: 'write: large content',
    steps: [calls(write('big.txt', lines(30000, 'a line of the large file'))), calls(bash('wc < big.txt; md5sum < big.txt'))],
  },
  {
    name: 'edit: one replacement',
    steps: [
      calls(write('e.txt', 'alpha\nbeta\ngamma\n')), calls(edit('e.txt', 'beta', 'BETA')), calls(read('e.txt')),
      calls(edit('e.txt', 'alpha\nBETA\n', '')), calls(read('e.txt')), calls(edit('e.txt', 'gamma\n', 'several\nlines\nof text')), calls(read('e.txt')),
    ],
  },
  {
    name: 'edit: a text that occurs more than once',
    steps: [
      calls(write('e.txt', 'x = 1\ny = x\nz = x + x\n')), calls(edit('e.txt', 'x', 'w')), calls(edit('e.txt', 'x', 'w', { replace_all: false })),
      calls(edit('e.txt', 'x', 'w', { replace_all: true })), calls(read('e.txt')), calls(write('aaa', 'aaaa')), calls(edit('aaa', 'aa', 'b')), calls(edit('aaa', 'aa', 'b', { replace_all: true })), calls(read('aaa')),
    ],
  },
  {
    name: 'edit: a text that is not there',
    steps: [calls(write('e.txt', 'alpha\r\nbeta\r\n')), calls(edit('e.txt', 'delta', 'x')), calls(edit('e.txt', 'alpha\nbeta', 'x')), calls(edit('e.txt', 'Alpha', 'x')), calls(edit('e.txt', 'delta', 'x', { replace_all: true }))],
  },
  {
    name: 'edit: new text is taken literally',
    steps: [
      calls(write('e.txt', 'price: VALUE\n')), calls(edit('e.txt', 'VALUE', "$& $1 $` $' $$ \\1 \\n")), calls(read('e.txt')),
      calls(edit('e.txt', '$&', '$&$&', { replace_all: true })), calls(read('e.txt')), calls(edit('e.txt', '.', '!')), calls(edit('e.txt', 'price: ', 'price: ')), calls(read('e.txt')),
    ],
  },
  {
    name: 'edit: CRLF, unicode and the mode stay',
    steps: [
      calls(bash('printf "eins\\r\\nzwei ü\\r\\n\\xef\\xbb\\xbfdrei\\r\\n" > e.txt; chmod 750 e.txt')),
      calls(edit('e.txt', 'zwei ü', 'zwei 🌍')), calls(bash('od -An -c e.txt; stat -c %a e.txt')),
    ],
  },
  {
    name: 'edit: bytes that are not UTF-8',
    steps: [calls(bash('printf "\\xff\\xfe word \\x80\\n" > e.bin')), calls(edit('e.bin', 'word', 'term')), calls(bash('od -An -tx1 e.bin'))],
  },
  {
    name: 'edit: without new text, and with everything replaced',
    steps: [
      calls(write('e.txt', 'keep drop keep')), calls(edit('e.txt', ' drop', '')), calls(read('e.txt')),
      calls(edit('e.txt', 'keep keep', '')), calls(read('e.txt')), calls(bash('wc -c < e.txt')),
    ],
  },
  {
    name: 'edit: what is no regular file, or not there',
    steps: [
      calls(bash('mkdir folder; ln -s nowhere dangling; head -c 262145 /dev/zero | tr "\\0" x > beyond')),
      calls(edit('folder', 'a', 'b')), calls(edit('missing', 'a', 'b')), calls(edit('dangling', 'a', 'b')),
      calls(edit('beyond', 'x', 'y')), calls(edit('/etc/passwd', 'root', 'x')), calls(edit('../x', 'a', 'b')),
    ],
  },
];
