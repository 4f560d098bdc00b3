// Leases, faults and credentials: each of these sessions has the plane and its worker to itself,
// because a fault hits whoever asks next.
import {
  answers, archives, asksToStop, attached, bash, begins, calls, endsTurn, faults, leased, losesLease, posted, posts, seesFile, stopped, userMessage,
} from '../script.mjs';

const slow = bash('echo begun; sleep 2.5; echo ended');

export const sessions = [
  { name: 'lease: heartbeats go on while a call runs', steps: [calls(slow)], beats: true },
  { name: 'lease: a stop is asked for while nothing runs', steps: [calls(bash('echo x'))], end: 'stop' },
  { name: 'lease: a stop is asked for while a call runs', steps: [begins(bash('touch begun; echo begun; sleep 20')), seesFile('begun'), asksToStop(), stopped()], end: 'none' },
  { name: 'lease: lost while nothing runs', steps: [calls(bash('echo x')), losesLease(), attached(2), endsTurn(), stopped()], end: 'none' },
  { name: 'lease: a heartbeat that fails once', faults: [{ route: 'work.heartbeat', status: 503 }], steps: [calls(slow)] },
  { name: 'lease: a heartbeat that is refused', steps: [calls(bash('echo x')), faults({ route: 'work.heartbeat', status: 403 }), stopped()], end: 'none' },
  { name: 'lease: the key is refused at a heartbeat', steps: [calls(bash('echo x')), faults({ route: 'work.heartbeat', status: 401, count: 2 }), stopped()], end: 'none' },
  { name: 'queue: a poll that fails', faults: [{ route: 'work.poll', status: 500 }], steps: [calls(bash('echo x'))] },
  { name: 'queue: an ack that fails once', faults: [{ route: 'work.ack', status: 503 }], steps: [calls(bash('echo x'))] },
  { name: 'queue: an ack that is refused', faults: [{ route: 'work.ack', status: 404 }], steps: [calls(bash('echo x'))] },
  { name: 'queue: no content when nothing is queued', settings: { empty_poll: '204' }, before: 1500, steps: [calls(bash('echo x'))] },
  { name: 'queue: an empty body when nothing is queued', settings: { empty_poll: 'empty' }, before: 1500, steps: [calls(bash('echo x'))] },
  { name: 'queue: a health check', healthcheck: true, steps: [stopped()], end: 'none' },
  { name: 'credential: an item without a secret', settings: { secret: 'none' }, steps: [calls(bash('echo x'))] },
  { name: 'credential: a secret that cannot be read', settings: { secret: 'garbage' }, steps: [calls(bash('echo x'))] },
  { name: 'credential: a secret with an empty token', settings: { secret: 'empty_token' }, steps: [calls(bash('echo x'))] },
  { name: 'session: it cannot be read at first', faults: [{ route: 'sessions.retrieve', status: 503 }], steps: [calls(bash('echo x'))] },
  { name: 'session: it is not there', faults: [{ route: 'sessions.retrieve', status: 404 }], steps: [stopped()], end: 'none' },
  { name: 'session: it had ended before it was read', faults: [{ route: 'sessions.retrieve', credential: 'worker', status: 503, retry_after_ms: 1000 }], steps: [leased(), archives(), stopped()], end: 'none' },
  { name: 'stream: cut in a frame', faults: [{ route: 'events.stream', cut: 'body' }], steps: [attached(), calls(bash('echo x >> log; wc -l < log')), calls(bash('echo x >> log; wc -l < log'))] },
  { name: 'stream: cut after the head', faults: [{ route: 'events.stream', cut: 'head' }], steps: [attached(2), calls(bash('echo x'))] },
  { name: 'stream: a server error first', faults: [{ route: 'events.stream', status: 500 }], steps: [attached(), calls(bash('echo x'))] },
  { name: 'stream: refused for good', faults: [{ route: 'events.stream', status: 403 }], steps: [stopped()], end: 'none' },
  { name: 'history: a server error first', faults: [{ route: 'events.list', status: 502 }], steps: [attached(2), calls(bash('echo x'))] },
  { name: 'history: over several pages', settings: { page: 3 }, faults: [{ route: 'sessions.retrieve', delay_ms: 1000 }], steps: [begins(...Array.from({ length: 5 }, (_, n) => bash(`echo ${n}`))), answers(0, 1, 2, 3, 4)] },
  { name: 'post: a server error first', steps: [calls(bash('true')), faults({ route: 'events.send', status: 503 }), calls(bash('echo x >> log; wc -l < log'))] },
  { name: 'post: told to wait', steps: [calls(bash('true')), faults({ route: 'events.send', status: 429, retry_after_ms: 50 }), calls(bash('echo x >> log; wc -l < log'))] },
  { name: 'post: the connection is cut before the answer', steps: [calls(bash('true')), faults({ route: 'events.send', cut: 'before' }), calls(bash('echo x >> log; wc -l < log'))] },
  { name: 'post: done, but the answer is lost', steps: [calls(bash('true')), faults({ route: 'events.send', applied: true, cut: 'before' }), begins(bash('echo x >> log; wc -l < log')), posted(1), calls(bash('wc -l < log'))] },
  { name: 'post: refused for good', steps: [calls(bash('true')), faults({ route: 'events.send', status: 400 }), begins(bash('echo x >> log; wc -l < log')), posted(1), calls(bash('wc -l < log'))] },
  { name: 'stop: already stopped', steps: [calls(bash('echo x')), faults({ route: 'work.stop', status: 409 })] },
  { name: 'stop: a server error first', steps: [calls(bash('echo x')), faults({ route: 'work.stop', status: 500 }), endsTurn(), { does: 'stopped_well' }], end: 'none' },
  { name: 'again: a message brings another item', steps: [calls(bash('echo x > kept')), endsTurn(), stopped(), posts(userMessage('again')), calls(bash('cat kept'))] },
].map((session) => ({ ...session, alone: true }));
