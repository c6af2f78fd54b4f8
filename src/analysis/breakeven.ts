import type { TreadTable } from './tread-table.ts';
import type { CostTread } from './volume-cost.ts';

/** A range of volumes, in total tokens a month, where self-hosting is cheaper. `null`: no upper end. */
export type VolumeInterval = [from: number, to: number | null];

/**
 * Where the part of a tread begins on which the own cost lies below a price per token: at the crossing where the API's
 * price per token is the higher. Infinity where there is none, however long the tread.
 *
 * @param margin what the API's price per token has above the own
 * @param fixed own cost before the first token
 */
function wonFrom(margin: number, fixed: number, from: number): number {
  if (margin > 0) return Math.max(fixed / margin, from);
  return margin < 0 || fixed < 0 ? from : Number.POSITIVE_INFINITY;
}

/** Where it ends: at the crossing where the own price per token is the higher. */
function wonTo(margin: number, fixed: number, to: number): number {
  return margin < 0 ? Math.min(fixed / margin, to) : to;
}

/** The part of a tread that is won; undefined where none is. */
export function winningPart(
  tread: CostTread,
  apiUsdPerToken: number,
  oneOffUsdPerMonth: number,
): [from: number, to: number] | undefined {
  const margin = apiUsdPerToken - tread.usdPerToken;
  const fixed = tread.fixedUsd + oneOffUsdPerMonth;
  const from = wonFrom(margin, fixed, tread.from);
  const to = wonTo(margin, fixed, tread.to);
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
  treads: TreadTable,
  apiUsdPerToken: number,
  oneOffUsdPerMonth: number,
): VolumeInterval[] {
  const parts: [number, number][] = [];
  let end = Number.NaN;
  for (let at = 0; at < treads.count; at++) {
    const margin = apiUsdPerToken - (treads.usdPerToken[at] as number);
    const fixed = (treads.fixedUsd[at] as number) + oneOffUsdPerMonth;
    const from = wonFrom(margin, fixed, treads.from[at] as number);
    const to = wonTo(margin, fixed, treads.to[at] as number);
    if (!(from < to)) continue;
    if (from === end) (parts.at(-1) as [number, number])[1] = to;
    else parts.push([from, to]);
    end = to;
  }
  return parts.map(([from, to]) => [from, Number.isFinite(to) ? to : null]);
}

/** Intervals of two stretches of one staircase, the second behind the first, merged where they touch. */
export function mergedIntervals(near: readonly VolumeInterval[], far: readonly VolumeInterval[]): VolumeInterval[] {
  const last = near.at(-1);
  const next = far[0];
  if (last === undefined || next === undefined || last[1] !== next[0]) return [...near, ...far];
  return [...near.slice(0, -1), [last[0], next[1]], ...far.slice(1)];
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
