import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The tests of the command line run the bundle, so it is built from the sources as they are now. */
export function setup(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '..', 'build.mjs')], { stdio: 'inherit' });
}
