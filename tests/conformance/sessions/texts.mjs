// Each error text of section 14 of the wire page: the sessions that provoke them, and the list that
// differential_test.mjs looks for among all answers.
import { bash, calls, edit, glob, grep, read, tool, write } from '../script.mjs';

const needed = (name, ...fields) => [
  calls(tool(name, {})),
  ...fields.map((input) => calls(tool(name, input))),
];

export const sessions = [
  {
    name: 'texts: what each tool requires',
    steps: [
      ...needed('read', { file_path: '' }), ...needed('write', { file_path: '', content: 'x' }, { content: 'x' }),
      ...needed('edit', { file_path: '' }, { file_path: 'x' }, { file_path: 'x', old_string: '' }, { old_string: 'x', new_string: 'y' }),
      ...needed('glob', { pattern: '' }, { path: '.' }), ...needed('grep', { pattern: '' }, { path: '.' }), ...needed('bash'),
    ],
  },
  {
    name: 'texts: the form of view_range',
    steps: [
      calls(write('a', '1\n2\n')), calls(tool('read', { file_path: 'a', view_range: [1] })), calls(tool('read', { file_path: 'a', view_range: [1, 2, 3] })),
      calls(tool('read', { file_path: '/etc/passwd', view_range: [1] })), calls(tool('read', { file_path: 'missing', view_range: [1] })),
    ],
  },
  {
    name: 'texts: patterns that leave the folder',
    steps: [
      calls(glob('/etc/*')), calls(glob('../*')), calls(glob('a/../b')), calls(glob('{a,..}/x')), calls(glob('a..b')), calls(glob('..')),
      calls(glob('sub/{..,x}/*')), calls(glob('..a/*')), calls(glob('a/..')),
    ],
  },
  {
    name: 'texts: links in a circle',
    steps: [
      calls(bash('ln -s b a; ln -s a b; ln -s self self')), calls(read('a')), calls(read('self/below')), calls(write('a', 'x')), calls(write('a/new', 'x')), calls(edit('b', 'x', 'y')), calls(glob('*', 'a')), calls(grep('x', 'b')), calls(read('a/../../x')),
    ],
  },
  {
    name: 'texts: links in a chain, up to 40 and beyond',
    steps: [
      calls(bash('echo end > l0; for i in $(seq 1 45); do ln -s l$((i - 1)) l$i; done; ln -s nowhere m0; for i in $(seq 1 45); do ln -s m$((i - 1)) m$i; done')),
      calls(read('l40')), calls(read('l1')), calls(read('m10')), calls(write('m45', 'x')), calls(write('m39', 'made\n')), calls(bash('cat nowhere')),
    ],
  },
  {
    name: 'texts: what may not be read or entered',
    steps: [
      calls(bash('mkdir closed sealed; echo x > closed/f; echo x > locked; echo x > sealed/f; chmod 000 closed locked; chmod 555 sealed')),
      calls(read('locked')), calls(read('closed/f')), calls(write('closed/new', 'x')), calls(write('sealed/new', 'x')), calls(write('sealed/sub/new', 'x')),
      calls(edit('locked', 'x', 'y')), calls(edit('closed/f', 'x', 'y')), calls(edit('sealed/f', 'x', 'y')), calls(glob('*', 'closed')), calls(grep('x', 'closed')),
      calls(write('locked', 'replaced')), calls(bash('chmod -R u+rwX closed sealed locked; ls sealed')),
    ],
  },
  {
    name: 'texts: a file where a folder should be',
    steps: [
      calls(write('plain', 'x\n')), calls(read('plain/below')), calls(read('plain/')), calls(write('plain/below', 'x')), calls(write('plain/a/b', 'x')), calls(edit('plain/below', 'x', 'y')), calls(glob('*', 'plain/below')), calls(grep('x', 'plain/below')),
    ],
  },
  {
    name: 'texts: names and paths that are too long',
    steps: [calls(read('n'.repeat(256))), calls(write('n'.repeat(256), 'x')), calls(edit('n'.repeat(256), 'x', 'y')), calls(write('n'.repeat(255), 'x')), calls(read('p/'.repeat(2100) + 'x')), calls(glob('*', 'n'.repeat(256)))],
  },
  {
    name: 'texts: nothing of that name',
    steps: [calls(read('missing')), calls(read('missing/below')), calls(edit('missing', 'a', 'b')), calls(edit('missing/below', 'a', 'b')), calls(read(''))],
  },
  {
    name: 'texts: no room on the device',
    // /dev/full is outside; a limit on the size of files says the same to bash only.
    steps: [calls(bash('echo x > /dev/full')), calls(bash('echo after'))],
  },
];

