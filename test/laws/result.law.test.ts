import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../src/result/simulate.ts';
import { METRICS } from '../../src/schema/metric-table.ts';
import { metric, planOf, runWith } from '../acceptance/fixtures.ts';
import { near, runOrSkip, scenarios } from './random-scenario.ts';

/** Paths of values that plain JSON cannot hold. */
function unfit(value: unknown, path = '$'): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path} is ${value}`];
  if (value === undefined || typeof value === 'function') return [`${path} is ${typeof value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => unfit(part, `${path}.${key}`));
}

describe('any result', { timeout: 60_000 }, () => {
  test('holds finite numbers only, known metrics, and sums that agree', () => {
    const known = new Set<string>(METRICS.map((row) => row.id));
    fc.assert(
      fc.property(scenarios, (raw) => {
        const { plan, result } = runOrSkip(raw);
        expect(unfit(result)).toEqual([]);
        expect(Object.keys(result.metrics).filter((id) => !known.has(id))).toEqual([]);
        const { metrics } = result;

        const own = result.ledger.filter((entry) => entry.month === 1 && entry.basis.includes('loaded'));
        const ownUsd = own.filter((entry) => entry.group !== 'overflow').reduce((sum, entry) => sum + entry.amount, 0);
        const input = metrics.input_tokens_per_month ?? 0;
        const served = 1 - (metrics.overflow_token_share ?? 0);
        const { usd_per_mtok_total: total, usd_per_mtok_input: perIn = 0, usd_per_mtok_output: perOut = 0 } = metrics;
        if (total !== undefined) {
          const steps = result.waterfall.reduce((sum, step) => sum + step.usd_per_mtok, 0);
          expect(near(steps, total)).toBe(true);
          const output = metrics.output_tokens_per_month ?? 0;
          expect(near(((perIn * input + perOut * output) * served) / 1e6, ownUsd)).toBe(true);
          expect(near((total * (input + output) * served) / 1e6, ownUsd)).toBe(true);
        }
        expect(result.unbounded.length > 0).toBe(total === undefined);

        for (const month of result.months) {
          const found = month.served_tokens + month.overflow_tokens + month.refused_tokens + month.queued_tokens;
          expect(near(found, month.offered_tokens)).toBe(true);
        }
        const histogram = result.subject.utilization_histogram.reduce((sum, share) => sum + share, 0);
        expect(histogram).toBeCloseTo(1, 9);
        expect(metrics.availability).toBeLessThanOrEqual(1);
        if (plan.slo.length === 0 || result.status === 'ok')
          expect(metrics.overflow_token_share).toBeGreaterThanOrEqual(-1e-9);
      }),
      { numRuns: 300 },
    );
  });

  test('is the same to the byte for the same plan and seed', () => {
    fc.assert(
      fc.property(scenarios, fc.integer(), (raw, seed) => {
        const { result } = runOrSkip(raw);
        const again = { ...simulate(structuredClone(planOf(structuredClone(raw)))), seed };
        expect(JSON.stringify(again)).toBe(JSON.stringify({ ...result, seed }));
        expect(simulate(planOf(raw), seed).seed).toBe(seed);
      }),
      { numRuns: 20 },
    );
  });

  test('a token costs less the more of the fleet it shares', () => {
    const price = (utilization: number) =>
      metric(runWith({ serving: { replicas: 2 }, traffic: { utilization } }), 'usd_per_mtok_total');
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (a, b) => {
        expect(near(price(a) * a, price(b) * b)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});
