// The cases of the official toolset's suite, by name, as black-box cases of `glovebox worker`: each
// in a session of its own, served by one worker for all, as root and as an ordinary user.
import { bash, edit, glob, grep, read, tool, write } from './script.mjs';
import { assert, runPorted, Subject, until } from './subject.mjs';
import { userNames } from './workers.mjs';

const LOOPS = ['loop_a', 'loop_a/child.txt', 'self', 'self/x'];
const RANGES = [
  { about: 'an inverted range yields an empty result, not an error', range: [3, 1], want: '(no output)' },
  { about: 'an empty range reads the whole file', range: [], want: 'line1\nline2\nline3' },
  { about: 'a single-line range', range: [2, 2], want: 'line2' },
  { about: 'a non-positive end line reads to EOF', range: [2, 0], want: 'line2\nline3' },
  { about: 'a start line past EOF yields an empty result', range: [10, 12], want: '(no output)' },
];
const RESOLVE = [
  'relative path under workdir resolves to an absolute child of the workdir',
  'dot-dot that escapes the workdir is rejected',
  'absolute path outside workdir is rejected',
  'absolute path inside workdir is permitted by default',
  'absolute path naming the workdir itself is permitted',
  'sibling directory with a shared prefix (work vs workdir2) is correctly rejected',
  'dot-dot that stays inside the workdir after normalisation is permitted',
];
const OFFICIAL = [
  ...LOOPS.map((path) => `resolvePath(${JSON.stringify(path)}) rejects with the loop error and no host path`),
  'a lexical .. after a looping component is collapsed first, so the escape is still caught',
  'read of a looping path reports the loop and never returns outside content',
  'write under a looping path is rejected before anything is created',
  'glob silently drops looping entries and still lists regular files',
  'write through a dangling in-workdir symlink creates the target and its missing parents',
  'read follows a short in-workdir symlink chain to its final target',
  'live and dangling symlinks pointing outside the workdir are both rejected',
  'an unreadable directory is reported as permission denied without the host path',
  'returns the agent_toolset_20260401 tool list as BetaRunnableTool objects so it can be filtered or extended',
  ...RESOLVE,
  'a path under an allowed root is accepted, by absolute path',
  'a path outside the workdir and every allowed root is rejected with the long message',
  'without allowedRoots the message names only the working directory',
  'a symlink out of an allowed root is rejected',
  'an allowed root under a symlinked ancestor is reachable, existing or not',
  'resolvePath rejects a context still carrying unrestrictedPaths, including one mutated after construction',
  'nothing reads unrestrictedPaths except the deprecation guard',
  'write creates a file then read returns its content verbatim',
  'write under many not-yet-existing directories succeeds because only symlink hops are capped',
  'read with view_range returns the 1-indexed inclusive line slice',
  ...RANGES.map(({ about, range }) => `read view_range ${JSON.stringify(range)}: ${about}`),
  'read view_range with the wrong arity is rejected',
  'read of a missing file throws ToolError so the dispatcher reports is_error',
  'edit with a unique old_string performs exactly one replacement',
  'edit refuses a non-unique old_string when replace_all is not set',
  'edit with replace_all replaces every occurrence',
  'edit inserts new_string literally instead of expanding $& / $1 replacement patterns',
  'edit with replace_all also inserts $-containing new_string literally',
  'read refuses a file over the size cap so a huge file cannot OOM the runner',
  'read refuses a directory so it cannot dump a Dirent listing as bytes',
  'edit refuses a file over the size cap so a huge file cannot OOM the runner',
  'edit refuses a directory so a non-regular path cannot hang or be misread',
  'edit still works on a normal file under the size cap',
  'edit honours a custom maxFileBytes below the file size',
  'edit allows a file over the default cap when maxFileBytes is raised',
  'edit allows an oversized file when maxFileBytes is null (uncapped)',
  'edit still refuses a directory even when maxFileBytes is null',
  'read honours a custom maxFileBytes below the file size',
  'read allows an oversized file when maxFileBytes is null (uncapped)',
  'read still refuses a directory even when maxFileBytes is null',
  'write outside workdir via dot-dot is rejected by the path jail',
  'file tools confinement matrix: workdir + allowedRoots reachable, readOnlyRoots refuse writes, everything else rejected',
  'a symlinked read-only root that is also an allowed root still refuses writes',
  'a symlink inside the workdir into a read-only root is refused for writes',
  'glob with **/*.ts finds nested TypeScript files',
  'glob returns the literal "no matches" string when nothing matches',
  'glob with a path argument searches only under that subdirectory',
  'glob rejects an absolute pattern',
  'glob rejects a ".." pattern that would walk fs.glob out of the workdir, literal or brace-expanded',
  'glob never returns entries outside the search root for patterns that spell ".." indirectly',
  'glob and grep reach an allowed root',
  'glob drops matches that resolve outside the workdir via a symlinked directory',
  'glob keeps matches reached via a symlink that stays inside the workdir',
  'glob still returns matches when the workdir is itself a symlink',
  'grep finds a line and reports file:lineno:content (works with or without rg on PATH)',
  'exporting a variable in one call makes it readable in a later call (state persists across the closure-held session)',
  'a non-zero exit throws ToolError carrying the captured output',
  'restart drops state so a previously exported variable is no longer set',
  'a timed-out call discards the corrupted session so the next call starts a fresh shell instead of seeing the stale sentinel',
  'the spawned shell does not inherit ANTHROPIC_* credential env vars',
  'ctx.env FULLY REPLACES the scrubbed default environment (verbatim, not merged)',
  'concurrent run() calls are serialized so the shared shells stdin is not interleaved (e.g. BetaToolRunner Promise.all)',
  'changing directory persists so a later pwd reports the new location',
  'a non-zero exit is surfaced via exitCode without throwing',
  'exec rejects with a BashTimeoutError carrying the budget when the command exceeds it',
  'an aborted exec rejects with the signal\'s own reason',
  'exec against an already-aborted signal rejects with its reason before running',
  'a caller\'s own abort reason survives, so a timeout signal is not mistaken for a cancel',
  'a command that prints a hardcoded sentinel-like marker cannot truncate its own output or spoof the exit code',
  'a command that reads stdin gets immediate EOF instead of hanging until the timeout',
  'a command that streams more output than the cap is truncated rather than buffered unbounded',
  // Of the change log.
  'ignore ripgrep config files in the agent toolset grep tool',
  'pass over an rg inside the directories the agent toolset\'s file tools can write',
  'create agent-toolset files and directories owner-only',
];
const ROOTS = 'further roots are memory stores, of a later issue; tests/unit/tools/file_tool_test.cc holds them';
const SIZES = 'the limit is not an operator\'s to set in this version; tests/unit/tools/file_tool_test.cc holds others';
const OBJECT = 'an object of the library';
const ELSEWHERE = {
  'returns the agent_toolset_20260401 tool list as BetaRunnableTool objects so it can be filtered or extended': OBJECT,
  'a path under an allowed root is accepted, by absolute path': ROOTS,
  'a path outside the workdir and every allowed root is rejected with the long message': ROOTS,
  'a symlink out of an allowed root is rejected': ROOTS,
  'an allowed root under a symlinked ancestor is reachable, existing or not': ROOTS,
  'resolvePath rejects a context still carrying unrestrictedPaths, including one mutated after construction': 'item_test.mjs: unrestrictedPaths',
  'nothing reads unrestrictedPaths except the deprecation guard': 'item_test.mjs: unrestrictedPaths',
  'edit honours a custom maxFileBytes below the file size': SIZES,
  'edit allows a file over the default cap when maxFileBytes is raised': SIZES,
  'edit allows an oversized file when maxFileBytes is null (uncapped)': SIZES,
  'edit still refuses a directory even when maxFileBytes is null': SIZES,
  'read honours a custom maxFileBytes below the file size': SIZES,
  'read allows an oversized file when maxFileBytes is null (uncapped)': SIZES,
  'read still refuses a directory even when maxFileBytes is null': SIZES,
  'file tools confinement matrix: workdir + allowedRoots reachable, readOnlyRoots refuse writes, everything else rejected': ROOTS,
  'a symlinked read-only root that is also an allowed root still refuses writes': ROOTS,
  'a symlink inside the workdir into a read-only root is refused for writes': ROOTS,
  'glob and grep reach an allowed root': ROOTS,
  'a caller\'s own abort reason survives, so a timeout signal is not mistaken for a cancel': OBJECT,
  'ignore ripgrep config files in the agent toolset grep tool': 'needs ripgrep on the host; tests/unit/tools/ripgrep_test.cc',
};

