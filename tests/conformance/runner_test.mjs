// The cases of the official session tool runner's suite, by name, as black-box cases of `glovebox
// worker`: what it does with the events of a session, on the stream and in the history.
import { ask, bash, custom, tool } from './script.mjs';
import { assert, below, milliseconds, rest, runPorted, until } from './subject.mjs';

const OFFICIAL = [
  'yields DispatchedToolCall for a successful tool execution and posts the result',
  'yields isError=true when the tool throws',
  'skips a tool name it does not own (builtin and custom) and still runs a registered tool',
  'a skipped unowned tool_use does not falsely trip the idle watchdog',
  'does not re-execute a tool whose result is already in history',
  'session.status_terminated ends iteration',
  'runs each tool.close() once when iteration ends, even when the consumer breaks early',
  'posted=false when events.send hits a permanent 4xx',
  'keeps retrying a transiently failing send past three attempts until it lands',
  'posted=false once the send retry window is exhausted',
  'a send retry window update bounds a send that is already retrying',
  'throws when iterated twice',
  'pre-aborted external signal settles cleanup without hanging',
  'idle watchdog stops the runner maxIdleMs after an end_turn idle',
  'a new event after end_turn resets the idle watchdog',
  'dispatches an agent.custom_tool_use and answers with a matching user.custom_tool_result',
  'dispatches builtin and custom tool calls in one stream, each with its matching result type',
  'reconcile does not re-execute a custom tool whose user.custom_tool_result is already in history',
  'passes a search_result tool-result block through as a search_result event, not stringified',
  'citations defaults to { enabled: false } when the producer omits it',
  'forwards requestOptions custom headers to stream/list/send (alongside the helper header)',
  'retries a tool_use whose result post failed on the next reconcile instead of dropping it',
  'denied calls are yielded with confirmation="deny"',
  'only tools the server or user allowed ever run',
  'an open approval keeps the runner alive; once answered the runner stops on its own',
  'an end_turn idle on the live stream while a call is held does not stop the runner',
  'a deny after a live end_turn resumes the idle stop',
  'a released call is not cut short by the idle countdown it deferred',
  'a deferred arm cancels the stale pre-disconnect countdown',
  'a reconciled verdict releases a held call whose tool_use fell out of the history window',
  'a reconciled deny for a held call missing from the history window still lets the runner stop',
  // Names of the change log, of versions after that suite.
  'keep the session tool runner\'s maxIdleMs countdown running when a session thread terminates',
  'stop EnvironmentWorker from running tools for a terminated session',
  'stop the session tool runner from running the tool calls of a terminated session thread',
  'stop the session tool runner after any idle that ends the turn',
];
const NO_CUSTOM = 'this version serves no custom tools: those calls are left to their owner, which has cases here';
const ELSEWHERE = {
  'throws when iterated twice': 'an object of the library; a session has one item at a time: tests/integration/worker_test.py',
  'dispatches an agent.custom_tool_use and answers with a matching user.custom_tool_result': NO_CUSTOM,
  'dispatches builtin and custom tool calls in one stream, each with its matching result type': NO_CUSTOM,
  'passes a search_result tool-result block through as a search_result event, not stringified': 'only custom tools give such blocks; tests/unit/worker/result_post_test.cc',
  'citations defaults to { enabled: false } when the producer omits it': 'only custom tools give such blocks',
  'forwards requestOptions custom headers to stream/list/send (alongside the helper header)': 'an option of the library; the version header: item_test.mjs',
};

const END_TURN = { type: 'session.status_idle', stop_reason: { type: 'end_turn' } };
const idle = (type) => ({ type: 'session.status_idle', stop_reason: { type } });
const verdict = (call, result) => ({ type: 'user.tool_confirmation', tool_use_id: call, result });
const APPEND = 'echo x >> log; wc -l < log';

async function begun(start, how = {}) {
  const subject = await start(how);
  const session = await subject.session();
  await subject.asked('events.list');
  return { subject, session };
}
// No result and no stop for longer than the idle countdown.
async function staysQuiet(subject, ms = 900) {
  const before = await subject.trace();
  await rest(ms);
  const after = (await subject.trace()).slice(before.length).map((each) => each.route);
  assert.deepEqual(after.filter((route) => ['events.send', 'work.stop'].includes(route)), []);
}

