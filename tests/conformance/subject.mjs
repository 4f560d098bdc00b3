// `glovebox worker` on a plane of its own, as the ported cases of the official suites see it; and
// the runner of those cases.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { collect, client, message, startPlane, until } from './harness.mjs';
import { removeFolders, startGlovebox, userNames } from './workers.mjs';

const MAX_IDLE = '300ms';

export class Subject {
  /** planeOptions: of `glovebox plane`; options: of the worker. Without `worker` only the plane. */
  static async start({ user = userNames[0], planeOptions = [], options = [], idle = MAX_IDLE, how, worker = true, linkedWorkdir } = {}) {
    const subject = new Subject();
    subject.plane = await startPlane(...planeOptions);
    subject.beta = client(subject.plane).beta;
    if (worker) subject.worker = await startGlovebox(subject.plane, user, ['--max-idle', idle, '--worker-id', 'ours', ...options], { ...how, linkedWorkdir });
    return subject;
  }

  async session(metadata = { brain: 'manual' }) {
    const { id } = await this.beta.sessions.create({
      agent: 'agent_1', environment_id: this.plane.environment_id, metadata, initial_events: [message('begin')],
    });
    return id;
  }
  control(...request) {
    return this.plane.control(...request);
  }
  faults(...rules) {
    return this.control('POST', 'faults', rules);
  }
  settings(settings) {
    return this.control('POST', 'settings', settings);
  }
  async emit(session, ...events) {
    return (await this.control('POST', `sessions/${session}/emit`, { events })).ids;
  }
  endTurn(session) {
    return this.control('POST', `sessions/${session}/emit`, { events: [], end_turn: true });
  }
  post(session, ...events) {
    return this.beta.sessions.events.send(session, { events });
  }
  confirm(session, call, result) {
    return this.post(session, { type: 'user.tool_confirmation', tool_use_id: call, result });
  }
  async events(session, ...types) {
    return (await collect(this.beta.sessions.events.list(session, { limit: 1000 }))).filter((each) => types.includes(each.type));
  }
  async results(session, call) {
    return (await this.events(session, 'user.tool_result')).filter((each) => !call || each.tool_use_id === call);
  }
  /** {text, is_error} of the answer to a call that was emitted. */
  async answer(session, call) {
    const [result] = await until(`an answer to ${call}`, async () => {
      const found = await this.results(session, call);
      return found.length && found;
    }, 45_000);
    return { text: result.content.map((block) => block.text ?? JSON.stringify(block)).join('\n'), is_error: result.is_error };
  }
  async call(session, event) {
    const [id] = await this.emit(session, event);
    return this.answer(session, id);
  }
  /** What the worker asked, in order; of one route if it is named. */
  async trace(route) {
    return (await this.control('GET', 'trace')).filter((each) => each.credential !== 'api_key' && (!route || each.route === route));
  }
  async asked(route, count = 1) {
    return until(`${count} of ${route}`, async () => {
      const all = await this.trace(route);
      return all.length >= count && all;
    }, 45_000);
  }
  async items(session) {
    return (await collect(this.beta.environments.work.list(this.plane.environment_id))).filter((each) => each.data.id === session);
  }
  async active(session) {
    return until('an active item', async () => (await this.items(session)).find((each) => each.state === 'active'));
  }
  stopped(session) {
    return until('the item to be stopped', async () => {
      const all = await this.items(session);
      return all.length && all.every((each) => each.state === 'stopped');
    }, 45_000);
  }
  async isServed(session) {
    return !(await this.items(session)).every((each) => each.state === 'stopped');
  }
  logged(words) {
    return until(`"${words}" in the log`, () => this.worker.log().includes(words), 45_000);
  }
  async end() {
    if (this.worker) await this.worker.end();
    this.plane.stop();
  }
}

export const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const milliseconds = (from, to) => Date.parse(to.at) - Date.parse(from.at);

/** Processes below `parent` whose first word is `title`. */
export function below(parent, title) {
  const children = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const father = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]);
      children.set(father, [...(children.get(father) ?? []), Number(pid)]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const all = [];
  const visit = (pid) => (children.get(pid) ?? []).forEach((child) => (all.push(child), visit(child)));
  visit(parent);
  return all.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] === title;
    } catch {
      return false;
    }
  });
}

/**
 * Runs cases, `atOnce` side by side: {name: async (keep) => …}; what is given to keep() is ended
 * afterwards. `official` are the names of the official suite and `elsewhere` says of those without a
 * case here where their behaviour is held, or why it cannot exist: none may be missing. With `users`
 * each case stands there once for each of them.
 */
export async function runPorted(suite, { cases, official, elsewhere, atOnce = 4, users, cleanUp = async () => {} }) {
  const names = Object.keys(cases);
  const left = [...names];
  const outcome = new Map();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left.length) {
      const name = left.shift();
      const kept = [];
      const keep = (thing) => (kept.push(thing), thing);
      let timer;
      const limit = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('more than 90 s')), 90_000)));
      const start = async (how) => keep(await Subject.start(how));
      try {
        await Promise.race([cases[name](start), limit]);
        outcome.set(name, []);
      } catch (error) {
        outcome.set(name, [String(error.stack ?? error), ...kept.filter((each) => each.worker).map((each) => each.worker.log().slice(-3000))]);
      }
      clearTimeout(timer);
      for (const thing of kept) await thing.end();
    }
  }));
  let failed = 0;
  for (const name of names) {
    const problems = outcome.get(name);
    for (const problem of problems) console.log(problem.replaceAll(/^/gm, '    '));
    console.log(`${problems.length ? 'not ok' : 'ok'} ${suite}: ${name}`);
    failed += problems.length ? 1 : 0;
  }
  await cleanUp();
  const has = (name) => (users ? users.every((user) => `${name} as ${user}` in cases) : name in cases);
  const missing = official.filter((name) => !has(name) && !(name in elsewhere));
  const twice = Object.keys(elsewhere).filter((name) => has(name) || !official.includes(name));
  for (const name of missing) console.log(`    has no case: ${name}`);
  for (const name of twice) console.log(`    has a case, or is no name of the suite: ${name}`);
  const whole = missing.length === 0 && twice.length === 0;
  console.log(`${whole ? 'ok' : 'not ok'} ${suite}: every official case is here or has a reason`);
  await removeFolders();
  process.exit(failed || !whole ? 1 : 0);
}

export { assert, until };
