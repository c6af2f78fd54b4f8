import type { Seconds } from '../units/quantity.ts';
import type { Defaults } from './defaults.ts';

/** A wait between an answer and what follows it: exponential unless its CV is given. */
export function resolveWait(
  wait: number | { mean: number; cv: number },
  path: string,
  defaults: Defaults,
): { mean: Seconds; cv: number } {
  return typeof wait === 'number' ? { mean: wait, cv: defaults.use(`${path}.cv`, 1, 'exponential') } : wait;
}
