// What a tool call costs from event to posted result, beside the official worker: each serves the
// same scripted session on the plane, one call after the other, and the plane's trace tells when
// each result came in. The official worker runs its tools without any isolation.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, message, officialWorker, startPlane, until } from '../conformance/harness.mjs';

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
  'bash true': { tool: 'bash', input: { command: 'true' } },
  read: { tool: 'read', input: { file_path: 'tree/d1/f1.txt' } },
  edit: { tool: 'edit', input: { file_path: 'edited.txt', old_string: 'x', new_string: 'x' } },
  grep: { tool: 'grep', input: { pattern: 'needle 7' } },
  glob: { tool: 'glob', input: { pattern: '**/f1*.txt' } },
};
const binary = process.env.GLOVEBOX_BINARY;

// JSON's strings are TOML's basic strings.
function script({ tool, input }, times) {
  const values = Object.entries(input).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const step = `[[step]]\ntool = "${tool}"\ninput = { ${values.join(', ')} }\nexpect = { is_error = false }\n`;
  return `rehearsal = 1\n${step.repeat(times)}`;
}

const quantile = (times, share) => times.toSorted((a, b) => a - b)[Math.floor(share * times.length)];
const micro = (text) => Date.parse(text) * 1000 + Number(text.slice(-4, -1));

/** Serves one session with a script to its end. */
async function serve(plane, api, id, text) {
  await plane.control('PUT', `rehearsals/${id}`, text);
  await plane.control('DELETE', 'trace');
  const session = await api.beta.sessions.create({
    agent: 'agent_1',
    environment_id: plane.environment_id,
    metadata: { rehearsal: id },
    initial_events: [message('begin')],
  });
  const end = await until(id, async () => {
    const now = await plane.control('GET', `rehearsals/${session.id}`);
    return (now.state === 'passed' || now.state === 'failed') && now;
  }, 180_000);
  if (end.state !== 'passed') throw new Error(`${id}: ${JSON.stringify(end.steps[0])}`);
  return session;
}

/** Serves one session for each tool and gives its times in microseconds. */
async function measure(start) {
  const plane = await startPlane();
  const api = client(plane);
  const work = await mkdtemp(join(tmpdir(), 'glovebox-bench-'));
  const stop = await start(plane, work);
  const figures = {};
  try {
    await serve(plane, api, 'fill', script({ tool: 'bash', input: { command: FILL } }, 1));
    for (const [name, call] of Object.entries(CALLS)) {
      const session = await serve(plane, api, name.replaceAll(' ', '-'), script(call, RUNS + WARM_UP));
      const posted = (await plane.control('GET', 'trace'))
        .filter((each) => each.route === 'events.send' && each.path.includes(session.id))
        .map((each) => micro(each.at));
      figures[name] = posted.slice(1).map((at, i) => at - posted[i]).slice(WARM_UP);
    }
  } finally {
    await stop();
    plane.stop();
    await rm(work, { recursive: true, force: true });
  }
  return figures;
}

async function ours(plane, workdir) {
  const state = await mkdtemp(join(tmpdir(), 'glovebox-bench-state-'));
  const child = spawn(
    binary,
    ['worker', '--environment-id', plane.environment_id, '--base-url', plane.base_url, '--policy',
      'builtin:default', '--state', state, '--workdir', workdir, '--workspace', 'shared',
      '--max-idle', '1s'],
    { env: { PATH: process.env.PATH, ANTHROPIC_ENVIRONMENT_KEY: plane.environment_key },
      stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    await rm(state, { recursive: true, force: true });
  };
}

const theirs = await measure(async (plane, workdir) => officialWorker(plane, workdir));
const mine = await measure(ours);
for (const name of Object.keys(CALLS)) {
  const [a, b] = [mine[name], theirs[name]];
  console.log(
    `${name.padEnd(12)} glovebox p50 ${quantile(a, 0.5)} us p99 ${quantile(a, 0.99)} us, official p50 ` +
      `${quantile(b, 0.5)} us p99 ${quantile(b, 0.99)} us, ratio ${(quantile(a, 0.5) / quantile(b, 0.5)).toFixed(2)}`,
  );
}
process.exit(0);
