// The cases of the official worker's suite, by name, as black-box cases of `glovebox worker` and of
// `glovebox worker run`, which serves one claimed item.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bash } from './script.mjs';
import { assert, runPorted, until } from './subject.mjs';
import { freshFolder, startGlovebox, userNames } from './workers.mjs';

const OFFICIAL = [
  'claims a session, dispatches its tools, heartbeats the lease, and force-stops on exit',
  'a memory sync interval under the minimum is refused at construction',
  'skips a non-session item but still stops it',
  'a failing work item does not take the poll loop down with it',
  'forwards requestOptions custom headers to poll/ack/heartbeat/stop and the session calls',
  'prefers the sessions token from the work item secret for per-item calls',
  'falls back to the environment key when the secret is undecodable',
  'sessionsTokenFromSecret decodes padded and unpadded payloads and rejects the rest',
  'does not log the secret on error paths',
  'handleItem uses the workSecret option as the per-item credential',
  'handleItem falls back to ANTHROPIC_WORK_SECRET',
  'run() requires environmentId and environmentKey',
  'handleItem resolves the environment key from the worker or an explicit option',
  'handleItem throws when the environment key cannot be resolved',
  'unrestrictedPaths=true is rejected at construction',
  'unrestrictedPaths=false is rejected at construction',
  'a heartbeat 412 releases the item without stopping it',
  'a control-plane stop still force-stops the item',
  'a heartbeat rejected with another 4xx still force-stops the item',
  'a 409 is retried, and the session is given up once the lease ttl passes without a successful beat',
  'a heartbeat call that never answers is cut off each interval and the stale lease ends the session',
  'the lease ttl bounds how long a failing tool-result send is retried',
  'a 401 is permanent: the session is cancelled on the first failure',
];
const ELSEWHERE = {
  'a memory sync interval under the minimum is refused at construction': 'memory stores are of a later issue',
};

const SHORT_LEASE = { planeOptions: ['--ttl', '2'] };
const SHUT = ['work.heartbeat', 'sessions.retrieve', 'events.stream', 'events.list', 'events.send', 'work.stop'];

async function running(start, how = {}) {
  const subject = await start(how);
  const session = await subject.session();
  assert.deepEqual(await subject.call(session, bash('echo one')), { text: 'one', is_error: false });
  return { subject, session };
}

/** A claimed item in the hands of the test, as another poller would hold it. */
async function claimed(start, settings) {
  const subject = await start({ worker: false });
  if (settings) await subject.settings(settings);
  const session = await subject.session();
  const ask = async (method, path) => {
    const answer = await fetch(`${subject.plane.base_url}/v1/environments/${subject.plane.environment_id}/work/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${subject.plane.environment_key}`, 'anthropic-version': '2026-10-21',
        'anthropic-beta': 'managed-agents-2026-04-01',
      },
    });
    return answer.json();
  };
  const item = await ask('GET', 'poll');
  await ask('POST', `${item.id}/ack`);
  await subject.control('DELETE', 'trace');
  return { subject, session, item };
}

/** `glovebox worker run` for such an item; resolves with its exit code once the session is over. */
async function serve({ subject, session, item }, { options = [], variables = {}, keyed = false } = {}) {
  const worker = await startGlovebox(subject.plane, userNames[0],
    ['--work-id', item.id, '--session-id', session, ...options], { command: ['worker', 'run', '--max-idle', '300ms'], variables, keyed });
  subject.worker = worker;
  const answer = subject.call(session, bash('echo served'));
  const ended = worker.ended.then(([code]) => code);
  const first = await Promise.race([answer.then(() => 'answered', () => 'unanswered'), ended]);
  if (first !== 'answered') return { code: await ended, log: worker.log() };
  assert.deepEqual(await answer, { text: 'served', is_error: false });
  await subject.endTurn(session);
  return { code: await ended, log: worker.log() };
}

