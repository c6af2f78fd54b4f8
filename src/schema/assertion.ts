import * as z from 'zod';
import { parseQuantity } from '../units/parse.ts';
import { billingMonths, name, share } from './fields.ts';
import { METRICS, type MetricRow } from './metric-table.ts';

type MetricId = (typeof METRICS)[number]['id'];

const metricId = z.enum(METRICS.map((metric) => metric.id) as [MetricId, ...MetricId[]], {
  error: 'there is no such metric; "rackrate catalog metrics" lists them',
});

const bound = z.union([z.string(), z.number()], { error: 'expected a number or a quantity' }).optional();

type Bound = { ok: true; value: number } | { ok: false; problem: string };

/**
 * A bound in the metric's own unit. The unit may be left out, because the metric's name or definition states it; where
 * it is given it must fit. Counts have none, and a share is 0..1 or in %.
 */
function readBound(given: string | number, { unit }: MetricRow): Bound {
  if (unit === 'share') {
    const read = share().safeParse(given);
    return read.success ? { ok: true, value: read.data } : { ok: false, problem: read.error.issues[0]?.message ?? '' };
  }
  if (typeof given === 'number') return { ok: true, value: given };
  if (unit === '' || unit === 'sequences') return { ok: false, problem: 'expected a number without a unit' };
  // A month is a billing month on both sides, so it is compared as a word and not converted.
  const [, base = unit, perMonth = ''] = /^(.*?)(\/month)?$/.exec(unit) ?? [];
  const example = `2 ${unit}`;
  if (perMonth !== '' && !given.trim().endsWith(perMonth)) {
    return { ok: false, problem: `expected a quantity in ${unit}, such as "${example}"` };
  }
  return parseQuantity(perMonth === '' ? given : given.trim().slice(0, -perMonth.length), base, example);
}

/** A metric of month 1 that must not leave its bounds, both included. */
const metricAssertion = z
  .strictObject({ metric: metricId, min: bound, max: bound })
  .transform(({ metric, min, max }, context) => {
    const row = METRICS.find((entry) => entry.id === metric) as MetricRow;
    const bounds: { min?: number; max?: number } = {};
    for (const [key, given] of Object.entries({ min, max })) {
      if (given === undefined) continue;
      const read = readBound(given, row);
      if (read.ok) bounds[key as 'min' | 'max'] = read.value;
      else context.addIssue({ code: 'custom', message: read.problem, path: [key], input: given });
    }
    if (min === undefined && max === undefined) context.addIssue({ code: 'custom', message: 'needs min, max or both' });
    if (bounds.min !== undefined && bounds.max !== undefined && bounds.min > bounds.max) {
      context.addIssue({ code: 'custom', message: 'has a min above its max, which nothing meets' });
    }
    return { metric, ...bounds };
  });

/** Who must be cheaper: over one horizon or over all of them, against the offer judged by or the one named. */
const verdictAssertion = z.strictObject({
  verdict: z.enum(['self', 'api']),
  horizon: billingMonths().optional(),
  against: name().optional(),
});

/** What a scenario promises about its own result. */
export const assertion = z.union([metricAssertion, verdictAssertion]);
export type Assertion = z.infer<typeof assertion>;