/** A worker that loses its first stream when `disconnect()` is called, and whose later histories
 * lack the events of the `omitted` types. */
async function disconnectable(start, omitted = [], idleTime = '300ms') {
  const subject = await start({ idle: idleTime });
  // So many bytes of events come first; what the tests send before the break is far less.
  await subject.faults({ route: 'events.stream', credential: 'worker', cut: 60_000 },
    ...(omitted.length ? [{ route: 'events.list', credential: 'worker', skip: 1, count: 0, events: { omit: omitted } }] : []));
  const session = await subject.session();
  await subject.asked('events.list');
  const disconnect = () => subject.emit(session, { type: 'agent.message', content: [{ type: 'text', text: 'x'.repeat(70_000) }] });
  return { subject, session, disconnect, attachedAgain: () => subject.asked('events.list', 2) };
}

const cases = {
  'yields DispatchedToolCall for a successful tool execution and posts the result': async (start) => {
    const { subject, session } = await begun(start);
    const [call] = await subject.emit(session, bash('echo fine'));
    assert.deepEqual(await subject.answer(session, call), { text: 'fine', is_error: false });
    const sends = await subject.trace('events.send');
    assert.deepEqual(sends.map((each) => each.body), [{
      events: [{ type: 'user.tool_result', tool_use_id: call, is_error: false, content: [{ type: 'text', text: 'fine' }] }],
    }]);
  },
  'yields isError=true when the tool throws': async (start) => {
    const { subject, session } = await begun(start);
    assert.deepEqual(await subject.call(session, tool('read', { file_path: 'missing' })), {
      text: 'read: missing: no such file or directory', is_error: true,
    });
  },
  'skips a tool name it does not own (builtin and custom) and still runs a registered tool': async (start) => {
    const { subject, session } = await begun(start);
    await subject.emit(session, tool('web_fetch', {}), custom('lookup', {}), custom('bash', { command: 'echo custom' }));
    assert.equal((await subject.call(session, bash('echo mine'))).text, 'mine');
    assert.equal((await subject.trace('events.send')).filter((each) => each.body.events[0].type === 'user.tool_result').length, 1);
    await subject.logged('left, no tool of that name here');
  },
  'a skipped unowned tool_use does not falsely trip the idle watchdog': async (start) => {
    const { subject, session } = await begun(start);
    await subject.emit(session, custom('lookup', {}));
    await staysQuiet(subject);
    assert.equal((await subject.call(session, bash('echo mine'))).text, 'mine');
    await staysQuiet(subject);
  },
  'does not re-execute a tool whose result is already in history': async (start) => {
    const { subject, session } = await begun(start);
    assert.equal((await subject.call(session, bash(APPEND))).text, '1');
    await subject.endTurn(session);
    await subject.stopped(session);
    await subject.post(session, { type: 'user.message', content: [{ type: 'text', text: 'again' }] });
    assert.equal((await subject.call(session, bash('wc -l < log'))).text, '1');
    assert.equal((await subject.trace('events.send')).length, 2);
  },
  'session.status_terminated ends iteration': async (start) => {
    const { subject, session } = await begun(start, { idle: '0' });
    await subject.beta.sessions.archive(session);
    await subject.logged('item ended');
    assert.equal((await subject.trace('work.stop')).length, 1);
  },
  // What a session holds is its keeper: one process, which ends with the item.
  'runs each tool.close() once when iteration ends, even when the consumer breaks early': async (start) => {
    const { subject, session } = await begun(start);
    const keepers = () => below(subject.worker.child.pid, 'glovebox: keeper').length;
    assert.equal((await subject.call(session, bash('echo one'))).text, 'one');
    assert.ok(keepers() >= 1);
    await subject.emit(session, bash('touch begun; sleep 60'));
    await subject.beta.sessions.archive(session);
    await subject.logged('item ended');
    await until('the keeper to end', () => keepers() === 0);
  },
  'posted=false when events.send hits a permanent 4xx': async (start) => {
    const { subject, session } = await begun(start);
    await subject.faults({ route: 'events.send', credential: 'worker', status: 400 });
    const [call] = await subject.emit(session, bash(APPEND));
    await subject.logged('does not take a result');
    assert.equal((await subject.call(session, bash('wc -l < log'))).text, '1');
    assert.equal((await subject.results(session, call)).length, 0);
    assert.equal((await subject.trace('events.send')).length, 2);
  },
  'keeps retrying a transiently failing send past three attempts until it lands': async (start) => {
    const { subject, session } = await begun(start);
    await subject.faults({ route: 'events.send', credential: 'worker', status: 503, count: 4 });
    assert.deepEqual(await subject.call(session, bash(APPEND)), { text: '1', is_error: false });
    const sends = await subject.trace('events.send');
    assert.deepEqual(sends.map((each) => each.status), [503, 503, 503, 503, 200]);
    assert.ok(milliseconds(sends[2], sends[3]) > milliseconds(sends[0], sends[1]));
  },
  'posted=false once the send retry window is exhausted': async (start) => {
    const { subject, session } = await begun(start, { planeOptions: ['--ttl', '3'] });
    await subject.faults({ route: 'events.send', credential: 'worker', status: 503, count: 0 });
    const [call] = await subject.emit(session, bash(APPEND));
    await subject.logged('could not be posted');
    assert.equal((await subject.results(session, call)).length, 0);
  },
  'a send retry window update bounds a send that is already retrying': async (start) => {
    const { subject, session } = await begun(start, { planeOptions: ['--ttl', '8'] });
    await subject.faults({ route: 'events.send', credential: 'worker', status: 503, count: 0 });
    const minute = { type: 'work_heartbeat', last_heartbeat: 'x', lease_extended: true, state: 'active', ttl_seconds: 60 };
    await subject.faults({ route: 'work.heartbeat', credential: 'worker', body: JSON.stringify(minute), count: 0 });
    await subject.emit(session, bash(APPEND));
    // Within 8 s there would be no room for a fifth try after the fourth, which is at 5 s or later.
    await subject.asked('events.send', 4);
    await rest(500);
    assert.ok(!subject.worker.log().includes('could not be posted'), subject.worker.log());
  },
  'pre-aborted external signal settles cleanup without hanging': async (start) => {
    const subject = await start();
    const begin = Date.now();
    await subject.worker.end();
    assert.ok(Date.now() - begin < 10_000);
  },
  'idle watchdog stops the runner maxIdleMs after an end_turn idle': async (start) => {
    const { subject, session } = await begun(start, { idle: '1s' });
    assert.equal((await subject.call(session, bash('echo x'))).text, 'x');
    const at = Date.now();
    await subject.endTurn(session);
    await subject.stopped(session);
    assert.ok(Date.now() - at >= 950, `${Date.now() - at} ms`);
    assert.match(subject.worker.log(), /item ended .*why=idle/);
  },
  'a new event after end_turn resets the idle watchdog': async (start) => {
    const { subject, session } = await begun(start, { idle: '2s' });
    await subject.endTurn(session);
    await rest(1000);
    const at = Date.now();
    await subject.post(session, { type: 'user.message', content: [{ type: 'text', text: 'more' }] });
    await rest(1500);
    assert.ok(await subject.isServed(session));
    assert.ok(Date.now() - at > 1400);
    await subject.endTurn(session);
    await subject.stopped(session);
    assert.equal((await subject.items(session)).length, 1);
  },
  'reconcile does not re-execute a custom tool whose user.custom_tool_result is already in history': async (start) => {
    const subject = await start({ worker: true });
    await subject.faults({ route: 'sessions.retrieve', credential: 'worker', delay_ms: 1000 });
    const session = await subject.session();
    const [call] = await subject.emit(session, custom('bash', { command: APPEND }));
    await subject.post(session, { type: 'user.custom_tool_result', custom_tool_use_id: call, content: [{ type: 'text', text: 'theirs' }] });
    assert.equal((await subject.call(session, bash('ls'))).text, '(no output)');
    assert.equal((await subject.trace('events.send')).length, 1);
  },
  'retries a tool_use whose result post failed on the next reconcile instead of dropping it': async (start) => {
    const { subject, session } = await begun(start, { planeOptions: ['--ttl', '3'] });
    await subject.faults({ route: 'events.send', credential: 'worker', status: 503, count: 0 });
    const [call] = await subject.emit(session, bash(APPEND));
    await subject.logged('could not be posted');
    await subject.control('DELETE', 'faults');
    // It comes back through a history read, is posted and has not run again.
    assert.deepEqual(await subject.answer(session, call), { text: '1', is_error: false });
    assert.equal((await subject.call(session, bash('wc -l < log'))).text, '1');
  },
  'denied calls are yielded with confirmation="deny"': async (start) => {
    const { subject, session } = await begun(start);
    const [, asked] = await subject.emit(session, { ...bash('touch server'), evaluated_permission: 'deny' }, ask(bash('touch user')));
    await subject.logged('held for a confirmation');
    await subject.confirm(session, asked, 'deny');
    assert.equal((await subject.call(session, bash('ls'))).text, '(no output)');
    assert.equal((await subject.trace('events.send')).length, 1);
    assert.equal(subject.worker.log().split('denied by the control plane').length - 1, 2);
  },
  'only tools the server or user allowed ever run': async (start) => {
    const subject = await start();
    await subject.faults({ route: 'sessions.retrieve', credential: 'worker', delay_ms: 1000 });
    const session = await subject.session();
    const use = (name, permission) => ({ ...bash(`touch ${name}`), ...(permission ? { evaluated_permission: permission } : {}) });
    const [first] = await subject.emit(session, use('ask_answered_in_history', 'ask'));
    await subject.confirm(session, first, 'allow');
    await subject.answer(session, first);
    const ids = await subject.emit(session, use('marked_allow', 'allow'), use('marked_deny', 'deny'), use('ask_then_allowed', 'ask'),
      use('ask_then_denied', 'ask'), use('ask_never_answered', 'ask'), use('ask_verdict_unrecognized', 'ask'), use('unrecognized_mark', 'something_new'));
    await subject.confirm(session, ids[2], 'allow');
    await subject.confirm(session, ids[3], 'deny');
    await subject.emit(session, verdict(ids[5], 'escalate'));
    await subject.answer(session, ids[2]);
    assert.equal((await subject.call(session, bash('ls'))).text, 'ask_answered_in_history\nask_then_allowed\nmarked_allow');
    assert.equal((await subject.results(session)).length, 4);
  },
  'an open approval keeps the runner alive; once answered the runner stops on its own': async (start) => {
    for (const answer of ['deny', 'not_a_verdict']) {
      const subject = await start();
      await subject.faults({ route: 'sessions.retrieve', credential: 'worker', delay_ms: 1000 });
      const session = await subject.session();
      const [call] = await subject.emit(session, ask(bash('touch made')));
      await subject.emit(session, END_TURN);
      await subject.logged('held for a confirmation');
      await staysQuiet(subject);
      await subject.emit(session, verdict(call, answer));
      await subject.stopped(session);
      assert.equal((await subject.trace('events.send')).length, 0);
    }
  },
  'an end_turn idle on the live stream while a call is held does not stop the runner': async (start) => {
    const { subject, session } = await begun(start);
    await subject.emit(session, ask(bash('touch made')));
    await subject.emit(session, END_TURN);
    await subject.logged('held for a confirmation');
    await staysQuiet(subject, 1500);
  },
  'a deny after a live end_turn resumes the idle stop': async (start) => {
    const { subject, session } = await begun(start);
    const [call] = await subject.emit(session, ask(bash('touch made')));
    await subject.logged('held for a confirmation');
    await subject.emit(session, END_TURN);
    await staysQuiet(subject);
    await subject.emit(session, verdict(call, 'deny'));
    await subject.stopped(session);
    assert.equal((await subject.trace('events.send')).length, 0);
  },
  'a released call is not cut short by the idle countdown it deferred': async (start) => {
    const { subject, session, disconnect } = await disconnectable(start, ['agent.tool_use'], '700ms');
    const [call] = await subject.emit(session, ask(bash('sleep 1.5; echo ran')));
    await subject.logged('held for a confirmation');
    await disconnect();
    await subject.emit(session, verdict(call, 'allow'), END_TURN);
    await subject.asked('events.list', 2);
    await until('the result', async () => (await subject.trace('events.send')).length === 1, 20_000);
    const [posted] = await subject.trace('events.send');
    assert.equal(posted.body.events[0].content[0].text, 'ran');
    const stop = (await subject.asked('work.stop'))[0];
    assert.ok(milliseconds(posted, stop) >= 500, `${milliseconds(posted, stop)} ms`);
  },
  'a deferred arm cancels the stale pre-disconnect countdown': async (start) => {
    const { subject, session, disconnect, attachedAgain } = await disconnectable(start, [], '1500ms');
    await disconnect();
    await subject.emit(session, END_TURN, ask(bash('touch made')));
    await subject.emit(session, END_TURN);
    await attachedAgain();
    await subject.logged('held for a confirmation');
    await staysQuiet(subject, 2500);
  },
  'a reconciled verdict releases a held call whose tool_use fell out of the history window': async (start) => {
    const { subject, session, disconnect } = await disconnectable(start, ['agent.tool_use'], '0');
    const [call] = await subject.emit(session, ask(bash(APPEND)));
    await subject.logged('held for a confirmation');
    await disconnect();
    await subject.confirm(session, call, 'allow');
    assert.equal((await subject.answer(session, call)).text, '1');
    assert.equal((await subject.results(session, call)).length, 1);
  },
  'a reconciled deny for a held call missing from the history window still lets the runner stop': async (start) => {
    const { subject, session, disconnect } = await disconnectable(start, ['agent.tool_use']);
    const [call] = await subject.emit(session, ask(bash('touch made')));
    await subject.logged('held for a confirmation');
    await disconnect();
    await subject.emit(session, verdict(call, 'deny'), END_TURN);
    await subject.stopped(session);
    assert.equal((await subject.trace('events.send')).length, 0);
  },
  'keep the session tool runner\'s maxIdleMs countdown running when a session thread terminates': async (start) => {
    const { subject, session } = await begun(start, { idle: '1500ms' });
    const at = Date.now();
    await subject.emit(session, END_TURN);
    await rest(700);
    await subject.emit(session, { type: 'session.thread_status_terminated', session_thread_id: 'sthr_x', agent_name: 'x' }, END_TURN);
    await subject.stopped(session);
    assert.ok(Date.now() - at < 8_000);
  },
  'stop EnvironmentWorker from running tools for a terminated session': async (start) => {
    const subject = await start();
    await subject.faults({ route: 'sessions.retrieve', credential: 'worker', status: 503, retry_after_ms: 1500 });
    const session = await subject.session();
    await subject.emit(session, bash('touch made'));
    await subject.asked('sessions.retrieve');
    await subject.beta.sessions.archive(session);
    await subject.stopped(session);
    assert.deepEqual((await subject.trace()).map((each) => each.route).filter((route) => route.startsWith('events.')), []);
  },
  'stop the session tool runner from running the tool calls of a terminated session thread': async (start) => {
    const { subject, session } = await begun(start);
    await subject.emit(session, { type: 'session.thread_status_terminated', session_thread_id: 'sthr_x', agent_name: 'x' });
    await subject.emit(session, { ...bash('touch made'), session_thread_id: 'sthr_x' });
    assert.equal((await subject.call(session, bash('ls'))).text, '(no output)');
    assert.equal((await subject.trace('events.send')).length, 1);
  },
  'stop the session tool runner after any idle that ends the turn': async (start) => {
    for (const reason of ['retries_exhausted', 'budget_reached', 'refusal', 'something_newer']) {
      const { subject, session } = await begun(start);
      await subject.emit(session, idle(reason));
      await subject.stopped(session);
    }
  },
};

await runPorted('session runner', { cases, official: OFFICIAL, elsewhere: ELSEWHERE, atOnce: 10 });