// [the text, who gives it ('both' unless the row of section 25 says otherwise)]
const GIVEN = [
  ['path "/etc/passwd" is outside the session\'s working directory'],
  ['path "a": too many levels of symbolic links'],
  ['path "closed/f": permission denied'],
  [/^path "n{256}": file name too long$/],
  ['read: missing: no such file or directory'],
  ['read: locked: permission denied'],
  ['write: sealed/new: permission denied'],
  ['write: folder: is a directory'],
  ['write: plain/below: i/o error (EEXIST)'],
  ['write: plain/far/below: not a directory'],
  ['bash: command is required'],
  [/(^|\n)bash: bash command timed out after 600ms$/],
  ['bash: bash session terminated', 'official'],
  ['bash session restarted'],
  ['(no output)'],
  [/^exit 7$/],
  [/^\[output truncated\]\n/, 'official'],
  [/^\[output truncated: \d+ bytes, first \d+ left out; all of it in \/outputs\/\d+\.txt\]\n/, 'ours'],
  ['read: file_path is required'],
  ['read: view_range must be [start_line, end_line]'],
  ['read: folder is not a regular file'],
  [/^read: beyond is 262145 bytes, exceeds 262144-byte limit\./],
  [/^read: view_range \[1, 60000\] of long\.txt exceeds 262144-byte limit\./],
  [/^read: line 1 of beyond alone exceeds 262144-byte limit\./],
  ['write: file_path is required'],
  ['edit: file_path is required'],
  ['edit: old_string is required'],
  ['edit: folder is not a regular file'],
  [/^edit: beyond is 262145 bytes, exceeds 262144-byte limit\./],
  ['edit: old_string not found in e.txt'],
  ['edit: old_string appears 4 times in e.txt (must be unique)'],
  ['edit: write: sealed/f: permission denied'],
  ['edited e.txt (1 replacement(s))'],
  ['no matches'],
  ['glob: pattern is required'],
  ['glob: absolute pattern not permitted; pass a relative pattern (and optionally path)'],
  ['glob: ".." is not permitted in the pattern'],
  ['grep: pattern is required'],
  [/^grep: invalid regex: /],
  [/\[output truncated at 102400 bytes\]$/],
];
export const given = GIVEN.map(([text, who = 'both']) => ({ text, who }));

// Texts of the section that no session of this suite can bring about, and why.
export const notProvoked = [
  ['path "<p>" is outside the session\'s working directory and its other permitted directories', 'further roots are memory stores, which this plane does not serve'],
  ['write/edit: <p> is inside read-only directory <root>', 'read-only roots are memory stores; unit tests of tools/ hold the text'],
  ['<tool>: <p>: no space left on device', 'needs a full file system of the host; tests/attack E08 and unit tests of tools/ hold it'],
  ['<tool>: <p>: too many open files', 'needs a worker at its own limit; unit tests of tools/ hold it'],
  ['grep: rg failed: …', 'no ripgrep on the test host; unit tests of tools/ripgrep hold it'],
  ['grep: timed out after 60s, [the search was cut short after 60000 ms]', 'takes a minute of a whole core on the official side; unit tests of tools/ hold both'],
  ['grep: aborted', 'the official runner throws the result of a cancelled call away'],
];
