// The cases of the official poller's suites, by name, as black-box cases of `glovebox worker`.
import { bash } from './script.mjs';
import { assert, milliseconds, rest, runPorted, until } from './subject.mjs';
import { startGlovebox, userNames } from './workers.mjs';

const OFFICIAL = [
  'yields the work item and posts ack before yield, stop after consumer body',
  'scopes a sub-client to the environment key and routes all calls through it',
  'stops the work item even when the consumer breaks immediately',
  'backs off on a 503 poll error using setTimeout-based delay, then yields the next item',
  'backs off on a 409 poll error using setTimeout-based delay, then yields the next item',
  'a 401 poll error is permanent and ends iteration with the error',
  'a 409 from the post-handler stop means already stopped and is not logged',
  'honors externally provided AbortSignal',
  'throws when iterated twice',
  'default poll passes block_ms = POLL_BLOCK_MS and no reclaim_older_than_ms',
  'blockMs: null omits block_ms; reclaimOlderThanMs is forwarded',
  'explicit blockMs is forwarded as block_ms',
  'drain ends iteration when the queue is empty instead of long-polling',
  'without drain, an empty queue is retried (default long-poll behavior)',
  'does not auto-post stop when autoStop is false (the consumer owns it)',
  'an idle poller logs once when it goes idle, then a reminder every five minutes',
  'first attempt yields the 1s base delay',
  'second attempt doubles to 2s',
  'third attempt doubles again to 4s',
  'large attempt count is clamped to the 60s cap rather than overflowing',
  'result always falls within [low, high) so callers can rely on the bound',
  'an APIError with matching status is detected by both helpers',
  'a 5xx APIError is not 4xx and does not match a 409 check',
  'a plain Error is never treated as an APIError',
  '409 is retried like the core client does, not fatal',
  '408 request timeout is not fatal',
  '429 rate limit is not fatal',
  '400 stays fatal',
  '401 bad credential stays fatal',
  '403 stays fatal',
  '404 missing environment stays fatal',
  '412 lease reclaimed stays fatal',
  '422 stays fatal',
  'a 5xx is not a 4xx at all',
  'a non-API error is never classified as fatal 4xx',
];

const NO_OPTION = 'an option of the library: the worker polls in one way, with 999 ms and for ever';
const ELSEWHERE = {
  'blockMs: null omits block_ms; reclaimOlderThanMs is forwarded': NO_OPTION,
  'explicit blockMs is forwarded as block_ms': NO_OPTION,
  'drain ends iteration when the queue is empty instead of long-polling': NO_OPTION,
  'first attempt yields the 1s base delay': 'tests/unit/worker/poll_schedule_test.cc',
  'second attempt doubles to 2s': 'tests/unit/worker/poll_schedule_test.cc',
  'third attempt doubles again to 4s': 'tests/unit/worker/poll_schedule_test.cc',
  'large attempt count is clamped to the 60s cap rather than overflowing': 'tests/unit/worker/poll_schedule_test.cc',
  'result always falls within [low, high) so callers can rely on the bound': 'tests/unit/worker/retry_rules_test.cc',
  'an APIError with matching status is detected by both helpers': 'classes of the library; statuses: tests/unit/worker/retry_rules_test.cc',
  'a 5xx APIError is not 4xx and does not match a 409 check': 'classes of the library; statuses: tests/unit/worker/retry_rules_test.cc',
  'a plain Error is never treated as an APIError': 'classes of the library',
  'a non-API error is never classified as fatal 4xx': 'classes of the library',
};

async function served(subject, command = 'echo served') {
  const session = await subject.session();
  const answer = await subject.call(session, bash(command));
  assert.deepEqual(answer, { text: 'served', is_error: false });
  return session;
}

// After such an answer to a poll the next one comes within seconds.
const transient = (status) => async (start) => {
  const subject = await start();
  await subject.asked('work.poll');
  await subject.faults({ route: 'work.poll', credential: 'worker', status });
  const polls = await until('a poll after the failing one', async () => {
    const all = await subject.trace('work.poll');
    const at = all.findIndex((each) => each.status === status);
    return at >= 0 && all.length > at + 1 && all.slice(at);
  });
  assert.ok(milliseconds(polls[0], polls[1]) >= 700, `${milliseconds(polls[0], polls[1])} ms`);
  await served(subject);
};
// After such an answer nothing is asked for a minute, less a quarter; whoever runs it is told.
const fatal = (status) => async (start) => {
  const subject = await start();
  await subject.asked('work.poll');
  await subject.faults({ route: 'work.poll', credential: 'worker', status });
  await subject.logged('poll refused');
  const count = (await subject.trace('work.poll')).length;
  await rest(4000);
  assert.equal((await subject.trace('work.poll')).length, count);
  assert.equal(subject.worker.child.exitCode, null);
};

