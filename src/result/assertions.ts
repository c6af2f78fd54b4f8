import type { Comparison } from '../analysis/comparison.ts';
import { comparableHorizons } from '../analysis/verdict.ts';
import type { Assertion } from '../schema/assertion.ts';
import { METRICS, type Metrics } from '../schema/metric-table.ts';

type MetricClaim = Extract<Assertion, { metric: unknown }>;
type VerdictClaim = Extract<Assertion, { verdict: unknown }>;

/** What was claimed, what came out, and one sentence of both. */
export interface AssertionRecord {
  /** The metric, or `verdict`. */
  about: string;
  holds: boolean;
  /** Of a metric, in its own unit; of a verdict, the winner, or `mixed` where horizons differ. Null where unknown. */
  value: number | string | null;
  /** What was asked for. */
  bounds: { min?: number; max?: number } | { winner: 'self' | 'api' };
  sentence: string;
}

/** To ten digits, so that a bound just missed is told from its value, and binary fractions are not shown as such. */
function inUnit(value: number, unit: string): string {
  const digits = (number: number) => `${Number(number.toPrecision(10))}`;
  if (unit === 'share') return `${digits(value * 100)} %`;
  return unit === '' ? digits(value) : `${digits(value)} ${unit}`;
}

function judgeMetric({ metric, ...bounds }: MetricClaim, metrics: Metrics): AssertionRecord {
  const value = metrics[metric];
  const unit = METRICS.find((row) => row.id === metric)?.unit ?? '';
  const withUnit = (number: number) => inUnit(number, unit);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds;
  const asked = [
    ...(bounds.min === undefined ? [] : [`at least ${withUnit(bounds.min)}`]),
    ...(bounds.max === undefined ? [] : [`at most ${withUnit(bounds.max)}`]),
  ].join(' and ');
  if (value === undefined) {
    const sentence = `${metric} has no value in this run, and should be ${asked}`;
    return { about: metric, holds: false, value: null, bounds, sentence };
  }
  const holds = value >= min && value <= max;
  const sentence = `${metric} is ${withUnit(value)}, and should be ${asked}`;
  return { about: metric, holds, value, bounds, sentence };
}

const OWNERS = { self: 'self-hosting', api: 'the API', tie: 'neither side' };

/** Holds where the one side is cheaper over every horizon asked about; a horizon that cannot be compared is no win. */
function judgeVerdict(claim: VerdictClaim, offer: Comparison | undefined): AssertionRecord {
  const asked = `${OWNERS[claim.verdict]} should be cheaper`;
  const record = { about: 'verdict', bounds: { winner: claim.verdict } };
  if (offer === undefined) {
    return { ...record, holds: false, value: null, sentence: `there is no offer to compare with, and ${asked}` };
  }
  const inside = (entry: { months: number }) => claim.horizon === undefined || entry.months === claim.horizon;
  const wanted = offer.horizons.filter(inside);
  const comparable = comparableHorizons(offer).filter(inside);
  if (wanted.length === 0 || comparable.length < wanted.length) {
    const sentence = `too much traffic goes unserved for a comparison with ${offer.name}, and ${asked}`;
    return { ...record, holds: false, value: null, sentence };
  }
  const winners = [...new Set(comparable.map((entry) => entry.winner))];
  const found = comparable
    .map(({ winner, months }) => `${OWNERS[winner]} is cheaper over ${months} month${months === 1 ? '' : 's'}`)
    .join(', ');
  return {
    ...record,
    holds: winners.length === 1 && winners[0] === claim.verdict,
    value: winners.length === 1 ? (winners[0] as string) : 'mixed',
    sentence: `against ${offer.name} ${found}, and ${asked}`,
  };
}

/**
 * Holds a result against what its scenario promises, in the order written.
 *
 * @param judged the offer that the verdict is about
 */
export function judgeAssertions(
  claims: readonly Assertion[],
  metrics: Metrics,
  comparisons: readonly Comparison[],
  judged: Comparison | undefined,
): AssertionRecord[] {
  return claims.map((claim) => {
    if ('metric' in claim) return judgeMetric(claim, metrics);
    const { against } = claim;
    const offer = against === undefined ? judged : comparisons.find((entry) => entry.name === against);
    return judgeVerdict(claim, offer);
  });
}
