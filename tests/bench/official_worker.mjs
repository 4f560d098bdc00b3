// The official worker in a process of its own, for its memory: PLANE as JSON in the first argument.
// Ends with its standard input.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { officialWorker } from '../conformance/harness.mjs';

officialWorker(JSON.parse(process.argv[2]), mkdtempSync(join(tmpdir(), 'glovebox-bench-')), { maxIdleMs: 0 });
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
