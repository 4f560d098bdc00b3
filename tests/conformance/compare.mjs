// Two observations of each session against each other, and the table of wanted differences.
import { readFileSync, writeFileSync } from 'node:fs';
import { shortened } from './observe.mjs';

/** What a row of the table may name: a row of section 25 of the wire page, or the path prefix. */
export const ROWS = {
  prefix: 'the working directory is the host\'s own folder; in a box it is always /workspace',
  1: 'a command that ends the shell: the state is lost; here the status is told and the state kept',
  2: 'unbalanced quotes hang to the time limit; here each command is judged by itself, at once',
  3: 'a timeout loses output and shell; here the output so far stays, and the shell',
  4: 'timeout_ms 0 ends at once; here 0 is the default; background processes as the policy says',
  5: 'output beyond 100 KiB is thrown away; here the first line says what was cut and where it is',
  6: 'a failing command that printed something keeps its status to itself; here a last line says it',
  9: 'one shell for all calls, as the worker\'s own user; here each call is in a fresh box',
  10: 'detached processes survive the item; here they end with it',
  13: 'calls run one after another, blind for the stream; here it is read meanwhile',
  14: 'a call whose result could not be posted runs again; here the stored result is posted again',
  23: 'an item that is cut leaves its calls open in silence; here they are answered with an error',
  27: 'read gives text only; here images and PDF documents as blocks',
  28: 'edit writes U+FFFD over bytes that are not UTF-8; here the bytes stay',
  29: 'glob leaves things out without a word; here a last line counts them',
  30: 'grep: regex dialect, and files that cannot be read; here one dialect, and a last line counts them',
  31: 'a health check is stopped as it is; here it is held while the worker looks at itself',
};

export function differences(script, official, ours) {
  const fields = new Set([...Object.keys(official), ...Object.keys(ours)]);
  const out = [];
  for (const field of fields) {
    if (official[field] === ours[field]) continue;
    if (field === 'later heartbeats' && !script.beats) continue;
    out.push({
      session: script.name, field,
      official: shortened(official[field] ?? '(nothing)'), ours: shortened(ours[field] ?? '(nothing)'),
    });
  }
  return out;
}

const sameDifference = (row, found) =>
  row.session === found.session && row.field === found.field &&
  row.official === found.official && row.ours === found.ours;

export class WantedTable {
  #path;
  constructor(path) {
    this.#path = path;
    this.rows = JSON.parse(readFileSync(path, 'utf8'));
  }

  /** The row that lists this difference, or undefined. */
  listing(found) {
    return this.rows.find((row) => sameDifference(row, found));
  }

  /** Words about rows that no `found` difference matches any more. */
  stale(found) {
    return this.rows.filter((row) => !found.some((each) => sameDifference(row, each)))
      .map((row) => `${row.session}: ${row.field} (row ${row.row})`);
  }

  badRows() {
    return this.rows.filter((row) => !(row.row in ROWS)).map((row) => `${row.session}: ${row.field}: row ${row.row}`);
  }

  /** GLOVEBOX_ACCEPT=1: the table becomes what was found; a person names the row of what is new. */
  accept(found) {
    const rows = found.map((each) => {
      const known = this.rows.find((row) => row.session === each.session && row.field === each.field);
      return { row: known?.row ?? (each.field.endsWith('path prefix') ? 'prefix' : ''), ...each };
    });
    writeFileSync(this.#path, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`);
  }
}
