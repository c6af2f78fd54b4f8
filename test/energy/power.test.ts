import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boardShare, monthEnergyKwh, powerPerGpu } from '../../src/energy/power.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import { metric, planOf, runWith, scenario } from '../acceptance/fixtures.ts';

const plan = planOf(scenario());
const { power } = plan.facility;
const nothing = { multiplying: 0, reading: 0 };
const work = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([multiplying, share]) => ({ multiplying, reading: (1 - multiplying) * share }));

describe('board power', () => {
  test('at rest is 13 % of the rating, and a busy share lies between', () => {
    expect(boardShare(power, 0, { multiplying: 1, reading: 0 })).toBeCloseTo(0.13, 9);
    const [rest, busy] = [boardShare(power, 0, nothing), boardShare(power, 1, nothing)];
    expect(boardShare(power, 0.5, nothing)).toBeCloseTo((rest + busy) / 2, 9);
  });

  test('rises with work and never beyond the rating', () => {
    fc.assert(
      fc.property(work, fc.double({ min: 0, max: 1, noNaN: true }), (load, busy) => {
        const share = boardShare(power, busy, load);
        expect(share).toBeLessThanOrEqual(1 + 1e-12);
        expect(share).toBeGreaterThanOrEqual(boardShare(power, busy, nothing) - 1e-12);
        expect(share).toBeGreaterThanOrEqual(boardShare(power, 0, load) - 1e-12);
      }),
    );
  });
});

describe('energy', () => {
  test('over a month: 700 W x (board + host) x PUE x GPUs x hours', () => {
    // 1.3 x 8 x 730 h x 700 W x (0.13 + 0.39).
    expect(monthEnergyKwh(plan, 8, 0.13)).toBeCloseTo((1.3 * 8 * 730 * 700 * 0.52) / 1000, 9);
  });

  test('is unknown where the card lists no TDP', () => {
    const { tdp: _, ...gpu } = plan.gpu;
    const blind: Plan = { ...plan, gpu };
    expect(powerPerGpu(blind, 1)).toBeUndefined();
    expect(monthEnergyKwh(blind, 8, 1)).toBeUndefined();
  });

  test('of an idle fleet is that of boards at rest, and grows with the load', () => {
    const kwh = (requests_per_day: number) =>
      metric(runWith({ serving: { engine: 'vllm' }, traffic: { requests_per_day } }), 'energy_kwh_per_month');
    expect(kwh(0)).toBeCloseTo((1.3 * 730 * 700 * 0.52) / 1000, 9);
    const rising = [0, 1000, 10_000, 50_000, 200_000].map(kwh);
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(new Set(rising).size).toBe(rising.length);
  });
});
