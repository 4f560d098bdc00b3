// The official TypeScript SDK as a client of the plane, unchanged.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { client, collect, message, run, startPlane, text, until } from './harness.mjs';

const plane = await startPlane('--page', '3');
const api = client(plane);
const beta = api.beta;
const worker = client(plane, { apiKey: plane.environment_key });

const manual = (extra = {}) =>
  beta.sessions.create({
    agent: 'agent_1',
    environment_id: plane.environment_id,
    metadata: { brain: 'manual' },
    ...extra,
  });
const call = (extra = {}) => ({ type: 'agent.tool_use', name: 'bash', input: { command: 'true' }, ...extra });
const emit = async (session, ...events) =>
  (await plane.control('POST', `sessions/${session.id}/emit`, { events })).ids;
const result = (id, words = 'done') => ({ type: 'user.tool_result', tool_use_id: id, content: text(words) });
const send = (by, session, ...events) => by.beta.sessions.events.send(session.id, { events });
const types = async (session) =>
  (await collect(beta.sessions.events.list(session.id))).map((event) => event.type);

await run(
  {
    'an unknown credential is an authentication error': async () => {
      const stranger = client(plane, { apiKey: 'sk-ant-api03-other' });
      await assert.rejects(stranger.beta.environments.list(), Anthropic.AuthenticationError);
    },
    'an unknown session is a not-found error with a request id': async () => {
      await assert.rejects(beta.sessions.retrieve('sesn_none'), (error) => {
        assert.ok(error instanceof Anthropic.NotFoundError);
        assert.equal(error.error.error.type, 'not_found_error');
        assert.match(error.requestID, /^req_/);
        return true;
      });
    },
    'an environment key does not manage environments': async () => {
      await assert.rejects(worker.beta.environments.list(), Anthropic.PermissionDeniedError);
    },
    'skills and memory stores are not found': async () => {
      await assert.rejects(beta.skills.versions.retrieve('latest', { skill_id: 's' }), Anthropic.NotFoundError);
      await assert.rejects(beta.memoryStores.memories.list('m'), Anthropic.NotFoundError);
    },
    'an environment lives from create to delete': async () => {
      const made = await beta.environments.create({
        name: 'one',
        config: { type: 'self_hosted' },
        metadata: { team: 'a', old: 'x' },
      });
      assert.equal(made.type, 'environment');
      const changed = await beta.environments.update(made.id, { name: 'two', metadata: { old: null } });
      assert.equal(changed.name, 'two');
      assert.deepEqual(changed.metadata, { team: 'a' });
      assert.equal((await beta.environments.retrieve(made.id)).name, 'two');
      assert.ok((await beta.environments.archive(made.id)).archived_at);
      assert.ok(!(await collect(beta.environments.list())).some((each) => each.id === made.id));
      assert.ok((await collect(beta.environments.list({ include_archived: true }))).some((each) => each.id === made.id));
      await assert.rejects(beta.sessions.create({ agent: 'a', environment_id: made.id }), Anthropic.BadRequestError);
      assert.equal((await beta.environments.delete(made.id)).type, 'environment_deleted');
      await assert.rejects(beta.environments.retrieve(made.id), Anthropic.NotFoundError);
    },
    'a session with files is refused, naming the environment': async () => {
      await assert.rejects(manual({ resources: [{ type: 'file', file_id: 'f' }] }), (error) => {
        assert.ok(error instanceof Anthropic.BadRequestError);
        assert.ok(error.message.includes(plane.environment_id));
        return true;
      });
    },
    'a session lives from create to delete': async () => {
      const session = await manual({ title: 'first' });
      assert.equal(session.status, 'idle');
      assert.deepEqual(session.resources, []);
      assert.deepEqual(session.agent.skills, []);
      assert.equal((await beta.sessions.update(session.id, { title: 'second' })).title, 'second');
      const threads = await collect(beta.sessions.threads.list(session.id));
      assert.equal(threads.length, 1);
      const archived = await beta.sessions.archive(session.id);
      assert.equal(archived.status, 'terminated');
      await assert.rejects(send(api, session, message('late')), Anthropic.BadRequestError);
      assert.equal((await beta.sessions.delete(session.id)).type, 'session_deleted');
      await assert.rejects(beta.sessions.retrieve(session.id), Anthropic.NotFoundError);
    },
    'sessions are listed over several pages, newest first': async () => {
      const made = [];
      for (let i = 0; i < 8; i += 1) made.push((await manual({ title: `page ${i}` })).id);
      const listed = (await collect(beta.sessions.list({ limit: 100 }))).map((each) => each.id);
      assert.deepEqual(listed.slice(0, 8), made.toReversed());
      assert.equal(new Set(listed).size, listed.length);
    },
    'a stream shows a message and the end of its turn': async () => {
      const session = await beta.sessions.create({ agent: 'a', environment_id: plane.environment_id });
      const stream = await beta.sessions.events.stream(session.id);
      const sent = await send(api, session, message('hello'));
      assert.equal(sent.data[0].processed_at, null);
      const seen = [];
      for await (const event of stream) {
        seen.push(event.type);
        if (event.type === 'session.status_idle') {
          assert.equal(event.stop_reason.type, 'end_turn');
          break;
        }
      }
      assert.deepEqual(seen, ['user.message', 'session.status_running', 'session.status_idle']);
    },
    'a stream delivers nothing from before it opened, and ends with the session': async () => {
      const session = await manual();
      await send(api, session, message('before'));
      const stream = await beta.sessions.events.stream(session.id);
      await beta.sessions.delete(session.id);
      assert.deepEqual((await collect(stream)).map((event) => event.type), ['session.deleted']);
    },
    'a history is read over several pages in both orders and by type': async () => {
      const session = await manual();
      for (let i = 0; i < 7; i += 1) await send(api, session, message(`number ${i}`));
      const up = await collect(beta.sessions.events.list(session.id, { limit: 1000 }));
      assert.equal(up.length, 8);
      const down = await collect(beta.sessions.events.list(session.id, { order: 'desc', limit: 2 }));
      assert.deepEqual(down.map((each) => each.id), up.map((each) => each.id).reverse());
      const only = await collect(beta.sessions.events.list(session.id, { types: ['session.status_running'] }));
      assert.equal(only.length, 1);
      const late = await collect(
        beta.sessions.events.list(session.id, { 'created_at[gt]': up[3].processed_at }),
      );
      assert.deepEqual(late.map((each) => each.id), up.slice(4).map((each) => each.id));
    },
    'a call is answered once, by the kind of result it needs, and not with an API key': async () => {
      const session = await manual();
      const [bash, custom] = await emit(session, call(), { type: 'agent.custom_tool_use', name: 'mine', input: {} });
      await assert.rejects(send(api, session, result(bash)), Anthropic.PermissionDeniedError);
      await assert.rejects(send(worker, session, result('sevt_none')), Anthropic.BadRequestError);
      await assert.rejects(send(worker, session, result(custom)), Anthropic.BadRequestError);
      await assert.rejects(send(worker, session, result(bash, '')), Anthropic.BadRequestError);
      await send(worker, session, result(bash));
      await assert.rejects(send(worker, session, result(bash)), Anthropic.BadRequestError);
      await send(api, session, { type: 'user.custom_tool_result', custom_tool_use_id: custom, content: text('x') });
      assert.deepEqual(await types(session), [
        'session.status_running',
        'agent.tool_use',
        'agent.custom_tool_use',
        'session.status_idle',
        'user.tool_result',
        'session.status_idle',
        'user.custom_tool_result',
        'session.status_running',
      ]);
    },
    'an asked call waits for its confirmation': async () => {
      const session = await manual();
      const [yes, no] = await emit(
        session,
        call({ evaluated_permission: 'ask' }),
        call({ evaluated_permission: 'ask' }),
      );
      const confirm = (id, verdict) => ({ type: 'user.tool_confirmation', tool_use_id: id, result: verdict });
      await assert.rejects(send(worker, session, result(yes)), Anthropic.BadRequestError);
      await send(api, session, confirm(yes, 'allow'), confirm(no, 'deny'));
      await assert.rejects(send(worker, session, result(no)), Anthropic.BadRequestError);
      await assert.rejects(send(api, session, confirm(yes, 'allow')), Anthropic.BadRequestError);
      await send(worker, session, result(yes));
      assert.equal((await beta.sessions.retrieve(session.id)).status, 'running');
    },
    'an interrupt ends the turn': async () => {
      const session = await manual();
      const [bash] = await emit(session, call());
      await send(api, session, { type: 'user.interrupt' });
      const last = (await collect(beta.sessions.events.list(session.id))).at(-1);
      assert.equal(last.stop_reason.type, 'end_turn');
      await assert.rejects(send(worker, session, result(bash)), Anthropic.BadRequestError);
    },
    'the queue is seen from outside': async () => {
      const empty = await beta.environments.create({ name: 'queue', config: { type: 'self_hosted' } });
      await beta.sessions.create({ agent: 'a', environment_id: empty.id, initial_events: [message('go')] });
      const stats = await beta.environments.work.stats(empty.id);
      assert.deepEqual([stats.depth, stats.pending, stats.workers_polling], [1, 0, null]);
      const [item] = await collect(beta.environments.work.list(empty.id));
      assert.equal(item.state, 'queued');
      assert.equal(item.secret, null);
      const named = await beta.environments.work.update(item.id, { environment_id: empty.id, metadata: { a: 'b' } });
      assert.deepEqual(named.metadata, { a: 'b' });
      const stopped = await beta.environments.work.stop(item.id, { environment_id: empty.id });
      assert.equal(stopped.state, 'stopped');
      await assert.rejects(
        beta.environments.work.stop(item.id, { environment_id: empty.id, force: true }),
        Anthropic.ConflictError,
      );
    },
    'a fault is hit once and healed by the retry': async () => {
      const patient = client(plane, { maxRetries: 2 });
      await plane.control('DELETE', 'trace');
      await plane.control('POST', 'faults', [
        { route: 'environments.list', status: 529, retry_after_ms: 1 },
        { route: 'environments.list', cut: 'before' },
      ]);
      assert.ok((await collect(patient.beta.environments.list())).length > 0);
      const trace = await plane.control('GET', 'trace');
      assert.deepEqual(trace.filter((each) => each.fault).map((each) => each.fault), ['status', 'cut']);
      assert.ok(trace.every((each) => !JSON.stringify(each).includes('sk-ant')));
    },
    'x-should-retry false forbids the retry': async () => {
      const patient = client(plane, { maxRetries: 2 });
      await plane.control('POST', 'faults', { route: 'environments.list', status: 503, should_retry: false });
      await assert.rejects(patient.beta.environments.list(), Anthropic.InternalServerError);
    },
    'a cut stream breaks off in the middle of an event': async () => {
      const session = await manual();
      await plane.control('POST', 'faults', { route: 'events.stream', cut: 'body' });
      const stream = await beta.sessions.events.stream(session.id);
      await send(api, session, message('lost'));
      await assert.rejects(collect(stream));
    },
    'a stream pings while nothing happens': async () => {
      const session = await manual();
      const answer = await fetch(`${plane.base_url}/v1/sessions/${session.id}/events/stream`, {
        headers: {
          'x-api-key': plane.api_key,
          'anthropic-version': '2026-10-21',
          'anthropic-beta': 'managed-agents-2026-04-01',
        },
      });
      assert.equal(answer.headers.get('content-type'), 'text/event-stream');
      let bytes = '';
      for await (const part of answer.body) {
        bytes += Buffer.from(part).toString();
        if (bytes.includes('\n\n')) break;
      }
      assert.match(bytes, /^event: ping\ndata: /);
    },
    'requests without version or beta are refused': async () => {
      const bare = (headers) =>
        fetch(`${plane.base_url}/v1/sessions`, { headers: { 'x-api-key': plane.api_key, ...headers } });
      assert.equal((await bare({ 'anthropic-beta': 'managed-agents-2026-04-01' })).status, 400);
      assert.equal((await bare({ 'anthropic-version': '2023-06-01' })).status, 404);
      await until('both headers to do', async () =>
        (await bare({ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x, managed-agents-2026-04-01' })).ok,
      );
    },
  },
  plane.stop,
);
