import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { availabilityOf, replicasFor, upStates } from '../../src/fleet/availability.ts';
import { simulateMonth } from '../../src/fleet/month.ts';
import { monthUse } from '../../src/fleet/month-use.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import { buildEnvelope } from '../../src/serving/envelope.ts';
import { buildReplica } from '../../src/serving/replica.ts';
import { planOf, scenario } from '../acceptance/fixtures.ts';
import { chanceOf, plainMonth } from '../oracles/plain-month.ts';
import { near } from './random-scenario.ts';

const plain = planOf(scenario({ serving: { engine: 'vllm' }, slo: { ttft_p95: '1 s' } }));
const envelope = buildEnvelope(buildReplica(plain), plain.slo);

const shape = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 168, maxLength: 168 }).map((hours) => {
  const mean = hours.reduce((sum, hour) => sum + hour, 0) / 168;
  return mean > 0 ? hours.map((hour) => hour / mean) : hours.map(() => 1);
});
const up = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0.5, max: 1, noNaN: true }));
const fleet = fc.record({
  shape,
  overflow: fc.constantFrom('refuse', 'queue', 'api'),
  replicas: fc.integer({ min: 1, max: 6 }),
  replicaAvailability: up,
  /** Mean load over what the billed replicas carry inside the target. */
  load: fc.integer({ min: 0, max: 160 }).map((percent) => percent / 100),
});

function withFleet({
  shape: hours,
  overflow,
  replicaAvailability,
}: {
  shape: number[];
  overflow: string;
  replicaAvailability: number;
}): Plan {
  return {
    ...plain,
    traffic: { ...plain.traffic, shape: hours, overflow: overflow as Plan['traffic']['overflow'] },
    reliability: { zones: 1, replicaAvailability, basis: 'test' },
  };
}

describe('a month of the fleet', { timeout: 60_000 }, () => {
  test('loses no request: offered = served + overflow + refused + queued', () => {
    fc.assert(
      fc.property(fleet, (drawn) => {
        const rate = drawn.load * drawn.replicas * envelope.target.requestsPerSecond;
        const { traffic, records } = simulateMonth(withFleet(drawn), envelope, drawn.replicas, rate);
        expect(near(traffic.served + traffic.overflow + traffic.refused + traffic.queued, traffic.offered)).toBe(true);
        expect(near(traffic.offered, rate * 730 * 3600)).toBe(true);
        const use = monthUse(envelope, drawn.replicas, records);
        expect(use.utilizationHistogram.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        for (const record of records) {
          expect(record.served).toBeGreaterThanOrEqual(0);
          expect(record.overflow).toBeGreaterThanOrEqual(0);
          expect(record.refused).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('equals stepping all 2,016 steps one by one', () => {
    fc.assert(
      fc.property(fleet, (drawn) => {
        const plan = withFleet(drawn);
        const rate = drawn.load * drawn.replicas * envelope.target.requestsPerSecond;
        const { traffic, utilizationMean } = simulateMonth(plan, envelope, drawn.replicas, rate);
        const twin = plainMonth(plan, envelope, drawn.replicas, rate);
        const scale = Math.max(twin.offered, 1e-9);
        for (const key of ['offered', 'served', 'overflow', 'refused', 'queued'] as const) {
          expect(Math.abs(traffic[key] - twin[key]) / scale).toBeLessThan(1e-9);
        }
        expect(near(utilizationMean, twin.utilizationMean)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('equals it in the histogram of utilisation too', () => {
    const drawn = {
      shape: plain.traffic.shape.map((_, hour) => (hour % 24) / 11.5),
      overflow: 'api',
      replicaAvailability: 0.9,
    };
    const rate = 1.37 * envelope.target.requestsPerSecond;
    const { records } = simulateMonth(withFleet(drawn), envelope, 3, rate);
    const use = monthUse(envelope, 3, records);
    const twin = plainMonth(withFleet(drawn), envelope, 3, rate);
    for (const [tenth, share] of use.utilizationHistogram.entries())
      expect(share).toBeCloseTo(twin.utilizationHistogram[tenth] as number, 9);
  });

  test('a larger fleet serves no less, and refuses no more', () => {
    fc.assert(
      fc.property(fleet, (drawn) => {
        const rate = drawn.load * drawn.replicas * envelope.target.requestsPerSecond;
        const served = (replicas: number) => simulateMonth(withFleet(drawn), envelope, replicas, rate).traffic.served;
        expect(served(drawn.replicas + 1)).toBeGreaterThanOrEqual(served(drawn.replicas) * (1 - 1e-9));
      }),
      { numRuns: 30 },
    );
  });
});

describe('redundancy', () => {
  const small = fc.integer({ min: 1, max: 12 });

  test('k of n is what counting every pattern of up and down gives', () => {
    fc.assert(
      fc.property(small, small, up, (replicas, needed, share) => {
        let counted = 0;
        for (let standing = needed; standing <= replicas; standing++) counted += chanceOf(standing, replicas, share);
        expect(availabilityOf(replicas, needed, share)).toBeCloseTo(counted, 9);
      }),
      { numRuns: 30 },
    );
  });

  test('states are those chances, and sum to one', () => {
    fc.assert(
      fc.property(small, up, (replicas, share) => {
        const states = upStates(replicas, share);
        expect(states.reduce((sum, state) => sum + state.probability, 0)).toBeCloseTo(1, 12);
        for (const state of states) expect(state.probability).toBeCloseTo(chanceOf(state.up, replicas, share), 9);
      }),
      { numRuns: 30 },
    );
  });

  test('the fewest that reach the target, and survive a zone', () => {
    const rule = fc.record({
      replicaAvailability: fc.double({ min: 0.5, max: 1, noNaN: true }),
      targetAvailability: fc.double({ min: 0.5, max: 0.99999, noNaN: true }),
      zones: fc.constant(1),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), rule, (needed, drawn) => {
        const replicas = replicasFor(needed, drawn) as number;
        const reaches = (count: number) =>
          availabilityOf(count, needed, drawn.replicaAvailability) >= drawn.targetAvailability;
        expect(replicas).toBeGreaterThanOrEqual(needed);
        expect(reaches(replicas)).toBe(true);
        if (replicas > needed) expect(reaches(replicas - 1)).toBe(false);
        const zoned = replicasFor(needed, { ...drawn, zones: 3 }) as number;
        expect(zoned % 3).toBe(0);
        expect((zoned / 3) * 2).toBeGreaterThanOrEqual(needed);
        expect(reaches(zoned)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