const credentials = async (subject) => {
  const all = (await subject.trace()).filter((each) => SHUT.includes(each.route));
  assert.ok(all.some((each) => each.route === 'events.send') && all.some((each) => each.route === 'work.stop'));
  return [...new Set(all.map((each) => each.credential))];
};
const padded = (secret) => secret + '='.repeat((4 - (secret.length % 4)) % 4);
const bare = (secret) => secret.replace(/=+$/, '');

const cases = {
  'claims a session, dispatches its tools, heartbeats the lease, and force-stops on exit': async (start) => {
    const { subject, session } = await running(start, SHORT_LEASE);
    const beats = await subject.asked('work.heartbeat', 3);
    assert.equal(beats[0].query[0][1], 'NO_HEARTBEAT');
    assert.equal(new Set(beats.map((each) => each.query[0][1])).size, beats.length);
    assert.ok(beats.every((each) => each.status === 200));
    await subject.endTurn(session);
    await subject.stopped(session);
    assert.deepEqual((await subject.trace('work.stop')).map((each) => each.body), [{ force: true }]);
  },
  'skips a non-session item but still stops it': async (start) => {
    const subject = await start();
    const item = await subject.control('POST', 'healthcheck', {});
    await until('the stop', async () =>
      (await subject.beta.environments.work.retrieve(item.id, { environment_id: subject.plane.environment_id })).state === 'stopped');
    assert.equal((await subject.trace('events.stream')).length, 0);
  },
  'a failing work item does not take the poll loop down with it': async (start) => {
    const subject = await start();
    await subject.faults({ route: 'sessions.retrieve', credential: 'worker', status: 404 });
    const bad = await subject.session();
    await subject.stopped(bad);
    const good = await subject.session();
    assert.equal((await subject.call(good, bash('echo good'))).text, 'good');
  },
  // Of headers only the version is a person's to choose.
  'forwards requestOptions custom headers to poll/ack/heartbeat/stop and the session calls': async (start) => {
    const { subject, session } = await running(start, { options: ['--api-version', '2023-06-01'] });
    await subject.endTurn(session);
    await subject.stopped(session);
    const all = await subject.trace();
    for (const route of ['work.poll', 'work.ack', ...SHUT]) assert.ok(all.some((each) => each.route === route), route);
    assert.deepEqual([...new Set(all.map((each) => each.headers['anthropic-version']))], ['2023-06-01']);
  },
  'prefers the sessions token from the work item secret for per-item calls': async (start) => {
    const { subject, session } = await running(start);
    await subject.endTurn(session);
    await subject.stopped(session);
    assert.deepEqual(await credentials(subject), ['sessions_token']);
  },
  'falls back to the environment key when the secret is undecodable': async (start) => {
    const subject = await start();
    for (const secret of ['garbage', 'empty_token', 'none']) {
      await subject.settings({ secret });
      await subject.control('DELETE', 'trace');
      const session = await subject.session();
      assert.equal((await subject.call(session, bash('echo one'))).text, 'one');
      await subject.endTurn(session);
      await subject.stopped(session);
      assert.deepEqual(await credentials(subject), ['environment_key'], secret);
    }
  },
  'sessionsTokenFromSecret decodes padded and unpadded payloads and rejects the rest': async (start) => {
    for (const form of [padded, bare]) {
      const taken = await claimed(start);
      const { code, log } = await serve(taken, { variables: { ANTHROPIC_WORK_SECRET: form(taken.item.secret) } });
      assert.equal(code, 0, log);
      assert.deepEqual(await credentials(taken.subject), ['sessions_token']);
    }
    for (const secret of ['!', 'bm90IEpTT04', 'W10', 'e30', 'bnVsbA', Buffer.from('{"sessions_token":7}').toString('base64url')]) {
      const taken = await claimed(start);
      const { code, log } = await serve(taken, { variables: { ANTHROPIC_WORK_SECRET: secret }, keyed: true });
      assert.equal(code, 0, log);
      assert.deepEqual(await credentials(taken.subject), ['environment_key'], secret);
    }
  },
  'does not log the secret on error paths': async (start) => {
    const taken = await claimed(start);
    const { sessions_token } = JSON.parse(Buffer.from(taken.item.secret, 'base64url'));
    await taken.subject.faults(
      { route: 'sessions.retrieve', credential: 'worker', status: 503 }, { route: 'events.stream', credential: 'worker', status: 500 },
      { route: 'events.list', credential: 'worker', malformed: true }, { route: 'events.send', credential: 'worker', status: 401 },
      { route: 'work.heartbeat', credential: 'worker', status: 401 }, { route: 'work.stop', credential: 'worker', status: 403 });
    const { log } = await serve(taken, { variables: { ANTHROPIC_WORK_SECRET: taken.item.secret }, keyed: true });
    assert.ok(log.includes(taken.item.id), log);
    for (const secret of [taken.item.secret, sessions_token, sessions_token.slice(-12), taken.subject.plane.environment_key])
      assert.ok(!log.includes(secret), log);
  },
  'handleItem uses the workSecret option as the per-item credential': async (start) => {
    const taken = await claimed(start);
    const file = join(await freshFolder(), 'secret');
    await writeFile(file, taken.item.secret, { mode: 0o600 });
    const { code, log } = await serve(taken, { options: ['--work-secret-file', file] });
    assert.equal(code, 0, log);
    assert.deepEqual(await credentials(taken.subject), ['sessions_token']);
    // One that others can read is refused.
    await chmod(file, 0o644);
    const again = await claimed(start);
    assert.equal((await serve(again, { options: ['--work-secret-file', file] })).code, 78);
  },
  'handleItem falls back to ANTHROPIC_WORK_SECRET': async (start) => {
    const taken = await claimed(start);
    const { code, log } = await serve(taken, { variables: { ANTHROPIC_WORK_SECRET: taken.item.secret } });
    assert.equal(code, 0, log);
    assert.deepEqual(await credentials(taken.subject), ['sessions_token']);
  },
  'run() requires environmentId and environmentKey': async (start) => {
    const { plane } = await start({ worker: false });
    const keyless = await startGlovebox(plane, userNames[0], [], { keyed: false });
    const [code] = await keyless.ended;
    assert.ok([64, 78].includes(code), `${code}: ${keyless.log()}`);
    assert.match(keyless.log(), /ANTHROPIC_ENVIRONMENT_KEY/);
    const homeless = await startGlovebox({ ...plane, environment_id: '' }, userNames[0], []);
    const [other] = await homeless.ended;
    assert.ok([64, 78].includes(other), `${other}: ${homeless.log()}`);
    assert.match(homeless.log(), /environment/);
  },
  'handleItem resolves the environment key from the worker or an explicit option': async (start) => {
    for (const how of [{ keyed: true }, { flag: true }]) {
      const taken = await claimed(start);
      const { code, log } = await serve(taken, {
        keyed: how.keyed ?? false, options: how.flag ? ['--environment-key', taken.subject.plane.environment_key] : [],
      });
      assert.equal(code, 0, log);
      assert.deepEqual(await credentials(taken.subject), ['environment_key']);
    }
  },
  'handleItem throws when the environment key cannot be resolved': async (start) => {
    const taken = await claimed(start);
    const without = await serve(taken);
    assert.notEqual(without.code, 0, without.log);
    assert.match(without.log, /credential/);
    const useless = await serve(taken, { variables: { ANTHROPIC_WORK_SECRET: 'e30' } });
    assert.notEqual(useless.code, 0, useless.log);
    assert.equal((await taken.subject.trace('events.stream')).length, 0);
  },
  'a heartbeat 412 releases the item without stopping it': async (start) => {
    const { subject, session } = await running(start, SHORT_LEASE);
    const item = await subject.active(session);
    await subject.control('POST', `work/${item.id}/lose_lease`);
    await until('412', async () => (await subject.trace('work.heartbeat')).some((each) => each.status === 412));
    await subject.logged('lease lost');
    assert.equal((await subject.trace('work.stop')).length, 0);
  },
  'a control-plane stop still force-stops the item': async (start) => {
    const { subject, session } = await running(start, SHORT_LEASE);
    const item = await subject.active(session);
    await subject.beta.environments.work.stop(item.id, { environment_id: subject.plane.environment_id });
    await subject.stopped(session);
    assert.deepEqual((await subject.trace('work.stop')).map((each) => each.body), [{ force: true }]);
  },
  'a heartbeat rejected with another 4xx still force-stops the item': async (start) => {
    const { subject, session } = await running(start, SHORT_LEASE);
    await subject.faults({ route: 'work.heartbeat', status: 403 });
    await subject.stopped(session);
    assert.deepEqual((await subject.trace('work.stop')).map((each) => each.body), [{ force: true }]);
  },
  'a 409 is retried, and the session is given up once the lease ttl passes without a successful beat': async (start) => {
    const { subject, session } = await running(start, SHORT_LEASE);
    await subject.faults({ route: 'work.heartbeat', status: 409, count: 0 });
    await subject.logged('lease');
    const refused = await until('several tries', async () => {
      const all = (await subject.trace('work.heartbeat')).filter((each) => each.status === 409);
      return all.length >= 2 && all;
    });
    assert.ok(refused.length >= 2);
    await until('the end of the run', () => /item (ended|failed)/.test(subject.worker.log()));
    assert.equal((await subject.trace('work.stop')).length, 0);
    assert.ok(await subject.isServed(session));
  },
  'a heartbeat call that never answers is cut off each interval and the stale lease ends the session': async (start) => {
    const { subject } = await running(start, SHORT_LEASE);
    await subject.faults({ route: 'work.heartbeat', stall: true, count: 0 });
    await until('the end of the run', () => /item (ended|failed)/.test(subject.worker.log()), 30_000);
    assert.ok((await subject.trace('work.heartbeat')).some((each) => each.fault === 'stall'));
    assert.equal((await subject.trace('work.stop')).length, 0);
  },
  'the lease ttl bounds how long a failing tool-result send is retried': async (start) => {
    const { subject, session } = await running(start, { planeOptions: ['--ttl', '4'] });
    await subject.faults({ route: 'events.send', credential: 'worker', status: 503, count: 0 });
    await subject.emit(session, bash('echo two'));
    await subject.logged('could not be posted');
    const tries = (await subject.trace('events.send')).filter((each) => each.status === 503);
    assert.ok(tries.length >= 2 && tries.length <= 4, `${tries.length} tries`);
    const beats = (await subject.trace('work.heartbeat')).length;
    await until('the lease to go on', async () => (await subject.trace('work.heartbeat')).length > beats);
  },
  'a 401 is permanent: the session is cancelled on the first failure': async (start) => {
    const { subject, session } = await running(start, SHORT_LEASE);
    const before = (await subject.trace('work.heartbeat')).length;
    // Both credentials of the item are refused: its token, then the environment key.
    await subject.faults({ route: 'work.heartbeat', status: 401, count: 2 });
    await subject.stopped(session);
    const beats = (await subject.trace('work.heartbeat')).slice(before);
    assert.ok(beats.filter((each) => each.status === 401).length <= 2);
  },
};

for (const value of ['true', 'false'])
  cases[`unrestrictedPaths=${value} is rejected at construction`] = async (start) => {
    const { plane } = await start({ worker: false });
    const worker = await startGlovebox(plane, userNames[0], [value === 'true' ? '--unrestricted-paths' : `--unrestricted-paths=${value}`]);
    const [code] = await worker.ended;
    assert.equal(code, 64, worker.log());
  };

await runPorted('worker', { cases, official: OFFICIAL, elsewhere: ELSEWHERE, atOnce: 10 });
