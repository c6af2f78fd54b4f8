import { describe, expect, test } from 'vitest';
import { monthEnergyKwh, powerPerGpu } from '../../src/energy/power.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import { planOf, scenario } from '../acceptance/fixtures.ts';

const plan = planOf(scenario());
const board = (busy: number, load: number) =>
  (powerPerGpu(plan, busy, load) as number) - plan.facility.power.server_per_gpu;

describe('power', () => {
  // ML.ENERGY leaderboard, Llama 3.1 70B in bf16 on four H100 of 700 W: watts of one GPU by share of the top rate.
  test.each([
    [0.07, 443],
    [0.37, 502],
    [0.72, 590],
    [1, 637],
  ])('of an H100 at %d of the top rate within 3 %% of %d W', (load, watts) => {
    expect(Math.abs(board(1, load) / watts - 1)).toBeLessThan(0.03);
  });

  test('at rest is 13 % of 700 W, and a busy share lies between', () => {
    expect(board(0, 0)).toBeCloseTo(91, 9);
    expect(board(0.5, 0)).toBeCloseTo((board(0, 0) + board(1, 0)) / 2, 9);
  });

  test('over a month: (board + 270 W) x PUE x GPUs x hours', () => {
    // 1.3 x 8 x 730 h x (91 + 270) W.
    expect(monthEnergyKwh(plan, 8, 0, 0)).toBeCloseTo((1.3 * 8 * 730 * 361) / 1000, 9);
  });

  test('is unknown where the card lists no TDP', () => {
    const { tdp: _, ...gpu } = plan.gpu;
    const blind: Plan = { ...plan, gpu };
    expect(powerPerGpu(blind, 1, 1)).toBeUndefined();
    expect(monthEnergyKwh(blind, 8, 1, 1)).toBeUndefined();
  });
});
