// What a tool call costs from event to posted result, beside the official worker: each serves the
// same calls on the plane, one after the other, and the plane tells when each event went out and
// when each result came in. The official worker runs its tools without any isolation.
//
// Cold: no box is made ahead of its call. Warm: as it is when nobody says otherwise.
import {
  ours, paced, quantile, row, script, serve, theirs, with_worker,
} from './measure.mjs';

const RUNS = 60;
const WARM_UP = 5;
// 2,000 files in 50 folders, and one of 2 KiB; made by the worker's own bash, since as root a
// workspace belongs to the ids of its boxes.
const FILL = [
  'for d in $(seq 0 49); do mkdir -p tree/d$d; for f in $(seq $d 50 1999); do',
  "printf 'line one\\nneedle %d\\n%0400d\\n' $f 0 > tree/d$d/f$f.txt; done; done;",
  "printf 'x%02047d' 0 > edited.txt",
].join(' ');
// A bar is the most that a call may cost beside the peer's.
const CALLS = {
  'bash true': { tool: 'bash', input: { command: 'true' }, warm: 1, cold: 2 },
  read: { tool: 'read', input: { file_path: 'tree/d1/f1.txt' }, warm: 1 },
  edit: { tool: 'edit', input: { file_path: 'edited.txt', old_string: 'x', new_string: 'x' }, warm: 1 },
  grep: { tool: 'grep', input: { pattern: 'needle 7' }, warm: 0.9, runs: 15 },
  glob: { tool: 'glob', input: { pattern: '**/f1*.txt' }, runs: 15 },
};
// An agent thinks between its calls; both sides get the same time.
const THOUGHT_MS = 20;

const fill = (plane, api) => serve(plane, api, 'fill', script({ tool: 'bash', input: { command: FILL } }));

/** One call after the other, with a thought between: microseconds from event to result. */
const with_thought = (start) => with_worker(start, async (plane, api) => {
  const figures = {};
  await fill(plane, api);
  for (const [name, call] of Object.entries(CALLS))
    figures[name] = (await paced(plane, api, call, (call.runs ?? RUNS) + WARM_UP, THOUGHT_MS)).slice(WARM_UP);
  return figures;
});

async function compare(kind, mine, peer) {
  for (const [name, call] of Object.entries(CALLS)) {
    const [a, b] = [mine[name], peer[name]];
    const ratio = quantile(a, 0.5) / quantile(b, 0.5);
    console.log(
      `${kind.padEnd(5)} ${name.padEnd(10)} glovebox p50 ${quantile(a, 0.5)} us p99 ${quantile(a, 0.99)} us, ` +
        `official p50 ${quantile(b, 0.5)} us p99 ${quantile(b, 0.99)} us, ratio ${ratio.toFixed(2)}`,
    );
    await row({ name: `${kind} call: ${name}`, unit: 'us p50', ours: quantile(a, 0.5),
      ours_p99: quantile(a, 0.99), peer: quantile(b, 0.5), peer_name: 'official worker, no isolation',
      bar: call[kind] && { ratio: call[kind] } });
  }
}

const peer = await with_thought(theirs);
await compare('warm', await with_thought(ours()), peer);
await compare('cold', await with_thought(ours('--warm', '0')), peer);
process.exit(0);
