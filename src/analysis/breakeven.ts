import type { CostTread } from './volume-cost.ts';

/** A range of volumes, in total tokens a month, where self-hosting is cheaper. `null`: no upper end. */
export type VolumeInterval = [from: number, to: number | null];

/** Volume on a tread from which the own cost lies below a price per token; undefined where it never does. */
function winsFrom(tread: CostTread, apiUsdPerToken: number, oneOffUsdPerMonth: number): number | undefined {
  const margin = apiUsdPerToken - tread.usdPerToken;
  if (margin <= 0) return undefined;
  const crossing = (tread.fixedUsd + oneOffUsdPerMonth) / margin;
  return crossing < tread.to ? Math.max(crossing, tread.from) : undefined;
}

/**
 * All volumes at which self-hosting is cheaper than a price per token.
 *
 * The own cost is a staircase: each tread is won from where its cost line crosses the API's, and lost again at the
 * next riser if that is too tall. So there are as many intervals as treads may be, merged where they touch.
 *
 * @param treads the staircase from volume 0 on
 * @param endless whether the last tread's outcome holds for every larger volume (see `alwaysWinsBeyond`)
 */
export function breakevenIntervals(
  treads: readonly CostTread[],
  apiUsdPerToken: number,
  oneOffUsdPerMonth: number,
  endless: boolean,
): VolumeInterval[] {
  const intervals: VolumeInterval[] = [];
  for (const tread of treads) {
    const from = winsFrom(tread, apiUsdPerToken, oneOffUsdPerMonth);
    if (from === undefined) continue;
    const last = intervals.at(-1);
    if (last !== undefined && last[1] === tread.from && from === tread.from) last[1] = tread.to;
    else intervals.push([from, tread.to]);
  }
  const last = intervals.at(-1);
  if (endless && last !== undefined && last[1] === treads.at(-1)?.to) last[1] = null;
  return intervals;
}

/** Whether treads far out are won from their first token on, which makes the last interval open-ended. */
export function alwaysWinsBeyond(
  farTreads: readonly CostTread[],
  apiUsdPerToken: number,
  oneOffUsdPerMonth: number,
): boolean {
  return (
    farTreads.length > 0 &&
    farTreads.every((tread) => winsFrom(tread, apiUsdPerToken, oneOffUsdPerMonth) === tread.from)
  );
}

/**
 * First month whose cumulative own cash is at or below the API's; null where none is.
 *
 * @param now paid before month 1
 * @param own, api cash by month, month 1 first
 */
export function breakevenMonth(now: number, own: readonly number[], api: readonly number[]): number | null {
  let ownSum = now;
  let apiSum = 0;
  for (let index = 0; index < own.length; index++) {
    ownSum += own[index] as number;
    apiSum += api[index] as number;
    if (ownSum <= apiSum) return index + 1;
  }
  return null;
}
