import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The table of published measurements, which is not part of the package. */
export function measuredFile(): string | undefined {
  const places = [
    process.env['RACKRATE_MEASURED'],
    join(import.meta.dirname, '..', '..', '..', 'shared', 'measured', 'calibration.csv'),
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}

/** What a suite is called, so that a run without the table says why it tests nothing. */
export function titleOf(file: string | undefined, what: string): string {
  return file === undefined ? 'skipped: RACKRATE_MEASURED names no table of measured rows' : what;
}
