import type { VolumeInterval } from './breakeven.ts';
import type { Comparison } from './comparison.ts';

/** The answer: whether self-hosting pays against one offer, over the scenario's horizons. */
export interface Verdict {
  outcome: 'wins' | 'loses' | 'depends' | 'no_comparison' | 'unserved';
  against: string | null;
  same_model: boolean;
  volumes: VolumeInterval[];
  month: number | null;
  paid_back_to_end: boolean | null;
  /** Rent per GPU-hour at which the longest comparable horizon turns. */
  flip_rent_usd_per_gpu_h: number | null;
  reason: string;
}

function reasonFor(comparison: Comparison, ownUsdPerMonth: number): string {
  if (comparison.usd_per_month <= 0) return 'the API bill is nothing';
  const share = ownUsdPerMonth / comparison.usd_per_month;
  return share > 1
    ? `it costs ${share.toPrecision(2)} times the API bill in month 1`
    : `it costs ${(share * 100).toFixed(0)} % of the API bill in month 1`;
}

/** Costs can be compared as long as no more than this share of the traffic goes unserved on one side. */
export const COMPARABLE_UNSERVED_SHARE = 0.001;

/** Horizons over which both sides serve the same traffic, near enough. */
export function comparableHorizons(comparison: Comparison): Comparison['horizons'] {
  return comparison.horizons.filter((entry) => entry.unserved_share <= COMPARABLE_UNSERVED_SHARE);
}

/**
 * Wins or loses where every comparable horizon agrees by net present value; depends where they differ.
 *
 * @param comparison with the offer that the scenario is judged against, if it names any
 * @param ownUsdPerMonth loaded cost of month 1
 */
export function verdict(comparison: Comparison | undefined, ownUsdPerMonth: number): Verdict {
  if (comparison === undefined) {
    const nothing = { volumes: [], month: null, paid_back_to_end: null, flip_rent_usd_per_gpu_h: null };
    return {
      outcome: 'no_comparison',
      against: null,
      same_model: false,
      ...nothing,
      reason: 'the scenario names no API to compare with',
    };
  }
  const horizons = comparableHorizons(comparison);
  const winners = new Set(horizons.map((entry) => entry.winner));
  const only = winners.size === 1 ? [...winners][0] : undefined;
  return {
    outcome: horizons.length === 0 ? 'unserved' : only === 'self' ? 'wins' : only === 'api' ? 'loses' : 'depends',
    against: comparison.name,
    same_model: comparison.same_model,
    volumes: comparison.breakeven_tokens_per_month,
    month: comparison.breakeven_month,
    paid_back_to_end: comparison.paid_back_to_end,
    flip_rent_usd_per_gpu_h: horizons.at(-1)?.breakeven_rent_usd_per_gpu_h ?? null,
    reason: reasonFor(comparison, ownUsdPerMonth),
  };
}
