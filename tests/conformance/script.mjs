// The words that scripted sessions are written in. A script is data: `{name, steps, …}`, each step
// one object that play.mjs carries out and that a report can show.
//
// name        what the session shows; the first word is the room it belongs to
// steps       in order; a step that calls waits for the answers of all its calls
// end         how the session ends: 'turn' (default: the turn ends, then the idle countdown),
//             'archive', 'stop' (asked from outside), 'none' (the steps have ended it)
// alone       it has a plane and a worker to itself, because it changes what the plane does:
// faults, settings, healthcheck, before: what the plane is told before the session is made; a health-check
//             item has no session at all; for so many milliseconds polls find nothing
// sorted      the calls whose lines are compared in sorted order: a search lists the files of a
//             folder as the file system has them, which is no property of either worker
// ends        the calls of which only the first and the last line are compared: how much fits before
//             a cut depends on the path that is written on each line
// patient     the worker waits long after the end of a turn: what comes next is still the same item
// beats       heartbeats after the first are part of what is compared
// parallel    the answers of one batch may come in any order: calls that only read run side by side

/** Calls of one batch, emitted at once. */
export const calls = (...all) => ({ does: 'call', calls: all, waits: true });
/** The same without waiting for the answers. */
export const begins = (...all) => ({ does: 'call', calls: all, waits: false });
/** The answers of calls that were begun: by number, in the order in which they were emitted. */
export const answers = (...numbers) => ({ does: 'answers', numbers });
/** Until a result has been posted, whatever the answer was. */
export const posted = (number) => ({ does: 'posted', number });
export const confirms = (number, result) => ({ does: 'confirm', number, result });
export const emits = (...events) => ({ does: 'emit', events });
export const posts = (...events) => ({ does: 'post', events });
export const pauses = (ms) => ({ does: 'pause', ms });
/** Until the worker has opened the session's stream and read its history `times`. */
export const attached = (times = 1) => ({ does: 'attached', times });
/** Until a call has made this file: it runs. */
export const seesFile = (name) => ({ does: 'file', name });
/** Until the worker holds the item. */
export const leased = () => ({ does: 'leased' });
export const stopped = () => ({ does: 'stopped' });
export const endsTurn = () => ({ does: 'end_turn' });
export const archives = () => ({ does: 'archive' });
export const deletes = () => ({ does: 'delete' });
export const asksToStop = () => ({ does: 'stop' });
export const losesLease = () => ({ does: 'lose_lease' });
/** Faults of the plane from here on; only in sessions that have a plane to themselves. */
export const faults = (...rules) => ({ does: 'faults', rules });


export const tool = (name, input, more = {}) => ({ type: 'agent.tool_use', name, input, ...more });
export const custom = (name, input, more = {}) => ({ type: 'agent.custom_tool_use', name, input, ...more });
export const bash = (command, more = {}) => tool('bash', { command, ...more });
export const read = (file_path, view_range) => tool('read', { file_path, ...(view_range ? { view_range } : {}) });
export const write = (file_path, content) => tool('write', { file_path, content });
export const edit = (file_path, old_string, new_string, more = {}) =>
  tool('edit', { file_path, old_string, new_string, ...more });
export const glob = (pattern, path) => tool('glob', { pattern, ...(path ? { path } : {}) });
export const grep = (pattern, path) => tool('grep', { pattern, ...(path ? { path } : {}) });
export const ask = (event) => ({ ...event, evaluated_permission: 'ask' });
export const inThread = (thread, event) => ({ ...event, session_thread_id: thread });

export const userMessage = (words) => ({ type: 'user.message', content: [{ type: 'text', text: words }] });
export const interrupt = (thread) => ({ type: 'user.interrupt', ...(thread ? { session_thread_id: thread } : {}) });
export const threadEnds = (thread) => ({
  type: 'session.thread_status_terminated', session_thread_id: thread, agent_name: 'helper',
});
