// Plays a scripted session against whatever worker serves the plane, and tells what that asked of
// the plane meanwhile.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { client } from './harness.mjs';

const PATIENCE = 90_000;
const LOOK_EVERY = 30;

/** One reader of the plane's trace for all sessions on it. What the test asks itself is left out. */
export class Tap {
  #plane;
  #last = 0;
  #waiting = new Set();
  #ends = false;
  #bySubject = new Map();

  constructor(plane) {
    this.#plane = plane;
    this.reading = this.#read();
  }

  async #read() {
    while (!this.#ends) {
      const more = await this.#plane.control('GET', `trace?after=${this.#last}`);
      if (more.length) {
        this.#last = more.at(-1).number;
        for (const each of more) if (each.credential !== 'api_key') this.#file(each);
      }
      for (const each of this.#waiting) each();
      await sleep(LOOK_EVERY);
    }
  }

  #file(entry) {
    const subject = /\/(?:sessions|work)\/([^/]+)/.exec(entry.path)?.[1] ?? '';
    if (!this.#bySubject.has(subject)) this.#bySubject.set(subject, []);
    this.#bySubject.get(subject).push(entry);
  }

  /** What was asked about a session, a work item, or 'poll', in order. */
  about(...subjects) {
    const all = subjects.flatMap((each) => this.#bySubject.get(each) ?? []);
    return subjects.length > 1 ? all.sort((a, b) => a.number - b.number) : all;
  }

  /** Resolves with what `look()` gives once that is true. */
  until(what, look) {
    return new Promise((resolve, reject) => {
      const end = Date.now() + PATIENCE;
      const again = () => {
        const found = look();
        if (!found && Date.now() < end) return;
        this.#waiting.delete(again);
        if (found) resolve(found);
        else reject(new Error(`waited ${PATIENCE / 1000} s in vain for ${what}`));
      };
      this.#waiting.add(again);
    });
  }

  async end() {
    this.#ends = true;
    await this.reading;
  }
}

const RESULTS = new Set(['user.tool_result', 'user.custom_tool_result']);
export const callOf = (result) => result.tool_use_id ?? result.custom_tool_use_id;

class Player {
  constructor(plane, tap, worker, script) {
    this.plane = plane;
    this.tap = tap;
    this.worker = worker;
    this.script = script;
    this.beta = client(plane).beta;
    this.calls = [];
    this.stops = 0;
  }

  async begin() {
    const { settings, faults, healthcheck, before } = this.script;
    if (settings) await this.plane.control('POST', 'settings', settings);
    if (faults) await this.plane.control('POST', 'faults', faults);
    if (before) await sleep(before);
    if (healthcheck) {
      this.id = (await this.plane.control('POST', 'healthcheck', {})).data.id;
      return this.learnItems();
    }
    this.id = (
      await this.beta.sessions.create({
        agent: 'agent_1',
        environment_id: this.plane.environment_id,
        metadata: { brain: 'manual' },
        initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'begin' }] }],
      })
    ).id;
    await this.learnItems();
  }

  /** Which work items are this session's: their ids are in the paths of the worker's requests. */
  async learnItems() {
    this.items = [];
    for await (const item of this.beta.environments.work.list(this.plane.environment_id))
      if (item.data.id === this.id) this.items.push(item.id);
  }

  mine() {
    return this.tap.about(this.id, ...this.items);
  }
  routed(route) {
    return this.mine().filter((each) => each.route === route);
  }
  posts(number) {
    return this.routed('events.send').filter((each) =>
      each.body?.events?.some((event) => RESULTS.has(event.type) && callOf(event) === this.calls[number]));
  }
  isAnswered(number) {
    return this.posts(number).some((each) => each.status === 200 && each.fault === null);
  }
  answered(numbers) {
    return this.tap.until(`answers of ${numbers}`, () => numbers.every((each) => this.isAnswered(each)));
  }
  emit(body) {
    return this.plane.control('POST', `sessions/${this.id}/emit`, body);
  }
  async item() {
    await this.learnItems();
    await this.tap.until('a heartbeat', () => this.routed('work.heartbeat').some((each) => each.status === 200));
    return this.items.at(-1);
  }

  async take(step) {
    switch (step.does) {
      case 'call': {
        const placed = JSON.stringify(step.calls).replaceAll('{workspace}', this.worker.prefix(this.id));
        const { ids } = await this.emit({ events: JSON.parse(placed) });
        const first = this.calls.length;
        this.calls.push(...ids);
        if (step.waits) await this.answered(ids.map((_, n) => first + n));
        return;
      }
      case 'answers':
        return this.answered(step.numbers);
      case 'posted':
        return this.tap.until('a result', () => this.posts(step.number).length > 0);
      case 'answer_custom':
        return this.beta.sessions.events.send(this.id, {
          events: [{
            type: 'user.custom_tool_result', custom_tool_use_id: this.calls[step.number],
            content: [{ type: 'text', text: 'found' }],
          }],
        });
      case 'confirm':
        return this.beta.sessions.events.send(this.id, {
          events: [{ type: 'user.tool_confirmation', tool_use_id: this.calls[step.number], result: step.result }],
        });
      case 'emit':
        return this.emit({ events: step.events });
      case 'post':
        await this.beta.sessions.events.send(this.id, { events: step.events });
        return this.learnItems();
      case 'leased':
        return this.item();
      case 'file':
        return this.tap.until(`the file ${step.name}`, () => existsSync(join(this.worker.hostFolder(this.id), step.name)));
      case 'pause':
        return sleep(step.ms);
      case 'attached':
        return this.tap.until('the worker to attach', () => this.routed('events.list').length >= step.times);
      case 'stopped':
        this.stops += 1;
        return this.tap.until('the item to be released', () => this.routed('work.stop').length >= this.stops);
      case 'stopped_well':
        return this.tap.until('the item to be released', () => this.routed('work.stop').some((each) => each.status === 200));
      case 'end_turn':
        return this.emit({ events: [], end_turn: true });
      case 'archive':
        return this.beta.sessions.archive(this.id);
      case 'delete':
        return this.beta.sessions.delete(this.id);
      case 'stop':
        return this.beta.environments.work.stop(await this.item(), { environment_id: this.plane.environment_id });
      case 'lose_lease':
        return this.plane.control('POST', `work/${await this.item()}/lose_lease`);
      case 'faults':
        return this.plane.control('POST', 'faults', step.rules);
    }
    throw new Error(`no such step: ${step.does}`);
  }

  async end() {
    const how = this.script.end ?? 'turn';
    if (how === 'none') return;
    if (how === 'turn') await this.take({ does: 'attached', times: 1 });
    await this.take({ does: { turn: 'end_turn', archive: 'archive', stop: 'stop' }[how] });
    await this.take({ does: 'stopped' });
  }
}

/** What one session came to: {session, calls, entries, error?}. Never throws. */
export async function play(plane, tap, worker, script) {
  const player = new Player(plane, tap, worker, script);
  let error;
  try {
    await player.begin();
    for (const step of script.steps) await player.take(step);
    await player.end();
    await player.learnItems();
  } catch (problem) {
    error = problem;
    // Its slot is for the next one.
    if (player.id && !script.healthcheck) await player.take({ does: 'archive' }).catch(() => {});
  }
  return {
    script, session: player.id, items: player.items ?? [], calls: player.calls,
    entries: player.id ? player.mine() : [], error,
  };
}
