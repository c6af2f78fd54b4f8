import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/scenario/plan.ts';
import { InfeasibleError } from '../../src/schema/problem.ts';
import { buildEnvelope, type Envelope, QUANTILES } from '../../src/serving/envelope.ts';
import { buildReplica, type Replica } from '../../src/serving/replica.ts';
import { budgetLimitedDecoding, inFlight, steadyState } from '../../src/serving/steady-state.ts';
import { planOf, type Raw } from '../acceptance/fixtures.ts';
import { near, scenarios } from './random-scenario.ts';

/** A random replica, skipped where it does not fit. */
function replicaOrSkip(raw: Raw, change: (plan: Plan) => Plan = (plan) => plan): { plan: Plan; replica: Replica } {
  const plan = change(planOf(raw));
  try {
    return { plan, replica: buildReplica(plan) };
  } catch (error) {
    if (!(error instanceof InfeasibleError)) throw error;
    fc.pre(false);
    throw error;
  }
}

/** Numbers that never fall, to rounding or the slack given. */
function rising(values: readonly number[], slack = 1e-9): boolean {
  return values.every((value, index) => index === 0 || value >= (values[index - 1] as number) * (1 - slack));
}

/** A full batch leaves less of the token budget, so prompts take more chunks and re-read more cache: a thousandth. */
const CHUNKING = 1e-3;

const runs = { numRuns: 80 };
const levels = Array.from({ length: 40 }, (_, index) => (index + 1) / 40);

describe('a replica in equilibrium', { timeout: 60_000 }, () => {
  test('makes no fewer tokens with more sequences, up to what the budget feeds', () => {
    fc.assert(
      fc.property(scenarios, (raw) => {
        const { replica } = replicaOrSkip(raw);
        fc.pre(replica.means.decodePasses > 0);
        const most = Math.min(replica.slots, budgetLimitedDecoding(replica));
        expect(
          rising(
            levels.map((level) => steadyState(replica, level * most).requestsPerSecond),
            CHUNKING,
          ),
        ).toBe(true);
      }),
      runs,
    );
  });

  test("keeps Little's law: in flight = rate x residence", () => {
    fc.assert(
      fc.property(scenarios, fc.double({ min: 0.01, max: 1, noNaN: true }), (raw, level) => {
        const { replica } = replicaOrSkip(raw);
        fc.pre(replica.means.decodePasses > 0);
        const state = steadyState(replica, level * Math.min(replica.slots, budgetLimitedDecoding(replica)));
        const residence = state.prefill + replica.means.decodePasses * state.tpot;
        expect(near(inFlight(state), state.requestsPerSecond * residence)).toBe(true);
      }),
      runs,
    );
  });

  test('tokens come no faster than its bare steps, nor slower than its fullest ones', () => {
    fc.assert(
      fc.property(scenarios, fc.double({ min: 0.01, max: 1, noNaN: true }), (raw, level) => {
        const { replica } = replicaOrSkip(raw);
        fc.pre(replica.means.decodePasses > 0);
        const state = steadyState(replica, level * Math.min(replica.slots, budgetLimitedDecoding(replica)));
        expect(state.tpot).toBeGreaterThanOrEqual(state.plainStep * (1 - 1e-12));
        expect(state.tpot).toBeLessThanOrEqual(state.chunkStep * (1 + 1e-12));
      }),
      runs,
    );
  });
});

describe('a service curve', { timeout: 60_000 }, () => {
  const curve = (raw: Raw): { replica: Replica; envelope: Envelope } => {
    const { plan, replica } = replicaOrSkip(raw);
    return { replica, envelope: buildEnvelope(replica, plan.slo) };
  };

  test('rises from nothing to below saturation, its target no higher', () => {
    fc.assert(
      fc.property(scenarios, (raw) => {
        const { replica, envelope } = curve(raw);
        const { points, saturation, target } = envelope;
        expect(points[0]?.requestsPerSecond).toBe(0);
        const rates = points.map((point) => point.requestsPerSecond);
        expect(rising(rates, CHUNKING)).toBe(true);
        const running = points.map((point) => point.running);
        expect(rising(running) && new Set(running).size === running.length).toBe(true);
        expect(running.at(-1)).toBeLessThan(saturation.running);
        expect(rates.at(-1)).toBeLessThanOrEqual(saturation.requestsPerSecond * (1 + CHUNKING));
        expect(target.requestsPerSecond).toBeLessThanOrEqual(saturation.requestsPerSecond * (1 + CHUNKING));
        expect(saturation.running).toBeLessThanOrEqual(replica.slots * (1 + 1e-9));
        for (const point of points) {
          expect(point.busy >= 0 && point.busy <= 1 && point.promptShare >= 0 && point.promptShare <= 1).toBe(true);
        }
      }),
      runs,
    );
  });

  test('latency rises with the quantile', () => {
    fc.assert(
      fc.property(scenarios, (raw) => {
        for (const point of curve(raw).envelope.points) {
          expect(rising(point.ttft)).toBe(true);
          expect(rising(point.tpot)).toBe(true);
          expect(point.ttft.every(Number.isFinite)).toBe(true);
        }
      }),
      runs,
    );
  });

  test.each([0.5, 0.95, 0.99] as const)('latency at p%d rises with the load', (quantile) => {
    const index = QUANTILES.indexOf(quantile);
    fc.assert(
      fc.property(scenarios, (raw) => {
        const { points } = curve(raw).envelope;
        expect(rising(points.map((point) => point.tpot[index] as number))).toBe(true);
        expect(rising(points.map((point) => point.ttft[index] as number))).toBe(true);
      }),
      runs,
    );
  });

  test('more bandwidth is never slower, nor is more compute', () => {
    const factor = fc.double({ min: 1, max: 4, noNaN: true });
    fc.assert(
      fc.property(scenarios, factor, factor, (raw, bandwidth, compute) => {
        const bare = (plan: Plan): Plan => ({ ...plan, slo: [] });
        const faster = (plan: Plan): Plan => {
          const rates = Object.entries(plan.gpu.dense_flops).map(([key, rate]) => [key, (rate ?? 0) * compute]);
          const memory_bandwidth = plan.gpu.memory_bandwidth * bandwidth;
          return { ...plan, slo: [], gpu: { ...plan.gpu, memory_bandwidth, dense_flops: Object.fromEntries(rates) } };
        };
        const slow = buildEnvelope(replicaOrSkip(raw, bare).replica, []);
        const fast = buildEnvelope(replicaOrSkip(raw, faster).replica, []);
        expect(fast.saturation.requestsPerSecond).toBeGreaterThanOrEqual(
          slow.saturation.requestsPerSecond * (1 - 1e-9),
        );
        const first = (envelope: Envelope) => envelope.points[0] as Envelope['points'][number];
        expect(first(fast).tpot[6]).toBeLessThanOrEqual((first(slow).tpot[6] as number) * (1 + 1e-9));
        expect(first(fast).ttft[6]).toBeLessThanOrEqual((first(slow).ttft[6] as number) * (1 + 1e-9));
      }),
      runs,
    );
  });
});
