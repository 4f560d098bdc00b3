// What the conformance tests share: a plane, the official client, and `ok` lines.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import Anthropic from '@anthropic-ai/sdk';

const binary = process.env.GLOVEBOX_BINARY ?? '../../build/dev/glovebox';

/** Starts `glovebox plane` and gives its JSON line with `stop()` and `control()`. */
export async function startPlane(...options) {
  const child = spawn(binary, ['plane', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the plane ended with ${code}`)));
    createInterface({ input: child.stdout }).once('line', (text) => resolve([text]));
  });
  child.removeAllListeners('exit');
  const plane = JSON.parse(line);
  plane.stop = () => child.kill('SIGKILL');
  plane.control = async (method, path, body) => {
    const answer = await fetch(`${plane.base_url}/_plane/${path}`, {
      method,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(json)}`);
    return json;
  };
  return plane;
}

export const client = (plane, options = {}) =>
  new Anthropic({ apiKey: plane.api_key, baseURL: plane.base_url, maxRetries: 0, ...options });

/** The official worker in `workdir`; the function that comes back ends it. */
export function officialWorker(plane, workdir, options = {}) {
  const stop = new AbortController();
  // It holds nothing but the environment key, as on a real worker host.
  const worker = client(plane, { apiKey: null, authToken: plane.environment_key, maxRetries: 2 });
  const ended = worker.beta.environments.work
    .worker({
      environmentId: plane.environment_id,
      environmentKey: plane.environment_key,
      workdir,
      workerId: 'official',
      maxIdleMs: 300,
      ...options,
    })
    .run(stop.signal);
  return async () => {
    stop.abort();
    await ended.catch((error) => assert.match(String(error), /abort/i));
  };
}

export const text = (words) => [{ type: 'text', text: words }];
export const message = (words) => ({ type: 'user.message', content: text(words) });

export async function collect(iterable) {
  const all = [];
  for await (const each of iterable) all.push(each);
  return all;
}

/** Resolves when `holds()` gives something true; rejects after `limit` ms, saying what was wanted. */
export async function until(what, holds, limit = 20_000) {
  const end = Date.now() + limit;
  while (true) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs the cases in order; each prints one line. The process fails if a case does. */
export async function run(cases, cleanUp) {
  let failed = 0;
  for (const [name, body] of Object.entries(cases)) {
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('more than 60 s')), 60_000);
    });
    try {
      await Promise.race([body(), limit]);
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(String(error.stack ?? error).replaceAll(/^/gm, '    '));
      console.log(`not ok ${name}`);
    }
    clearTimeout(timer);
  }
  await cleanUp();
  process.exit(failed ? 1 : 0);
}
