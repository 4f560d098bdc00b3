// What the benchmarks of calls share: a plane with a worker, scripted sessions, and the times
// between posted results as the plane's trace tells them.
import { spawn } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, message, officialWorker, startPlane, until } from '../conformance/harness.mjs';

const binary = process.env.GLOVEBOX_BINARY;
const rows = process.env.GLOVEBOX_BENCH_ROWS;

/** A script of the plane: `times` calls of a tool, or those of each element of a list.
 *  JSON's strings are TOML's basic strings. */
export function script(calls, times = 1) {
  const step = ({ tool, input }) => {
    const values = Object.entries(input).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return `[[step]]\ntool = "${tool}"\ninput = { ${values.join(', ')} }\nexpect = { is_error = false }\n`;
  };
  return `rehearsal = 1\n${[calls].flat().map(step).join('').repeat(times)}`;
}

export const quantile = (times, share) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))];
const micro = (text) => Date.parse(text) * 1000 + Number(text.slice(-4, -1));

/** Appends a row for report.py. */
export async function row(fields) {
  if (rows) await appendFile(rows, `${JSON.stringify(fields)}\n`);
}

/** Makes a session that plays the script `id`. */
export function play(plane, api, id) {
  return api.beta.sessions.create({
    agent: 'agent_1',
    environment_id: plane.environment_id,
    metadata: { rehearsal: id },
    initial_events: [message('begin')],
  });
}

export async function played(plane, session, limit = 300_000) {
  const end = await until(`the end of ${session.id}`, async () => {
    const now = await plane.control('GET', `rehearsals/${session.id}`);
    return (now.state === 'passed' || now.state === 'failed') && now;
  }, limit);
  if (end.state !== 'passed')
    throw new Error(`${session.id}: ${JSON.stringify(end.steps.find((s) => s.passed === false) ?? end)}`);
}

/** Serves one session with a script to its end. */
export async function serve(plane, api, id, text) {
  await plane.control('PUT', `rehearsals/${id}`, text);
  await plane.control('DELETE', 'trace');
  const session = await play(plane, api, id);
  await played(plane, session);
  return session;
}

/** Microseconds between the results of each of the sessions, as one list a session. */
export async function gaps(plane, sessions) {
  const trace = await plane.control('GET', 'trace');
  const sent = trace.filter((each) => each.route === 'events.send' && each.status === 200);
  return sessions.map((session) => {
    const at = sent.filter((each) => each.path.includes(session.id)).map((each) => micro(each.at));
    return at.slice(1).map((time, i) => time - at[i]);
  });
}

/** Plays `times` calls in a session, each `thought_ms` after the result of the one before; gives the
 *  microseconds from each event to its result. */
export async function paced(plane, api, { tool, input }, times, thought_ms) {
  await plane.control('DELETE', 'trace');
  const session = await api.beta.sessions.create({
    agent: 'agent_1', environment_id: plane.environment_id, initial_events: [message('begin')],
  });
  const emit = (body) => plane.control('POST', `sessions/${session.id}/emit`, body);
  await until('a worker that listens', async () =>
    (await plane.control('GET', 'trace')).some((each) => each.route === 'events.stream'));
  const took = [];
  for (let i = 0, after = 0; i < times; ++i) {
    const event = { type: 'agent.tool_use', name: tool, input, evaluated_permission: 'allow' };
    const { ids: [id] } = await emit({ events: [event] });
    const result = await until(`the result of ${id}`, async () => {
      await new Promise((resolve) => setTimeout(resolve, thought_ms));
      const rows = await plane.control('GET', `trace?after=${after}`);
      return rows.find((each) => each.route === 'events.send' && JSON.stringify(each.body).includes(id));
    });
    after = result.number;
    const latest = await api.beta.sessions.events.list(session.id, { order: 'desc', limit: 20 });
    const sent = latest.data.find((each) => each.id === id);
    took.push(micro(result.at) - micro(sent.processed_at));
  }
  await emit({ end_turn: true });
  return took;
}

/** Starts a plane and a worker on a fresh folder, gives them to `body`, ends them. */
export async function with_worker(start, body) {
  const plane = await startPlane();
  const work = await mkdtemp(join(tmpdir(), 'glovebox-bench-'));
  const stop = await start(plane, work);
  try {
    return await body(plane, client(plane));
  } finally {
    await stop();
    plane.stop();
    await rm(work, { recursive: true, force: true });
  }
}

export const theirs = async (plane, workdir) => officialWorker(plane, workdir);

/** Ours, with all sessions in `workdir`, or as `more` says. */
export const ours = (...more) => async (plane, workdir) => {
  const state = await mkdtemp(join(tmpdir(), 'glovebox-bench-state-'));
  const child = spawn(
    binary,
    ['worker', '--environment-id', plane.environment_id, '--base-url', plane.base_url, '--policy',
      'builtin:default', '--state', state, '--max-idle', '1s',
      ...(more.includes('--workspace') ? [] : ['--workdir', workdir, '--workspace', 'shared']), ...more],
    { env: { PATH: process.env.PATH, ANTHROPIC_ENVIRONMENT_KEY: plane.environment_key },
      stdio: ['ignore', 'ignore', process.env.GLOVEBOX_BENCH_LOG ? 'inherit' : 'ignore'] },
  );
  return async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    await rm(state, { recursive: true, force: true });
  };
};
