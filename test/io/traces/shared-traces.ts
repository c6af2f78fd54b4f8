import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of published traces, which is not part of the package; undefined where it is missing. */
export function tracesFolder(): string | undefined {
  const places = [
    process.env['RACKRATE_TRACES'],
    join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'reference', 'traces'),
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}

/** Appended to the name of a test that has nothing to read. */
export const MISSING = 'skipped: the published traces are not here; RACKRATE_TRACES names their folder';
