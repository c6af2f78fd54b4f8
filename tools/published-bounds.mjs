// Writes what the predictions of the published facts reach: node tools/published-bounds.mjs
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const { status } = spawnSync('npx', ['vitest', 'run', 'test/accuracy/published-facts.test.ts'], {
  cwd: dirname(dirname(fileURLToPath(import.meta.url))),
  env: { ...process.env, RACKRATE_WRITE_BOUNDS: '1' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
