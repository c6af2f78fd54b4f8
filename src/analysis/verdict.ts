import type { VolumeInterval } from './breakeven.ts';
import type { Comparison } from './comparison.ts';

/** The answer: whether self-hosting pays against one offer, over the scenario's horizons. */
export interface Verdict {
  outcome: 'wins' | 'loses' | 'depends' | 'no_comparison';
  against: string | null;
  same_model: boolean;
  volumes: VolumeInterval[];
  month: number | null;
  flip_rent_usd_per_gpu_h: number | null;
  reason: string;
}

/** The offer to be judged against: the baseline, else the cheapest of the same model, else the cheapest of any. */
export function judgedAgainst(comparisons: readonly Comparison[]): Comparison | undefined {
  const cheapest = (list: readonly Comparison[]) =>
    list.reduce<Comparison | undefined>(
      (best, entry) => (best === undefined || entry.usd_per_request < best.usd_per_request ? entry : best),
      undefined,
    );
  return (
    comparisons.find((entry) => entry.baseline) ??
    cheapest(comparisons.filter((entry) => entry.same_model)) ??
    cheapest(comparisons)
  );
}

function reasonFor(comparison: Comparison, ownUsdPerMonth: number): string {
  if (comparison.breakeven_rent_usd_per_gpu_h === null) return 'its other costs alone exceed the API bill';
  const dearer = ownUsdPerMonth / comparison.usd_per_month;
  return dearer > 1
    ? `it costs ${dearer.toPrecision(2)} times the API bill in month 1`
    : `it costs ${(dearer * 100).toFixed(0)} % of the API bill in month 1`;
}

/**
 * Wins or loses where every horizon agrees by net present value; depends where they differ.
 *
 * @param ownUsdPerMonth loaded cost of month 1
 */
export function verdict(comparisons: readonly Comparison[], ownUsdPerMonth: number): Verdict {
  const comparison = judgedAgainst(comparisons);
  if (comparison === undefined) {
    const nothing = { volumes: [], month: null, flip_rent_usd_per_gpu_h: null };
    return {
      outcome: 'no_comparison',
      against: null,
      same_model: false,
      ...nothing,
      reason: 'the scenario names no API to compare with',
    };
  }
  const winners = new Set(comparison.horizons.map((entry) => entry.winner));
  const only = winners.size === 1 ? [...winners][0] : undefined;
  return {
    outcome: only === 'self' ? 'wins' : only === 'api' ? 'loses' : 'depends',
    against: comparison.name,
    same_model: comparison.same_model,
    volumes: comparison.breakeven_tokens_per_month,
    month: comparison.breakeven_month,
    flip_rent_usd_per_gpu_h: comparison.breakeven_rent_usd_per_gpu_h,
    reason: reasonFor(comparison, ownUsdPerMonth),
  };
}
