// The official TypeScript SDK as a worker on the plane, unchanged: its poller, its lease, its
// session tool runner and its own tools in a temporary folder.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, collect, message, officialWorker, run, startPlane, text, until } from './harness.mjs';

const plane = await startPlane('--page', '2', '--ttl', '4');
const api = client(plane);
const beta = api.beta;
const folders = [];

/** An official worker in a folder of its own, until `end()`. */
async function startWorker(options = {}) {
  const workdir = await mkdtemp(join(tmpdir(), 'glovebox-conformance-'));
  folders.push(workdir);
  return { workdir, end: officialWorker(plane, workdir, options) };
}

/** Serves sessions made by `body` with a worker, which has ended when this resolves. */
async function served(body, options) {
  await plane.control('DELETE', 'trace');
  await plane.control('DELETE', 'faults');
  const worker = await startWorker(options);
  try {
    await body(worker);
  } finally {
    await worker.end();
  }
}

async function rehearse(name, toml) {
  await plane.control('PUT', `rehearsals/${name}`, toml);
  return beta.sessions.create({
    agent: 'agent_1',
    environment_id: plane.environment_id,
    metadata: { rehearsal: name },
    initial_events: [message('begin')],
  });
}

const report = (session) => plane.control('GET', `rehearsals/${session.id}`);
const over = (session) =>
  until(`the end of ${session.id}`, async () => {
    const now = await report(session);
    return (now.state === 'passed' || now.state === 'failed') && now;
  });
async function passed(session) {
  const now = await over(session);
  const bad = now.steps.flatMap((step) => step.calls).filter((call) => call.state === 'failed');
  assert.deepEqual(bad, []);
  assert.equal(now.state, 'passed');
}
const items = (session) =>
  collect(beta.environments.work.list(plane.environment_id)).then((all) =>
    all.filter((item) => item.data.id === session.id),
  );
const stopped = (session) =>
  until('the item to be stopped', async () => (await items(session)).every((item) => item.state === 'stopped'));
const routes = async (name) => (await plane.control('GET', 'trace')).filter((each) => each.route === name);
const manual = () =>
  beta.sessions.create({
    agent: 'agent_1',
    environment_id: plane.environment_id,
    metadata: { brain: 'manual' },
    initial_events: [message('begin')],
  });
const emit = async (session, ...events) =>
  (await plane.control('POST', `sessions/${session.id}/emit`, { events })).ids;
const bash = (command, extra = {}) => ({ type: 'agent.tool_use', name: 'bash', input: { command }, ...extra });
const results = async (session) =>
  (await collect(beta.sessions.events.list(session.id, { types: ['user.tool_result'] })));
const answered = (session, count = 1) =>
  until(`${count} results`, async () => {
    const all = await results(session);
    return all.length >= count && all;
  });

