// What one worker did in one session, as the plane's trace tells it, in a form that two workers can
// be compared in. Left out: ids, times, and the path of the session's folder on the host.
//
// An observation maps the name of a field to a text:
//   requests              every request but heartbeats, in order, each with its answer's status
//   request ROUTE         method, path, query, headers that matter, credential and body of that kind
//   first heartbeat, later heartbeats
//                         the same of those; the later ones are compared where the script says so
//   call N                how often a result was posted, its kind, and its further fields
//   call N is_error, call N content
//   call N path prefix    where the content names the session's folder: how
import { createHash } from 'node:crypto';
import { callOf } from './play.mjs';

const HEADERS = ['accept', 'anthropic-beta', 'anthropic-version', 'anthropic-worker-id', 'content-type'];
const LONGEST = 400;

/** A text that is short enough to list and still says exactly which text it stands for. */
export function shortened(text) {
  if (text.length <= LONGEST) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const part = (some) => JSON.stringify(some).slice(1, -1);
  return `${part(text.slice(0, 160))} …(${text.length} characters, sha256 ${hash})… ${part(text.slice(-40))}`;
}

function shapeOf(entry, names) {
  const plain = (text) => {
    for (const [id, name] of names) text = text.replaceAll(id, name);
    return text;
  };
  const query = entry.query.map(([name, value]) => {
    if (name === 'page') return `${name}={page}`;
    if (name === 'expected_last_heartbeat' && value !== 'NO_HEARTBEAT') return `${name}={last heartbeat}`;
    return `${name}=${value}`;
  });
  const headers = HEADERS.filter((name) => name in entry.headers).map((name) =>
    `${name}: ${name === 'anthropic-worker-id' ? '{worker}' : entry.headers[name]}`);
  const body = entry.route === 'events.send' ? '{results}' : JSON.stringify(entry.body);
  const path = plain(entry.path) + (query.length ? `?${query.join('&')}` : '');
  return [`${entry.method} ${path}`, ...headers, entry.credential || '-', body].join(' | ');
}

const unique = (list) => [...new Set(list)];

function requestWords(entry, calls) {
  const events = entry.route === 'events.send' ? (entry.body?.events ?? []) : [];
  const about = events.map((event) => ` call ${calls.indexOf(callOf(event))}`).join('');
  const how = entry.fault ? ` (${entry.fault})` : entry.status === 200 ? '' : ` (${entry.status})`;
  return `${entry.route}${about}${how}`;
}

// Calls that only read run side by side: the order in which their answers come says nothing.
function inSomeOrder(words) {
  const out = [];
  let run = [];
  const flush = () => {
    out.push(...run.sort());
    run = [];
  };
  for (const word of words) {
    if (word.startsWith('events.send')) run.push(word);
    else {
      flush();
      out.push(word);
    }
  }
  flush();
  return out;
}

function callFields(number, call, entries, { session, prefix, sorted, ends }) {
  const found = [];
  for (const entry of entries)
    for (const event of entry.body?.events ?? [])
      if (callOf(event) === call) found.push({ status: entry.status, fault: entry.fault, event });
  const name = `call ${number}`;
  if (found.length === 0) return { [name]: 'no result' };
  const { type, is_error, content, tool_use_id, custom_tool_use_id, ...rest } = found.at(-1).event;
  const fields = {
    [name]: `${type}${Object.keys(rest).length ? ` with ${JSON.stringify(rest)}` : ''}`,
    [`${name} is_error`]: String(is_error),
  };
  const texts = content.map((block) => {
    if (block.type !== 'text') return JSON.stringify(block);
    const { type: _, text, ...more } = block;
    return text + (Object.keys(more).length ? JSON.stringify(more) : '');
  });
  const raw = texts.join('\n--- next block ---\n');
  const plain = raw.replaceAll(prefix, '/workspace').replaceAll(session, '{session}');
  const lines = plain.split('\n');
  fields[`${name} content`] = sorted ? lines.sort().join('\n') : ends ? `${lines[0]} … ${lines.at(-1)}` : plain;
  if (raw.includes(prefix))
    fields[`${name} path prefix`] = prefix === '/workspace' ? prefix : 'the folder on the host';
  return fields;
}

/** The observation of what play() gave. */
export function observe(played, worker) {
  const names = [
    [played.session, '{session}'],
    ...played.items.map((item) => [item, '{item}']),
    ...unique(played.entries.map((each) => /environments\/([^/]+)/.exec(each.path)?.[1]).filter(Boolean)).map(
      (environment) => [environment, '{environment}']),
  ];
  const seen = {};
  if (played.error) seen.requests = `${played.error.message}`;
  const beats = played.entries.filter((each) => each.route === 'work.heartbeat');
  const others = played.entries.filter((each) => each.route !== 'work.heartbeat');
  const words = others.map((each) => requestWords(each, played.calls));
  seen.requests = [...(played.error ? [seen.requests] : []),
    ...(played.script.parallel ? inSomeOrder(words) : words)].join(', ');
  seen['first heartbeat'] = beats.length ? shapeOf(beats[0], names) : '';
  seen['later heartbeats'] = unique(beats.slice(1).map((each) => shapeOf(each, names))).join(' ; ');
  for (const route of unique(others.map((each) => each.route)))
    seen[`request ${route}`] = unique(
      others.filter((each) => each.route === route).map((each) => shapeOf(each, names))).join(' ; ');
  const sends = others.filter((each) => each.route === 'events.send');
  for (const [number, call] of played.calls.entries())
    Object.assign(seen, callFields(number, call, sends, {
      session: played.session,
      prefix: worker.prefix(played.session),
      ends: played.script.ends?.includes(number),
      sorted: played.script.sorted?.includes(number),
    }));
  return seen;
}
