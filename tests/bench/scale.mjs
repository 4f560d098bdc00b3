// How the cost of a call grows: with the sessions that have calls at the same time, with the calls
// that a session has behind it, and with the files in its workspace. Series for the plots.
import { gaps, ours, play, played, quantile, row, script, serve, theirs, with_worker } from './measure.mjs';

const TRUE = { tool: 'bash', input: { command: 'true' } };
const SESSIONS = [1, 4, 16, 64, 100];
const CALLS = 1000;
const BLOCK = 100;
const FILES = [1000, 5000, 20_000, 50_000];
const TREE_RUNS = 8;

const p50 = (times) => quantile(times, 0.5);
const point = (series, x, mine, more) => row({ series, x, ours: mine, ...more });

async function bySessions() {
  await with_worker(ours('--max-sessions', '128', '--workspace', 'session'), async (plane, api) => {
    for (const count of SESSIONS) {
      const each = Math.max(8, Math.round(200 / count));
      const id = `at-once-${count}`;
      await plane.control('PUT', `rehearsals/${id}`, script(TRUE, each));
      await plane.control('DELETE', 'trace');
      const begin = Date.now();
      const sessions = await Promise.all(Array.from({ length: count }, () => play(plane, api, id)));
      await Promise.all(sessions.map((session) => played(plane, session)));
      const seconds = (Date.now() - begin) / 1000;
      const lists = await gaps(plane, sessions);
      const all = lists.flat();
      const means = lists.map((list) => list.reduce((a, b) => a + b, 0) / list.length);
      const spread = Math.max(...means) / Math.min(...means);
      const rate = (count * each) / seconds;
      console.log(`${String(count).padStart(4)} sessions with calls at once: ${rate.toFixed(0)} calls/s, ` +
        `p50 ${p50(all)} us, p99 ${quantile(all, 0.99)} us, slowest session ${spread.toFixed(2)} x the fastest`);
      await point('sessions', count, p50(all), { p99: quantile(all, 0.99), calls_per_second: rate, spread });
    }
  });
}

async function byCalls() {
  await with_worker(ours(), async (plane, api) => {
    const session = await serve(plane, api, 'long', script(TRUE, CALLS + 1));
    const [times] = await gaps(plane, [session]);
    const blocks = [];
    for (let at = 0; at < CALLS; at += BLOCK) blocks.push(p50(times.slice(at, at + BLOCK)));
    for (const [i, value] of blocks.entries()) await point('calls', (i + 1) * BLOCK, value);
    console.log(`calls ${blocks.length} x ${BLOCK} of one session, p50 of each hundred: ${blocks.join(' ')} us`);
  });
}

const fill = (from, to) => ({ tool: 'bash', input: { command:
  `for d in $(seq 0 199); do mkdir -p tree/d$d; for f in $(seq $((d + ${from})) 200 ${to - 1}); do ` +
  "printf 'line one\\nneedle %d\\n%0400d\\n' $f 0 > tree/d$d/f$f.txt; done; done" } });
const TREE_CALLS = {
  grep: { tool: 'grep', input: { pattern: 'needle 77' }, bar: 0.9 },
  glob: { tool: 'glob', input: { pattern: '**/*' }, bar: 0.1 },
};

const treeTimes = (start) => with_worker(start, async (plane, api) => {
  const times = {};
  let filled = 0;
  for (const files of FILES) {
    await serve(plane, api, `fill-${files}`, script(fill(filled, files)));
    filled = files;
    for (const [name, call] of Object.entries(TREE_CALLS)) {
      const session = await serve(plane, api, `${name}-${files}`, script(call, TREE_RUNS + 1));
      (times[name] ??= {})[files] = p50((await gaps(plane, [session]))[0]);
    }
  }
  return times;
});

async function byFiles() {
  const peer = await treeTimes(theirs);
  const mine = await treeTimes(ours());
  for (const [name, { bar }] of Object.entries(TREE_CALLS)) {
    for (const files of FILES) {
      const [a, b] = [mine[name][files], peer[name][files]];
      console.log(`${name} over ${files} files: glovebox p50 ${a} us, official p50 ${b} us, ratio ${(a / b).toFixed(3)}`);
      await point(`files: ${name}`, files, a, { peer: b });
    }
    const most = FILES.at(-1);
    await row({ name: `${name} over ${most} files`, unit: 'us p50', ours: mine[name][most],
      peer: peer[name][most], peer_name: 'official worker, no isolation', bar: { ratio: bar } });
  }
}

await bySessions();
await byCalls();
await byFiles();
process.exit(0);