await run(
  {
    'the six tools serve a session': () =>
      served(async ({ workdir }) => {
        const session = await rehearse(
          'six',
          `
rehearsal = 1
[[step]]
say = "I write a file."
tool = "write"
input = { file_path = "notes/a.txt", content = "one\\ntwo\\n" }
expect = { is_error = false, equals = "wrote 8 bytes to notes/a.txt" }
[[step]]
tool = "read"
input = { file_path = "notes/a.txt", view_range = [2, 2] }
expect = { contains = "two", lacks = "one" }
[[step]]
tool = "edit"
input = { file_path = "notes/a.txt", old_string = "two", new_string = "three" }
expect = { equals = "edited notes/a.txt (1 replacement(s))" }
[[step]]
tool = "glob"
input = { pattern = "**/*.txt" }
expect = { like = "*/notes/a.txt" }
[[step]]
tool = "grep"
input = { pattern = "thr.e" }
expect = { like = "*:2:three*" }
[[step]]
tool = "bash"
input = { command = "cd notes && export WORD=kept" }
expect = { exit = 0 }
[[step]]
tool = "bash"
input = { command = "echo $WORD in $(basename $PWD)" }
expect = { equals = "kept in notes" }
[[step]]
tool = "read"
input = { file_path = "/etc/passwd" }
expect = { is_error = true, contains = "outside the session's working directory" }
`,
        );
        await passed(session);
        assert.equal(await readFile(join(workdir, 'notes/a.txt'), 'utf8'), 'one\nthree\n');
        await stopped(session);
      }),
    'parallel calls are all answered': () =>
      served(async () => {
        const calls = [1, 2, 3, 4]
          .map((n) => `[[step.call]]\ntool = "bash"\ninput = { command = "echo ${n}" }\nexpect = { equals = "${n}" }\n`)
          .join('');
        await passed(await rehearse('parallel', `rehearsal = 1\n[[step]]\n${calls}`));
      }),
    'an allowed call runs, a denied one does not': () =>
      served(async ({ workdir }) => {
        const session = await rehearse(
          'asks',
          `
rehearsal = 1
[[step]]
tool = "bash"
ask = "allow"
input = { command = "echo allowed" }
expect = { equals = "allowed" }
[[step]]
tool = "bash"
ask = "deny"
input = { command = "touch denied" }
[[step]]
tool = "bash"
input = { command = "ls" }
expect = { lacks = "denied" }
`,
        );
        await passed(session);
        await assert.rejects(readFile(join(workdir, 'denied')));
      }),
    'the worker works with the item\'s own token and the documented headers': () =>
      served(async () => {
        const session = await manual();
        await emit(session, bash('echo hello'));
        const [result] = await answered(session);
        assert.deepEqual(result.content, text('hello'));
        const [poll] = await routes('work.poll');
        assert.equal(poll.credential, 'environment_key');
        assert.equal(poll.headers['anthropic-worker-id'], 'official');
        assert.ok(poll.headers['x-stainless-helper'].includes('environments-work-poller'));
        assert.deepEqual(poll.query, [['block_ms', '999']]);
        for (const name of ['work.heartbeat', 'sessions.retrieve', 'events.stream', 'events.list', 'events.send']) {
          const mine = (await routes(name)).filter((each) => each.headers['x-stainless-helper']);
          assert.ok(mine.length > 0, name);
          assert.ok(mine.every((each) => each.credential === 'sessions_token'), name);
        }
        await plane.control('POST', `sessions/${session.id}/emit`, { end_turn: true });
        await stopped(session);
        const stops = await routes('work.stop');
        assert.deepEqual(stops.map((each) => each.body), [{ force: true }]);
      }),
    'history is read over several pages before a call is answered': () =>
      served(async () => {
        const session = await manual();
        await emit(session, ...[1, 2, 3, 4, 5].map((n) => bash(`echo ${n}`)));
        assert.equal((await answered(session, 5)).length, 5);
        assert.ok((await routes('events.list')).some((each) => each.query.some(([name]) => name === 'page')));
      }),
    'a later message brings a new item for the same session': () =>
      served(async () => {
        const session = await manual();
        await emit(session, bash('echo 1'));
        await answered(session);
        await plane.control('POST', `sessions/${session.id}/emit`, { end_turn: true });
        await stopped(session);
        await beta.sessions.events.send(session.id, { events: [message('again')] });
        await emit(session, bash('echo 2'));
        await answered(session, 2);
        assert.equal((await items(session)).length, 2);
      }),
    'a broken stream is opened again and nothing is lost': () =>
      served(async () => {
        await plane.control('POST', 'faults', { route: 'events.stream', cut: 'body', count: 2 });
        const session = await manual();
        for (let n = 1; n <= 3; n += 1) {
          await emit(session, bash(`echo ${n}`));
          await answered(session, n);
        }
        assert.ok((await routes('events.stream')).length > 1);
      }),
    'a result whose answer is lost is not counted twice': () =>
      served(async () => {
        await plane.control('POST', 'faults', { route: 'events.send', applied: true, cut: 'before' });
        const session = await manual();
        await emit(session, bash('echo once'));
        await until('the repeated post', async () =>
          (await routes('events.send')).some((each) => each.status === 400),
        );
        assert.equal((await results(session)).length, 1);
        await emit(session, bash('echo next'));
        await answered(session, 2);
        assert.equal((await results(session)).length, 2);
      }),
    'failing polls and acks are survived': () =>
      served(async () => {
        await plane.control('POST', 'faults', [
          { route: 'work.poll', status: 500, count: 2 },
          { route: 'work.ack', status: 503, count: 1, should_retry: true },
        ]);
        const session = await manual();
        await emit(session, bash('true'));
        await answered(session);
      }),
    'leases outlive their time by heartbeats': () =>
      served(async () => {
        const session = await manual();
        await emit(session, bash('sleep 5; echo late'));
        const [result] = await answered(session);
        assert.deepEqual(result.content, text('late'));
        const beats = (await routes('work.heartbeat')).map((each) => each.query[0][1]);
        assert.equal(beats[0], 'NO_HEARTBEAT');
        assert.ok(beats.length > 2);
        assert.equal(new Set(beats).size, beats.length);
        assert.equal((await items(session)).length, 1);
      }),
    'a lost lease ends the run without a stop': () =>
      served(async () => {
        const session = await manual();
        const item = await until('an active item', async () =>
          (await items(session)).find((each) => each.state === 'active'),
        );
        await plane.control('POST', `work/${item.id}/lose_lease`);
        await until('412', async () => (await routes('work.heartbeat')).some((each) => each.status === 412));
        assert.equal((await routes('work.stop')).length, 0);
        await until('the item to be claimed again', async () => (await routes('work.ack')).length > 1);
        await emit(session, bash('echo again'));
        await answered(session);
      }),
    'a stop asked from outside is confirmed by the worker': () =>
      served(async () => {
        const session = await manual();
        const item = await until('an active item', async () =>
          (await items(session)).find((each) => each.state === 'active'),
        );
        const stopping = await beta.environments.work.stop(item.id, { environment_id: plane.environment_id });
        assert.equal(stopping.state, 'stopping');
        await stopped(session);
      }),
    'an archived session ends its item': () =>
      served(async () => {
        const session = await manual();
        await until('an active item', async () => (await items(session)).some((each) => each.state === 'active'));
        await beta.sessions.archive(session.id);
        await stopped(session);
      }),
    'a health check is acknowledged and stopped': () =>
      served(async () => {
        const item = await plane.control('POST', 'healthcheck', {});
        await until('the probe to be stopped', async () => {
          const now = await beta.environments.work.retrieve(item.id, { environment_id: plane.environment_id });
          return now.state === 'stopped' && now.acknowledged_at;
        });
      }),
    'an unusable secret falls back to the environment key': () =>
      served(async () => {
        for (const secret of ['none', 'garbage', 'empty_token']) {
          await plane.control('POST', 'settings', { secret });
          const session = await manual();
          await emit(session, bash('echo fallback'));
          await answered(session);
          await beta.sessions.archive(session.id);
          await stopped(session);
        }
        assert.ok((await routes('events.stream')).every((each) => each.credential === 'environment_key'));
        await plane.control('POST', 'settings', { secret: 'usual' });
      }),
    'every form of an empty poll is understood': () =>
      served(async () => {
        for (const form of ['204', 'empty', 'null']) {
          await plane.control('POST', 'settings', { empty_poll: form });
          await plane.control('DELETE', 'trace');
          await until('an empty poll', async () => (await routes('work.poll')).length > 0);
          const session = await manual();
          await emit(session, bash('true'));
          await answered(session);
          await beta.sessions.archive(session.id);
          await stopped(session);
        }
      }),
  },
  async () => {
    plane.stop();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  },
);
