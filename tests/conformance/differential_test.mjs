// The same scripted sessions served by the official worker, unisolated, and by `glovebox worker`, as
// root and as an ordinary user, compared field by field through the plane's request trace.
//
// Every difference has to stand in wanted.json, which names the row of section 25 of the wire page
// that wants it (or the path prefix); a row that nothing shows any more is a failure too. What came
// out is told in BUILD/differential.txt. GLOVEBOX_ACCEPT=1 rewrites the table, leaving the row of
// whatever is new to a person; arguments are words that names of sessions have to contain.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPlane } from './harness.mjs';
import { differences, WantedTable } from './compare.mjs';
import { observe } from './observe.mjs';
import { play, Tap } from './play.mjs';
import { reportOf } from './report.mjs';
import { removeFolders, startGlovebox, startOfficial, isRoot, userNames } from './workers.mjs';
import { sessions as bashSessions } from './sessions/bash.mjs';
import { sessions as shellSessions } from './sessions/shell.mjs';
import { sessions as fileSessions } from './sessions/files.mjs';
import { sessions as searchSessions } from './sessions/search.mjs';
import { sessions as flowSessions } from './sessions/flow.mjs';
import { sessions as aloneSessions } from './sessions/alone.mjs';
import { given, notProvoked, sessions as textSessions } from './sessions/texts.mjs';

const MAX_IDLE = 300;
const LONG_IDLE = 60_000;
const SLOTS = 6;
const LEAST_SESSIONS = 60;
const LEAST_OF_A_TOOL = 5;
const TOOLS = ['bash', 'read', 'write', 'edit', 'glob', 'grep'];

const build = process.env.GLOVEBOX_BUILD ?? '../../build/dev';
mkdirSync(build, { recursive: true });

const words = process.argv.slice(2);
const all = [...bashSessions, ...shellSessions, ...fileSessions, ...searchSessions, ...textSessions, ...flowSessions, ...aloneSessions];
const wanted = all.filter(({ name }) => words.every((word) => name.includes(word)));
const together = wanted.filter((each) => !each.alone && !each.patient);
const patient = wanted.filter((each) => each.patient);
const alone = wanted.filter((each) => each.alone);

const starters = {
  official: (plane, slots, maxIdleMs) => startOfficial(plane, slots, { maxIdleMs }),
  ...Object.fromEntries(userNames.map((user) => [user, (plane, slots, maxIdleMs) =>
    startGlovebox(plane, user, ['--max-idle', `${maxIdleMs}ms`, '--max-sessions', String(slots), '--worker-id', 'worker-0'])])),
};

/** Takes what `next()` gives `count` at a time until there is no more. */
const pool = (count, list, body) => {
  const left = [...list];
  return Promise.all(Array.from({ length: count }, async () => {
    while (left.length) await body(left.shift());
  }));
};

async function withWorker(side, { slots = 1, idle = MAX_IDLE, ttl }, body) {
  const plane = await startPlane(...(ttl ? ['--ttl', String(ttl)] : []));
  const worker = await starters[side](plane, slots, idle);
  const tap = new Tap(plane);
  try {
    await body(plane, tap, worker);
  } finally {
    await worker.end();
    await tap.end();
    plane.stop();
  }
}

/** Map from a session's name to what this worker did in it. */
async function observed(side) {
  const seen = new Map();
  const note = (played, worker) => {
    const observation = observe(played, worker);
    if (played.error) writeFileSync(join(build, `differential-${side}.log`), worker.log());
    seen.set(played.script.name, observation);
  };
  await Promise.all([
    withWorker(side, { slots: SLOTS }, async (plane, tap, worker) => {
      await pool(SLOTS, together, async (script) => note(await play(plane, tap, worker, script), worker));
      const polls = tap.about('poll');
      seen.set('queue: every poll', observe({ script: { name: 'queue: every poll' }, session: ' ', items: [], calls: [], entries: polls }, worker));
      seen.get('queue: every poll').requests = 'work.poll';
    }),
    withWorker(side, { slots: Math.max(1, patient.length), idle: LONG_IDLE }, async (plane, tap, worker) => {
      await pool(patient.length, patient, async (script) => note(await play(plane, tap, worker, script), worker));
    }),
    withWorker(side, { ttl: 4 }, async (plane, tap, worker) => {
      for (const script of alone) {
        await plane.control('POST', 'settings', { secret: 'usual', empty_poll: 'null', page: 1000 });
        await plane.control('DELETE', 'faults');
        note(await play(plane, tap, worker, script), worker);
      }
    }),
  ]);
  return seen;
}

const seen = Object.fromEntries(await Promise.all(
  Object.keys(starters).map(async (side) => [side, await observed(side)])));

const table = new WantedTable('wanted.json');
const scripts = [...wanted, ...(words.length ? [] : [{ name: 'queue: every poll', steps: [] }])];
let failed = 0;
function tell(name, problems) {
  for (const problem of problems) console.log(`    ${problem.replaceAll('\n', '\n    ')}`);
  console.log(problems.length ? `not ok ${name}` : `ok ${name}`);
  failed += problems.length ? 1 : 0;
}

const found = {};
for (const user of userNames) {
  found[user] = [];
  for (const script of scripts) {
    const official = seen.official.get(script.name);
    const ours = seen[user].get(script.name);
    const all = differences(script, official, ours);
    found[user].push(...all);
    tell(`${script.name} as ${user}`, all.filter((each) => !table.listing(each)).map((each) =>
      `unlisted: ${each.field}\n  official: ${each.official}\n  ours:     ${each.ours}`));
  }
}

if (!words.length) {
  if (process.env.GLOVEBOX_ACCEPT === '1') table.accept(found[userNames[0]]);
  for (const user of userNames)
    tell(`every listed difference still occurs as ${user}`, table.stale(found[user]));
  tell('every row of the table names a row of section 25 or the path prefix', table.badRows());

  const uses = (name) => all.filter((each) => each.steps.some((step) => step.calls?.some((call) => call.name === name)));
  tell('there are enough sessions, and of each tool', [
    ...(all.length < LEAST_SESSIONS ? [`only ${all.length} sessions`] : []),
    ...TOOLS.filter((name) => uses(name).length < LEAST_OF_A_TOOL).map((name) => `only ${uses(name).length} of ${name}`),
  ]);
  const contents = (side) => [...seen[side].values()].flatMap((each) =>
    Object.entries(each).filter(([field]) => field.endsWith(' content')).map(([, content]) => content));
  const missing = (side) => given.filter(({ text, who }) => who === 'both' || (who === 'official') === (side === 'official'))
    .filter(({ text }) => !contents(side).some((each) => (text instanceof RegExp ? text.test(each) : each.includes(text))))
    .map(({ text }) => `nowhere: ${text}`);
  for (const side of Object.keys(starters))
    tell(`each text of section 14 is given by ${side === 'official' ? 'the official worker' : `glovebox as ${side}`}`, missing(side));

  writeFileSync(join(build, 'differential.txt'), reportOf({ scripts, found, table, uses: Object.fromEntries(TOOLS.map((name) => [name, uses(name).length])), given, notProvoked }));
}
if (!isRoot) console.log('skip the sessions as root: not started as root');
await removeFolders();
process.exit(failed ? 1 : 0);
