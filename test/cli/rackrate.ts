import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');
export const ENTRY = join(ROOT, 'dist', 'rackrate.js');

/** The program as a user starts it, from the root of the package unless told otherwise. */
export function rackrate(args: readonly string[], cwd = ROOT): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', cwd });
}
