// What a tool call costs from event to posted result, beside the official worker: each serves the
// same scripted session on the plane, one call after the other, and the plane's trace tells when
// each result came in. The official worker runs its tools without any isolation.
import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, message, startPlane, until } from '../conformance/harness.mjs';

const RUNS = 60;
const WARM_UP = 5;
const FILES = 2000;
const CALLS = {
  'bash true': ['bash', 'command = "true"'],
  read: ['read', 'file_path = "tree/d1/f1.txt"'],
  edit: ['edit', 'file_path = "edited.txt", old_string = "x", new_string = "x"'],
  grep: ['grep', 'pattern = "needle 7"'],
  glob: ['glob', 'pattern = "**/f1*.txt"'],
};
const binary = process.env.GLOVEBOX_BINARY;

function script([tool, input]) {
  const step = `[[step]]\ntool = "${tool}"\ninput = { ${input} }\nexpect = { is_error = false }\n`;
  return `rehearsal = 1\n${step.repeat(RUNS + WARM_UP)}`;
}

async function fill(folder) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'edited.txt'), 'x'.padEnd(2048, '.'));
  for (let i = 0; i < FILES; i += 1) {
    const place = join(folder, 'tree', `d${i % 50}`);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, `f${i}.txt`), `line one\nneedle ${i}\n${'padding '.repeat(50)}\n`);
  }
}

const quantile = (times, share) => times.toSorted((a, b) => a - b)[Math.floor(share * times.length)];
const micro = (text) => Date.parse(text) * 1000 + Number(text.slice(-4, -1));

/** Serves one session for each tool and gives its times in microseconds. */
async function measure(start) {
  const plane = await startPlane();
  const api = client(plane);
  const work = await mkdtemp(join(tmpdir(), 'glovebox-bench-'));
  await fill(work);
  const stop = await start(plane, work);
  const figures = {};
  try {
    for (const [name, call] of Object.entries(CALLS)) {
      const id = name.replaceAll(' ', '-');
      await plane.control('PUT', `rehearsals/${id}`, script(call));
      await plane.control('DELETE', 'trace');
      const session = await api.beta.sessions.create({
        agent: 'agent_1',
        environment_id: plane.environment_id,
        metadata: { rehearsal: id },
        initial_events: [message('begin')],
      });
      const end = await until(name, async () => {
        const now = await plane.control('GET', `rehearsals/${session.id}`);
        return (now.state === 'passed' || now.state === 'failed') && now;
      }, 180_000);
      if (end.state !== 'passed') throw new Error(`${name}: ${JSON.stringify(end.steps[0])}`);
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

async function official(plane, workdir) {
  const stop = new AbortController();
  const worker = client(plane, { apiKey: null, authToken: plane.environment_key, maxRetries: 2 });
  const ended = worker.beta.environments.work
    .worker({
      environmentId: plane.environment_id,
      environmentKey: plane.environment_key,
      workdir,
      workerId: 'official',
      maxIdleMs: 300,
    })
    .run(stop.signal);
  return async () => {
    stop.abort();
    await ended.catch(() => {});
  };
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

const theirs = await measure(official);
const mine = await measure(ours);
for (const name of Object.keys(CALLS)) {
  const [a, b] = [mine[name], theirs[name]];
  console.log(
    `${name.padEnd(12)} glovebox p50 ${quantile(a, 0.5)} us p99 ${quantile(a, 0.99)} us, official p50 ` +
      `${quantile(b, 0.5)} us p99 ${quantile(b, 0.99)} us, ratio ${(quantile(a, 0.5) / quantile(b, 0.5)).toFixed(2)}`,
  );
}
process.exit(0);