const OUTSIDE = (path) => `path ${JSON.stringify(path)} is outside the session's working directory`;

/** The cases for one user: each gets a function that makes one call of a session of its own. */
function casesOf(shared) {
  const cases = {};
  const add = (name, body) => {
    cases[name] = async () => {
      const subject = await shared();
      const session = await subject.session();
      const call = (event) => subject.call(session, event);
      const gives = async (event, text) => assert.deepEqual(await call(event), { text, is_error: false });
      const fails = async (event, text) => {
        const answer = await call(event);
        assert.equal(answer.is_error, true, answer.text);
        if (text instanceof RegExp) assert.match(answer.text, text);
        else assert.equal(answer.text, text);
        assert.ok(!answer.text.includes('/tmp/') && !answer.text.includes(session), answer.text);
      };
      await body({ call, gives, fails, subject, session });
      await subject.beta.sessions.archive(session);
    };
  };
  const loops = bash('ln -s loop_b loop_a; ln -s loop_a loop_b; ln -s self self; ln -s /etc/passwd evil_link; ln -s loop_a/../evil_link L');

  for (const path of LOOPS)
    add(`resolvePath(${JSON.stringify(path)}) rejects with the loop error and no host path`, async ({ call, fails }) => {
      await call(loops);
      await fails(read(path), `path ${JSON.stringify(path)}: too many levels of symbolic links`);
    });
  add('a lexical .. after a looping component is collapsed first, so the escape is still caught', async ({ call, fails }) => {
    await call(loops);
    await fails(read('loop_a/../evil_link'), OUTSIDE('loop_a/../evil_link'));
  });
  add('read of a looping path reports the loop and never returns outside content', async ({ call, fails }) => {
    await call(loops);
    await fails(read('loop_a'), /too many levels of symbolic links$/);
    await fails(read('L'), /^path "L"/);
  });
  add('write under a looping path is rejected before anything is created', async ({ call, fails, gives }) => {
    await call(loops);
    await fails(write('loop_a/child.txt', 'x'), /too many levels of symbolic links$/);
    await gives(bash('ls -A | sort | tr "\\n" " "'), 'L evil_link loop_a loop_b self ');
  });
  add('glob silently drops looping entries and still lists regular files', async ({ call, gives }) => {
    await call(loops);
    await call(write('real.txt', 'x'));
    await gives(glob('**/*'), '/workspace/real.txt');
    await gives(glob('*'), '/workspace/real.txt');
  });
  add('write through a dangling in-workdir symlink creates the target and its missing parents', async ({ call, gives }) => {
    await call(bash('ln -s new/deep/target.txt link'));
    await gives(write('link', 'made'), 'wrote 4 bytes to link');
    await gives(read('new/deep/target.txt'), 'made');
  });
  add('read follows a short in-workdir symlink chain to its final target', async ({ call, gives }) => {
    await call(bash('printf end > target; ln -s target c3; ln -s c3 c2; ln -s c2 c1'));
    await gives(read('c1'), 'end');
  });
  add('live and dangling symlinks pointing outside the workdir are both rejected', async ({ call, fails }) => {
    await call(bash('ln -s /etc/passwd live; ln -s /nowhere/at/all dangling'));
    await fails(read('live'), OUTSIDE('live'));
    await fails(write('dangling', 'x'), OUTSIDE('dangling'));
  });
  add('an unreadable directory is reported as permission denied without the host path', async ({ call, fails }) => {
    await call(bash('mkdir closed; echo x > closed/f; chmod 000 closed'));
    await fails(read('closed/f'), 'path "closed/f": permission denied');
    await call(bash('chmod 700 closed'));
  });
  add(RESOLVE[0], async ({ gives }) => {
    await gives(write('sub/x', 'in'), 'wrote 2 bytes to sub/x');
    await gives(bash('cat /workspace/sub/x'), 'in');
  });
  add(RESOLVE[1], ({ fails }) => fails(read('../x'), OUTSIDE('../x')));
  add(RESOLVE[2], ({ fails }) => fails(read('/etc/passwd'), OUTSIDE('/etc/passwd')));
  add(RESOLVE[3], async ({ call, gives }) => {
    await call(write('x', 'in'));
    await gives(read('/workspace/x'), 'in');
  });
  add(RESOLVE[4], ({ fails }) => fails(read('/workspace'), 'read: /workspace is not a regular file'));
  add(RESOLVE[5], ({ fails }) => fails(read('/workspace2/x'), OUTSIDE('/workspace2/x')));
  add(RESOLVE[6], async ({ call, gives }) => {
    await call(write('x', 'in'));
    await gives(read('a/b/../../x'), 'in');
  });
  add('without allowedRoots the message names only the working directory', ({ fails }) => fails(read('/usr/x'), OUTSIDE('/usr/x')));

  add('write creates a file then read returns its content verbatim', async ({ gives }) => {
    await gives(write('f', 'a\n\tb  \r\nü'), 'wrote 10 bytes to f');
    await gives(read('f'), 'a\n\tb  \r\nü');
  });
  add('write under many not-yet-existing directories succeeds because only symlink hops are capped', async ({ gives }) => {
    const path = `${Array.from({ length: 60 }, (_, n) => `d${n}`).join('/')}/f`;
    await gives(write(path, 'deep'), `wrote 4 bytes to ${path}`);
    await gives(read(path), 'deep');
  });
  add('read with view_range returns the 1-indexed inclusive line slice', async ({ call, gives }) => {
    await call(write('f', 'line1\nline2\nline3\nline4'));
    await gives(read('f', [2, 3]), 'line2\nline3');
  });
  for (const { about, range, want } of RANGES)
    add(`read view_range ${JSON.stringify(range)}: ${about}`, async ({ call, gives }) => {
      await call(write('f', 'line1\nline2\nline3'));
      await gives(tool('read', { file_path: 'f', view_range: range }), want);
    });
  add('read view_range with the wrong arity is rejected', async ({ call, fails }) => {
    await call(write('f', 'x'));
    for (const range of [[1], [1, 2, 3]])
      await fails(tool('read', { file_path: 'f', view_range: range }), 'read: view_range must be [start_line, end_line]');
  });
  add('read of a missing file throws ToolError so the dispatcher reports is_error', ({ fails }) =>
    fails(read('missing'), 'read: missing: no such file or directory'));
  add('edit with a unique old_string performs exactly one replacement', async ({ call, gives }) => {
    await call(write('f', 'a b c'));
    await gives(edit('f', 'b', 'B'), 'edited f (1 replacement(s))');
    await gives(read('f'), 'a B c');
  });
  add('edit refuses a non-unique old_string when replace_all is not set', async ({ call, gives, fails }) => {
    await call(write('f', 'x x'));
    await fails(edit('f', 'x', 'y'), 'edit: old_string appears 2 times in f (must be unique)');
    await gives(read('f'), 'x x');
  });
  add('edit with replace_all replaces every occurrence', async ({ call, gives }) => {
    await call(write('f', 'x x x'));
    await gives(edit('f', 'x', 'y', { replace_all: true }), 'edited f (3 replacement(s))');
    await gives(read('f'), 'y y y');
  });
  add('edit inserts new_string literally instead of expanding $& / $1 replacement patterns', async ({ call, gives }) => {
    await call(write('f', 'a b c'));
    await call(edit('f', 'b', '$& $1 $$'));
    await gives(read('f'), 'a $& $1 $$ c');
  });
  add('edit with replace_all also inserts $-containing new_string literally', async ({ call, gives }) => {
    await call(write('f', 'b b'));
    await call(edit('f', 'b', '$&$`', { replace_all: true }));
    await gives(read('f'), '$&$` $&$`');
  });
  add('read refuses a file over the size cap so a huge file cannot OOM the runner', async ({ call, fails }) => {
    await call(bash('truncate -s 3G huge'));
    await fails(read('huge'), /^read: huge is 3221225472 bytes, exceeds 262144-byte limit\./);
  });
  add('read refuses a directory so it cannot dump a Dirent listing as bytes', async ({ call, fails }) => {
    await call(bash('mkdir d'));
    await fails(read('d'), 'read: d is not a regular file');
  });
  add('edit refuses a file over the size cap so a huge file cannot OOM the runner', async ({ call, fails }) => {
    await call(bash('truncate -s 300K huge'));
    await fails(edit('huge', 'a', 'b'), /^edit: huge is 307200 bytes, exceeds 262144-byte limit\./);
  });
  add('edit refuses a directory so a non-regular path cannot hang or be misread', async ({ call, fails }) => {
    await call(bash('mkdir d'));
    await fails(edit('d', 'a', 'b'), 'edit: d is not a regular file');
  });
  add('edit still works on a normal file under the size cap', async ({ call, gives }) => {
    await call(bash('{ echo mark; head -c 262000 /dev/zero | tr "\\0" x; } > f'));
    await gives(edit('f', 'mark', 'MARK'), 'edited f (1 replacement(s))');
    await gives(bash('head -n 1 f; wc -c < f'), 'MARK\n262005');
  });
  add('write outside workdir via dot-dot is rejected by the path jail', ({ fails }) => fails(write('../escape', 'x'), OUTSIDE('../escape')));

  const sources = bash('mkdir sub; echo one > sub/b.ts; echo two > a.ts; printf "alpha\\nbeta\\n" > a.txt');
  add('glob with **/*.ts finds nested TypeScript files', async ({ call }) => {
    await call(sources);
    assert.deepEqual((await call(glob('**/*.ts'))).text.split('\n').sort(), ['/workspace/a.ts', '/workspace/sub/b.ts']);
  });
  add('glob returns the literal "no matches" string when nothing matches', ({ gives }) => gives(glob('*.zig'), 'no matches'));
  add('glob with a path argument searches only under that subdirectory', async ({ call, gives }) => {
    await call(sources);
    await gives(glob('*.ts', 'sub'), '/workspace/sub/b.ts');
  });
  add('glob rejects an absolute pattern', ({ fails }) =>
    fails(glob('/etc/*'), 'glob: absolute pattern not permitted; pass a relative pattern (and optionally path)'));
  add('glob rejects a ".." pattern that would walk fs.glob out of the workdir, literal or brace-expanded', async ({ fails }) => {
    for (const pattern of ['../*', '../../**/*.ts', '{..,x}/*', '{a,../outside}/*'])
      await fails(glob(pattern), 'glob: ".." is not permitted in the pattern');
  });
  add('glob never returns entries outside the search root for patterns that spell ".." indirectly', async ({ gives }) => {
    for (const pattern of ['[.][.]/*/passwd', '[.][.]/etc/*', '?(.).(.)/*', '.[.]/etc/passwd']) await gives(glob(pattern), 'no matches');
  });
  add('glob drops matches that resolve outside the workdir via a symlinked directory', async ({ call, gives }) => {
    await call(bash('ln -s /etc link_out; mkdir sub; echo x > sub/b.ts'));
    await gives(glob('link_out/*'), 'no matches');
    await gives(glob('link_out/**'), 'no matches');
    await gives(glob('**/*.ts'), '/workspace/sub/b.ts');
  });
  add('glob keeps matches reached via a symlink that stays inside the workdir', async ({ call, gives }) => {
    await call(bash('mkdir sub; echo x > sub/b.ts; ln -s sub link_in'));
    await gives(glob('link_in/*.ts'), '/workspace/link_in/b.ts');
  });
  add('grep finds a line and reports file:lineno:content (works with or without rg on PATH)', async ({ call, gives }) => {
    await call(sources);
    await gives(grep('beta'), '/workspace/a.txt:2:beta');
  });
  add('pass over an rg inside the directories the agent toolset\'s file tools can write', async ({ call, gives }) => {
    await call(bash('mkdir -p bin; printf "#!/bin/sh\\necho forged\\n" > bin/rg; cp bin/rg rg; chmod 755 bin/rg rg; export PATH=$PWD/bin:$PWD:$PATH; echo needle > f'));
    await gives(grep('needle', 'f'), '/workspace/f:1:needle');
  });
  add('create agent-toolset files and directories owner-only', async ({ call, gives }) => {
    await call(bash('umask 000'));
    await call(write('d/e/f', 'x'));
    await gives(bash('stat -c %a d d/e d/e/f'), '700\n700\n600');
  });

  add('exporting a variable in one call makes it readable in a later call (state persists across the closure-held session)', async ({ call, gives }) => {
    await call(bash('export WORD=kept'));
    await gives(bash('echo $WORD'), 'kept');
  });
  add('a non-zero exit throws ToolError carrying the captured output', ({ fails }) => fails(bash('echo partly; exit 3'), 'partly\nexit 3'));
  add('a non-zero exit is surfaced via exitCode without throwing', ({ fails }) => fails(bash('sh -c "exit 42"'), 'exit 42'));
  add('restart drops state so a previously exported variable is no longer set', async ({ call, gives }) => {
    await call(bash('export WORD=kept'));
    await gives(tool('bash', { restart: true }), 'bash session restarted');
    await gives(bash('echo "[$WORD]"'), '[]');
  });
  // Here the shell is not lost: what came before the call is still there.
  add('a timed-out call discards the corrupted session so the next call starts a fresh shell instead of seeing the stale sentinel', async ({ call, gives, fails }) => {
    await call(bash('export WORD=kept'));
    await fails(bash('echo begun; sleep 60', { timeout_ms: 700 }), 'begun\nbash: bash command timed out after 700ms');
    await gives(bash('echo "fresh $WORD"'), 'fresh kept');
  });
  add('the spawned shell does not inherit ANTHROPIC_* credential env vars', async ({ gives, fails }) => {
    await fails(bash('env | grep -i anthropic'), 'exit 1');
    await gives(bash('cat /proc/*/environ 2>/dev/null | grep -aic anthropic || true'), '0');
  });
  add('ctx.env FULLY REPLACES the scrubbed default environment (verbatim, not merged)', async ({ gives }) => {
    await gives(bash('env | sed "s/=.*//" | grep -vE "^(_|SHLVL|OLDPWD)$" | sort | tr "\\n" " "'), 'HOME LANG PATH PWD SHELL TERM TMPDIR USER ');
  });
  add('concurrent run() calls are serialized so the shared shells stdin is not interleaved (e.g. BetaToolRunner Promise.all)', async ({ subject, session }) => {
    const ids = await subject.emit(session, ...Array.from({ length: 8 }, (_, n) => bash(`n=$((n + 1)); sleep 0.0${n}; echo "$n of ${n + 1}"`)));
    for (const [n, id] of ids.entries()) assert.deepEqual(await subject.answer(session, id), { text: `${n + 1} of ${n + 1}`, is_error: false });
  });
  add('changing directory persists so a later pwd reports the new location', async ({ call, gives }) => {
    await call(bash('mkdir -p a/b && cd a/b'));
    await gives(bash('pwd'), '/workspace/a/b');
  });
  add('exec rejects with a BashTimeoutError carrying the budget when the command exceeds it', ({ fails }) =>
    fails(bash('sleep 60', { timeout_ms: 300 }), 'bash: bash command timed out after 300ms'));
  // Who is aborted here is told by an interrupt; the next call finds the shell as it was before.
  add('an aborted exec rejects with the signal\'s own reason', async ({ call, gives, subject, session }) => {
    await call(bash('WORD=kept'));
    const [id] = await subject.emit(session, bash('touch begun; echo begun; sleep 60; touch ended'));
    await subject.logged(`run session=${session} call=${id}`);
    await subject.post(session, { type: 'user.interrupt' });
    await until('the end of the call', () => subject.worker.log().includes(`answered session=${session} call=${id}`));
    await subject.post(session, { type: 'user.message', content: [{ type: 'text', text: 'go on' }] });
    await gives(bash('echo "$WORD"; ls ended 2>/dev/null; true'), 'kept');
  });
  add('exec against an already-aborted signal rejects with its reason before running', async ({ gives, subject, session }) => {
    const [first, second] = await subject.emit(session, bash('sleep 60'), bash('touch made'));
    await subject.logged(`run session=${session} call=${first}`);
    await subject.post(session, { type: 'user.interrupt' });
    await until('the end of the call', () => subject.worker.log().includes(`answered session=${session} call=${second}`));
    await subject.post(session, { type: 'user.message', content: [{ type: 'text', text: 'go on' }] });
    await gives(bash('ls'), '(no output)');
  });
  add('a command that prints a hardcoded sentinel-like marker cannot truncate its own output or spoof the exit code', ({ fails }) =>
    fails(bash('echo __ANT_CMD_DONE__0; echo "#GBEND"; echo "#GB1 restored"; echo after; (exit 5)'), '__ANT_CMD_DONE__0\n#GBEND\n#GB1 restored\nafter\nexit 5'));
  add('a command that reads stdin gets immediate EOF instead of hanging until the timeout', ({ gives }) => gives(bash('cat; read x; echo ended'), 'ended'));
  add('a command that streams more output than the cap is truncated rather than buffered unbounded', async ({ call }) => {
    const { text, is_error } = await call(bash('yes | head -c 20000000'));
    assert.equal(is_error, false);
    assert.match(text, /^\[output truncated: 20000000 bytes, first \d+ left out; .*\]\n/);
    assert.ok(text.length < 110_000);
  });
  return cases;
}

// A worker on a workspace folder that is named through a link.
const linked = (user) => async (start) => {
  const subject = await start({ user, linkedWorkdir: true });
  const session = await subject.session();
  await subject.call(session, bash('mkdir sub; echo x > sub/b.ts'));
  assert.deepEqual(await subject.call(session, glob('**/*.ts')), { text: '/workspace/sub/b.ts', is_error: false });
};

const cases = {};
const shared = [];
for (const user of userNames) {
  let subject;
  const once = () => (subject ??= Subject.start({ user, idle: '60s', options: ['--max-sessions', '16'] }).then((made) => (shared.push(made), made)));
  for (const [name, body] of Object.entries(casesOf(once))) cases[`${name} as ${user}`] = body;
  cases[`glob still returns matches when the workdir is itself a symlink as ${user}`] = linked(user);
}

await runPorted('toolset', {
  cases, official: OFFICIAL, elsewhere: ELSEWHERE, atOnce: 8, users: userNames,
  cleanUp: () => Promise.all(shared.map((subject) => subject.end())),
});