const cases = {
  'yields the work item and posts ack before yield, stop after consumer body': async (start) => {
    const subject = await start();
    const session = await served(subject);
    await subject.endTurn(session);
    await subject.stopped(session);
    const routes = (await subject.trace()).map((each) => each.route).filter((route) => route !== 'work.heartbeat');
    const first = routes.indexOf('work.ack');
    assert.equal(routes[first - 1], 'work.poll');
    assert.deepEqual(routes.slice(first).filter((route) => route !== 'work.poll'), [
      'work.ack', 'sessions.retrieve', 'events.stream', 'events.list', 'events.send', 'work.stop']);
  },
  'scopes a sub-client to the environment key and routes all calls through it': async (start) => {
    const subject = await start();
    await served(subject);
    for (const route of ['work.poll', 'work.ack'])
      assert.ok((await subject.asked(route)).every((each) => each.credential === 'environment_key'), route);
    assert.ok((await subject.trace()).every((each) => ['environment_key', 'sessions_token'].includes(each.credential)));
  },
  'stops the work item even when the consumer breaks immediately': async (start) => {
    const subject = await start();
    const session = await subject.session();
    await subject.asked('work.ack');
    assert.equal(await subject.worker.end(), 0);
    assert.ok((await subject.items(session)).every((each) => each.state === 'stopped'));
  },
  'backs off on a 503 poll error using setTimeout-based delay, then yields the next item': transient(503),
  'backs off on a 409 poll error using setTimeout-based delay, then yields the next item': transient(409),
  '409 is retried like the core client does, not fatal': transient(409),
  '408 request timeout is not fatal': transient(408),
  '429 rate limit is not fatal': transient(429),
  'a 5xx is not a 4xx at all': transient(500),
  // Keys are rotated under running workers: the worker stays, asks once a minute and says so.
  'a 401 poll error is permanent and ends iteration with the error': fatal(401),
  '400 stays fatal': fatal(400),
  '401 bad credential stays fatal': fatal(401),
  '403 stays fatal': fatal(403),
  '404 missing environment stays fatal': fatal(404),
  '412 lease reclaimed stays fatal': fatal(412),
  '422 stays fatal': fatal(422),
  'a 409 from the post-handler stop means already stopped and is not logged': async (start) => {
    const subject = await start();
    const session = await served(subject);
    await subject.faults({ route: 'work.stop', credential: 'worker', status: 409 });
    await subject.endTurn(session);
    await subject.asked('work.stop');
    await subject.logged('item ended');
    assert.equal((await subject.trace('work.stop')).length, 1);
    assert.ok(!/(warning|error): worker/.test(subject.worker.log()), subject.worker.log());
  },
  'honors externally provided AbortSignal': async (start) => {
    const subject = await start();
    await subject.asked('work.poll');
    const begin = Date.now();
    assert.equal(await subject.worker.end(), 0);
    assert.ok(Date.now() - begin < 10_000);
  },
  // What must not run twice is the worker of a state folder.
  'throws when iterated twice': async (start) => {
    const subject = await start();
    await subject.asked('work.poll');
    const second = await startGlovebox(subject.plane, userNames[0], [], { state: subject.worker.state });
    const [code] = await second.ended;
    assert.equal(code, 75, second.log());
  },
  'default poll passes block_ms = POLL_BLOCK_MS and no reclaim_older_than_ms': async (start) => {
    const subject = await start();
    const polls = await subject.asked('work.poll', 2);
    for (const poll of polls) {
      assert.deepEqual(poll.query, [['block_ms', '999']]);
      assert.equal(poll.headers['anthropic-worker-id'], 'ours');
    }
  },
  'without drain, an empty queue is retried (default long-poll behavior)': async (start) => {
    const subject = await start();
    const polls = await subject.asked('work.poll', 3);
    // A poll that waits for 999 ms, then 1 to 3 s.
    for (let n = 1; n < polls.length; n += 1)
      assert.ok(milliseconds(polls[n - 1], polls[n]) > 900, `${milliseconds(polls[n - 1], polls[n])} ms`);
    await served(subject);
  },
  'does not auto-post stop when autoStop is false (the consumer owns it)': async (start) => {
    const subject = await start();
    const session = await served(subject);
    await subject.endTurn(session);
    await subject.stopped(session);
    await subject.logged('item ended');
    assert.deepEqual((await subject.trace('work.stop')).map((each) => each.body), [{ force: true }]);
  },
  // The reminder: tests/unit/worker/poll_schedule_test.cc.
  'an idle poller logs once when it goes idle, then a reminder every five minutes': async (start) => {
    const subject = await start();
    await subject.asked('work.poll', 4);
    assert.equal(subject.worker.log().split('nothing queued').length - 1, 1);
  },
};

await runPorted('poller', { cases, official: OFFICIAL, elsewhere: ELSEWHERE, atOnce: 10 });
