// What happens round the calls: batches, confirmations, interrupts, threads, the end of a session.
import {
  answers, archives, ask, attached, bash, begins, calls, confirms, custom, deletes, emits, endsTurn,
  glob, grep, inThread, interrupt, pauses, posted, posts, read, seesFile, stopped, threadEnds, tool, userMessage, write,
} from '../script.mjs';

const denied = (event) => ({ ...event, evaluated_permission: 'deny' });

export const sessions = [
  { name: 'flow: a session without a call', steps: [attached()] },
  { name: 'flow: a session that is archived', steps: [calls(bash('echo x'))], end: 'archive' },
  { name: 'flow: a session that is deleted', steps: [calls(bash('echo x')), deletes(), stopped()], end: 'none' },
  {
    name: 'flow: all six tools in one session',
    steps: [
      calls(write('src/a.py', 'print("hi")\n')), calls(tool('edit', { file_path: 'src/a.py', old_string: 'hi', new_string: 'ho' })),
      calls(read('src/a.py')), calls(glob('**/*.py')), calls(grep('print')), calls(bash('cat src/a.py')),
    ],
  },
  {
    name: 'flow: calls that only read, side by side',
    steps: [calls(write('a.txt', 'one\ntwo\n')), calls(read('a.txt'), glob('*.txt'), grep('two'), read('missing'), grep('one', 'a.txt'))],
    parallel: true,
  },
  {
    name: 'flow: calls that write keep their order',
    steps: [calls(bash('echo 1 >> log'), write('log2', 'x'), bash('cat log log2; echo 2 >> log'), tool('edit', { file_path: 'log', old_string: '2', new_string: 'two' }), bash('cat log'))],
  },
  {
    name: 'flow: a reader after a writer of the same batch',
    steps: [calls(bash('sleep 0.2; echo late > f'), read('f'), write('f', 'newer\n'), read('f'))],
  },
  { name: 'flow: a call of before the worker came, and one after', steps: [begins(bash('echo early')), answers(0), calls(bash('echo later'))] },
  {
    name: 'flow: answered calls of the history are left alone',
    steps: [calls(bash('echo x >> log')), endsTurn(), stopped(), posts(userMessage('again')), calls(bash('cat log')), endsTurn(), stopped()],
    end: 'none',
  },
  { name: 'flow: asked and allowed', steps: [begins(ask(bash('echo allowed'))), attached(), confirms(0, 'allow'), answers(0)] },
  { name: 'flow: asked and denied', steps: [begins(ask(bash('touch made'))), attached(), confirms(0, 'deny'), calls(bash('ls'))] },
  { name: 'flow: allowed before the worker came', steps: [begins(ask(bash('echo allowed'))), confirms(0, 'allow'), answers(0)] },
  { name: 'flow: denied before the worker came', steps: [begins(ask(bash('touch made'))), confirms(0, 'deny'), calls(bash('ls'))] },
  {
    name: 'flow: one of a batch is asked for, the others run',
    steps: [begins(bash('echo 0'), ask(bash('echo 1')), bash('echo 2')), answers(0, 2), confirms(1, 'allow'), answers(1)],
  },
  {
    name: 'flow: two are asked for, one allowed, one denied',
    steps: [begins(ask(write('a', 'x')), ask(write('b', 'x'))), attached(), confirms(1, 'allow'), answers(1), confirms(0, 'deny'), calls(bash('ls'))],
  },
  { name: 'flow: denied by the server at once', steps: [begins(denied(bash('touch made'))), calls(bash('ls'))] },
  {
    name: 'flow: a permission of a later version is held like ask',
    steps: [begins({ ...bash('echo ran'), evaluated_permission: 'perhaps' }), calls(bash('echo other')), confirms(0, 'allow'), answers(0)],
  },
  {
    name: 'flow: permission allow, and an evaluation',
    steps: [calls({ ...bash('echo x'), evaluated_permission: 'allow', evaluation: { type: 'always_allow' } })],
  },
  {
    name: 'flow: the turn ends while a call is held',
    steps: [begins(ask(bash('echo x'))), attached(), endsTurn(), pauses(800)],
    end: 'archive',
  },
  {
    name: 'flow: a custom tool is left to its owner',
    steps: [begins(custom('lookup', { key: 'x' })), calls(bash('echo mine'))],
  },
  {
    name: 'flow: a built-in tool of another name is left to its owner',
    steps: [begins(tool('web_search', { query: 'x' })), calls(bash('echo mine'))],
  },
  { name: 'flow: a custom tool that somebody else answers', steps: [begins(custom('lookup', {})), attached(), { does: 'answer_custom', number: 0 }, calls(bash('echo mine'))] },
  { name: 'flow: MCP calls are the service\'s own', steps: [emits({ type: 'agent.mcp_tool_use', mcp_server_name: 'm', name: 'bash', input: { command: 'echo no' } }), calls(bash('echo mine'))] },
  {
    name: 'flow: a call of a child thread is answered like any other',
    steps: [calls(inThread('sthr_child', bash('echo child')))],
  },
  {
    name: 'flow: a held call of a thread that ends is dropped',
    steps: [begins(inThread('sthr_child', ask(bash('touch made')))), attached(), emits(threadEnds('sthr_child')), calls(bash('ls'))],
  },
  {
    name: 'flow: calls of a thread that has ended are dropped',
    steps: [emits(threadEnds('sthr_child')), attached(), begins(inThread('sthr_child', bash('touch made'))), calls(bash('ls'))],
  },
  {
    name: 'flow: the end of one thread leaves those of another',
    steps: [begins(inThread('sthr_a', ask(bash('echo a'))), inThread('sthr_b', ask(bash('echo b')))), attached(), emits(threadEnds('sthr_a')), confirms(1, 'allow'), answers(1)],
  },
  {
    name: 'flow: an interrupt between calls',
    steps: [calls(bash('echo x')), posts(interrupt()), calls(bash('echo y'))],
    end: 'archive',
    patient: true,
  },
  {
    name: 'flow: an interrupt while a call runs',
    steps: [calls(bash('true')), begins(bash('touch begun; echo begun; sleep 3; touch finished')), seesFile('begun'), posts(interrupt()), posted(1), calls(bash('ls'))],
    end: 'archive',
    patient: true,
  },
  {
    name: 'flow: an interrupt while calls wait behind another',
    steps: [calls(bash('true')), begins(bash('touch begun; sleep 2'), bash('touch second')), seesFile('begun'), posts(interrupt()), posted(1), posted(2), calls(bash('ls'))],
    parallel: true,
    end: 'archive',
    patient: true,
  },
  {
    name: 'flow: the session is archived while a call runs',
    steps: [begins(bash('touch begun; echo begun; sleep 3; touch finished')), seesFile('begun'), archives(), stopped()],
    end: 'none',
  },
  {
    name: 'flow: events of unknown types are no matter',
    steps: [emits({ type: 'agent.dream', about: 'sheep' }, { type: 'span.model_request_start' }, { type: 'session.usage' }), calls(bash('echo x'))],
  },
  {
    name: 'flow: further fields of a call are no matter',
    steps: [calls({ ...bash('echo x', { note: 'further', extra: { deep: [1, 2] } }), future: true })],
  },
  {
    name: 'flow: a message during a turn',
    steps: [calls(bash('echo x')), posts(userMessage('more')), calls(bash('echo y'))],
  },
  {
    name: 'flow: an end of turn that more work follows',
    steps: [calls(bash('echo x')), endsTurn(), posts(userMessage('more')), calls(bash('echo y'))],
    end: 'archive',
    patient: true,
  },
  {
    name: 'flow: ten calls in one batch',
    steps: [calls(...Array.from({ length: 10 }, (_, n) => bash(`echo ${n} >> log; wc -l < log`)))],
  },
  {
    name: 'flow: thirty calls one after another',
    steps: Array.from({ length: 30 }, (_, n) => calls(bash(`n=$((n + 1)); echo $n`))),
  },
];
