// The differential suite's report, as a text that a person reads.
import { ROWS } from './compare.mjs';

const block = (label, text) =>
  text.split('\n').map((line, n) => `    ${(n ? '' : label).padEnd(10)}${line}`).join('\n');

export function reportOf({ scripts, found, table, uses, given, notProvoked }) {
  const users = Object.keys(found);
  const out = [
    'What differs between the official worker (TypeScript SDK 1.12.0, unisolated) and glovebox worker',
    '',
    `${scripts.length} scripted sessions, each served by both (glovebox as ${users.join(' and as ')}), compared through the`,
    'plane\'s request trace: paths, methods, headers, credentials and bodies of every request.',
    `Sessions that use a tool: ${Object.entries(uses).map(([name, count]) => `${name} ${count}`).join(', ')}.`,
    'Left out of the comparison: ids, times, the port, and telemetry headers (user-agent, x-stainless-*).',
    '',
  ];
  const differing = new Set(users.flatMap((user) => found[user].map((each) => each.session)));
  out.push(`Sessions without any difference: ${scripts.length - differing.size}.`, '');
  const unlisted = users.flatMap((user) => found[user].filter((each) => !table.listing(each)).map((each) => ({ user, ...each })));
  out.push(unlisted.length ? `UNLISTED: ${unlisted.length}` : 'Unlisted differences: none.', '');
  for (const each of unlisted)
    out.push(`  ${each.session}, ${each.field} (as ${each.user})`, block('official', each.official), block('ours', each.ours));
  for (const [row, title] of Object.entries(ROWS)) {
    const rows = table.rows.filter((each) => String(each.row) === row);
    if (!rows.length) continue;
    const name = row === 'prefix' ? 'Path prefix' : `Row ${row} of section 25`;
    out.push('', `${name}: ${title}`, `  ${rows.length} places`, '');
    for (const each of rows)
      out.push(`  ${each.session}, ${each.field}`, block('official', each.official), block('ours', each.ours));
  }
  out.push('', 'Texts of section 14 that were seen, each in at least one session:');
  for (const { text, who } of given) out.push(`  ${text}${who === 'both' ? '' : ` (${who} only)`}`);
  out.push('', 'Texts that no session brings about:');
  for (const [text, why] of notProvoked) out.push(`  ${text}: ${why}`);
  return `${out.join('\n')}\n`;
}
