import type { CostTread } from './volume-cost.ts';

/** A range of volumes, in total tokens a month, where self-hosting is cheaper. `null`: no upper end. */
export type VolumeInterval = [from: number, to: number | null];

/**
 * The part of a tread on which the own cost lies below a price per token: behind the crossing where the API's price
 * per token is the higher, before it where the own is.
 */
export function winningPart(
  tread: CostTread,
  apiUsdPerToken: number,
  oneOffUsdPerMonth: number,
): [from: number, to: number] | undefined {
  const margin = apiUsdPerToken - tread.usdPerToken;
  const fixed = tread.fixedUsd + oneOffUsdPerMonth;
  if (margin === 0) return fixed < 0 ? [tread.from, tread.to] : undefined;
  const crossing = fixed / margin;
  const from = margin > 0 ? Math.max(crossing, tread.from) : tread.from;
  const to = margin > 0 ? tread.to : Math.min(crossing, tread.to);
  return from < to ? [from, to] : undefined;
}

/** Whether a tread is won from its first token to its last. */
export function isWonThroughout(tread: CostTread, apiUsdPerToken: number, oneOffUsdPerMonth: number): boolean {
  const part = winningPart(tread, apiUsdPerToken, oneOffUsdPerMonth);
  return part !== undefined && part[0] === tread.from && part[1] === tread.to;
}

/**
 * All volumes at which self-hosting is cheaper than a price per token.
 *
 * The own cost is a staircase: each tread may be won in part, and lost again at the next riser. So there are as many
 * intervals as treads may be, merged where they touch.
 *
 * @param treads the staircase from volume 0 on
 */
export function breakevenIntervals(
  treads: readonly CostTread[],
  apiUsdPerToken: number,
  oneOffUsdPerMonth: number,
): VolumeInterval[] {
  const parts: [number, number][] = [];
  for (const tread of treads) {
    const part = winningPart(tread, apiUsdPerToken, oneOffUsdPerMonth);
    if (part === undefined) continue;
    const last = parts.at(-1);
    if (last !== undefined && last[1] === part[0]) last[1] = part[1];
    else parts.push(part);
  }
  return parts.map(([from, to]) => [from, Number.isFinite(to) ? to : null]);
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
