// What a tool call costs from event to posted result, beside the official worker: each serves the
// same scripted session on the plane, one call after the other, and the plane's trace tells when
// each result came in. The official worker runs its tools without any isolation.
import { gaps, ours, quantile, row, script, serve, theirs, with_worker } from './measure.mjs';

const RUNS = 60;
const WARM_UP = 5;
// 2,000 files in 50 folders, and one of 2 KiB; made by the worker's own bash, since as root a
// workspace belongs to the ids of its boxes.
const FILL = [
  'for d in $(seq 0 49); do mkdir -p tree/d$d; for f in $(seq $d 50 1999); do',
  "printf 'line one\\nneedle %d\\n%0400d\\n' $f 0 > tree/d$d/f$f.txt; done; done;",
  "printf 'x%02047d' 0 > edited.txt",
].join(' ');
const CALLS = {
  'bash true': { tool: 'bash', input: { command: 'true' }, bar: 1 },
  read: { tool: 'read', input: { file_path: 'tree/d1/f1.txt' }, bar: 1 },
  edit: { tool: 'edit', input: { file_path: 'edited.txt', old_string: 'x', new_string: 'x' }, bar: 1 },
  grep: { tool: 'grep', input: { pattern: 'needle 7' }, bar: 0.9 },
  glob: { tool: 'glob', input: { pattern: '**/f1*.txt' } },
};

/** Serves one session for each tool and gives its times in microseconds. */
const measure = (start) => with_worker(start, async (plane, api) => {
  const figures = {};
  await serve(plane, api, 'fill', script({ tool: 'bash', input: { command: FILL } }));
  for (const [name, call] of Object.entries(CALLS)) {
    const session = await serve(plane, api, name.replaceAll(' ', '-'), script(call, RUNS + WARM_UP));
    figures[name] = (await gaps(plane, [session]))[0].slice(WARM_UP);
  }
  return figures;
});

const peer = await measure(theirs);
const mine = await measure(ours());
for (const [name, { bar }] of Object.entries(CALLS)) {
  const [a, b] = [mine[name], peer[name]];
  const ratio = quantile(a, 0.5) / quantile(b, 0.5);
  console.log(
    `${name.padEnd(12)} glovebox p50 ${quantile(a, 0.5)} us p99 ${quantile(a, 0.99)} us, official p50 ` +
      `${quantile(b, 0.5)} us p99 ${quantile(b, 0.99)} us, ratio ${ratio.toFixed(2)}`,
  );
  await row({ name: `call: ${name}`, unit: 'us p50', ours: quantile(a, 0.5), ours_p99: quantile(a, 0.99),
    peer: quantile(b, 0.5), peer_name: 'official worker, no isolation', bar: bar && { ratio: bar } });
}
process.exit(0);
