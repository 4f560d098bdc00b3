// The official worker as a process of its own: several of them on one plane, each session in a
// folder of its own, nothing isolated. Started by workers.mjs with a JSON text as its argument:
// {plane, folder, slots, user?, maxIdleMs}. Prints `ready`; ends when its standard input does.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { betaAgentToolset20260401 } from '@anthropic-ai/sdk/tools/agent-toolset/node';

const { plane, folder, slots, user, maxIdleMs } = JSON.parse(process.argv[2]);

// Below a folder named by a pattern, Node's glob asks what is to be left out by the name relative to
// the folder of the process: as if that were a working directory with both of them.
for (const name of ['.git', 'node_modules']) mkdirSync(join(folder, name), { recursive: true });
process.chdir(folder);

// As the box has it: new files are the owner's alone, and the search is the built-in one whether
// or not this host has ripgrep.
process.umask(0o077);
process.env.PATH = '';
if (user !== undefined) {
  process.setgroups([]);
  process.setgid(user);
  process.setuid(user);
}

// The variables that a box has too; the rest of the host's stays out of the comparison.
const variables = (workdir) => ({
  HOME: workdir,
  LANG: 'C.UTF-8',
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
  SHELL: '/bin/bash',
  TMPDIR: '/tmp',
  USER: 'agent',
});

function toolsOf(context) {
  const workdir = join(folder, context.session.id);
  mkdirSync(workdir, { recursive: true });
  return betaAgentToolset20260401({ ...context, workdir, env: variables(workdir) });
}

const stop = new AbortController();
const workers = Array.from({ length: slots }, (_, n) =>
  new Anthropic({
    apiKey: null,
    authToken: plane.environment_key,
    baseURL: plane.base_url,
    logLevel: process.env.GLOVEBOX_TEST_LOG ?? 'off',
  }).beta.environments.work
    .worker({
      environmentId: plane.environment_id,
      environmentKey: plane.environment_key,
      tools: toolsOf,
      workdir: folder,
      workerId: `worker-${n}`,
      maxIdleMs,
    })
    .run(stop.signal)
    .catch((error) => {
      if (!stop.signal.aborted) throw error;
    }),
);
process.stdin.resume().on('end', () => stop.abort());
console.log('ready');
await Promise.all(workers);
