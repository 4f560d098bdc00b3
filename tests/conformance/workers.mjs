// The two workers that are compared: the official one, and `glovebox worker` as root or as an
// ordinary user.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const USER_ID = 54321;
const AS_USER = [
  'setpriv', `--reuid=${USER_ID}`, `--regid=${USER_ID}`, '--clear-groups', '--inh-caps=-all',
  '--bounding-set=-all',
];
export const isRoot = process.getuid() === 0;
export const userNames = isRoot ? ['root', 'user'] : ['user'];

const binary = resolve(process.env.GLOVEBOX_BINARY ?? '../../build/dev/glovebox');
const folders = [];

/** A folder that the users of a test reach; removed by removeFolders(). */
export async function freshFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'glovebox-conformance-'));
  folders.push(folder);
  await chmod(folder, 0o711);
  return folder;
}

export const removeFolders = () =>
  Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));

let staged;
/** The program where an ordinary user can reach it: the build may lie below /root. */
function program(user) {
  if (user === 'root' || !isRoot) return binary;
  staged ??= freshFolder().then(async (folder) => {
    await copyFile(binary, join(folder, 'glovebox'));
    await chmod(join(folder, 'glovebox'), 0o755);
    return join(folder, 'glovebox');
  });
  return staged;
}

/** Official workers, `slots` sessions at once; `folder` is where those work. */
export async function startOfficial(plane, slots, { maxIdleMs = 300, nice } = {}) {
  const folder = await freshFolder();
  const user = isRoot ? USER_ID : undefined;
  const work = join(folder, 'work');
  await mkdir(work, { mode: 0o755 });
  if (isRoot) await chown(work, USER_ID, USER_ID);
  const { base_url, environment_id, environment_key } = plane;
  const order = {
    plane: { base_url, environment_id, environment_key }, folder: work, slots, user, maxIdleMs,
  };
  const command = [process.execPath, 'official.mjs', JSON.stringify(order)];
  if (nice) command.unshift('nice', '-n', '19');
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit')]);
  if (line !== 'ready') throw new Error(`the official worker ended with ${line}`);
  return {
    name: 'official',
    // What the model sees of the host: the folder of the session, written as in a box.
    prefix: (session) => join(work, session),
    hostFolder: (session) => join(work, session),
    log: () => '',
    end: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** `glovebox worker` as `user` (root or user); `command` and `variables` for what is not usual. */
export async function startGlovebox(plane, user, options = [], { command = ['worker'], variables = {}, keyed = true, state, linkedWorkdir } = {}) {
  const folder = await freshFolder();
  const own = !isRoot || user === 'root' ? null : USER_ID;
  if (own) await chown(folder, own, own);
  const log = join(folder, 'log');
  const work = join(folder, 'work');
  await mkdir(work, { mode: 0o700 });
  if (own) await chown(work, own, own);
  const named = linkedWorkdir ? join(folder, 'link') : work;
  if (linkedWorkdir) await symlink(work, named);
  const out = openSync(log, 'w', 0o644);
  const words = [
    ...(own ? AS_USER : []), await program(user), ...command,
    '--base-url', plane.base_url, '--environment-id', plane.environment_id,
    '--policy', 'builtin:default', '--state', state ?? join(folder, 'state'), '--workdir', named, ...options,
  ];
  const child = spawn(words[0], words.slice(1), {
    stdio: ['ignore', out, out],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      ...(keyed ? { ANTHROPIC_ENVIRONMENT_KEY: plane.environment_key } : {}),
      ...variables,
    },
  });
  closeSync(out);
  const ended = once(child, 'exit');
  return {
    name: `glovebox as ${user}`,
    state: join(folder, 'state'),
    prefix: () => '/workspace',
    hostFolder: (session) => join(work, session),
    child,
    ended,
    log: () => readFileSync(log, 'utf8'),
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
  };
}
