import { describe, expect, test } from 'vitest';
import { billedGpus, committedGpus, rentLines } from '../../src/cost/capacity-cost.ts';
import type { Plan, RentPlan } from '../../src/scenario/plan.ts';
import { planOf, type Raw, runWith, scenario } from '../acceptance/fixtures.ts';

/** The rent of a plan. */
function rentOf({ capacity }: Plan): RentPlan {
  if (capacity.kind !== 'rent') throw new Error('not rented');
  return capacity;
}

const linesOf = (plan: Plan, month: number, gpus: number, committed: number) =>
  rentLines(plan, rentOf(plan), month, gpus, committed);

const planWith = (rent: Raw, tensorParallel = 1) =>
  planOf(scenario({ serving: { tensor_parallel: tensorParallel }, capacity: { rent } }));

describe('billed GPUs', () => {
  test.each([
    [1, 4, 1, 4],
    [3, 4, 8, 16],
    [2, 4, 8, 8],
    [1, 1, 8, 8],
  ])('%d replicas of %d in units of %d: %d', (replicas, group, unit, gpus) => {
    expect(billedGpus(planWith({ gpus_per_instance: unit }, group), replicas)).toBe(gpus);
  });
});

describe('rent', () => {
  const plan = planWith({ price: '2 USD/h', commitment: '1 year', commitment_discount: 0.3 });

  test('bills every GPU for every hour', () => {
    expect(linesOf(planWith({ price: '2.69 USD/h' }), 1, 8, 0)).toMatchObject([
      { id: 'rent.on_demand', quantity: 8 * 730, rate: 2.69, amount: 8 * 730 * 2.69 },
    ]);
  });

  test('a year committed at 30 % off, the rest on demand', () => {
    const lines = linesOf(plan, 5, 6, 4);
    expect(lines).toMatchObject([
      { id: 'rent.reserved', quantity: 4 * 730, rate: 1.4 },
      { id: 'rent.on_demand', quantity: 2 * 730, rate: 2 },
    ]);
  });

  test('a commitment is paid in full when fewer GPUs are needed', () => {
    expect(linesOf(plan, 5, 2, 4)).toMatchObject([{ id: 'rent.reserved', quantity: 4 * 730 }]);
  });

  test('a term holds what its first month used', () => {
    const rent: RentPlan = { ...rentOf(plan), commitmentMonths: 3 };
    expect(committedGpus(rent, [4, 5, 6, 7, 8, 2, 1])).toEqual([4, 4, 4, 7, 7, 7, 1]);
    expect(committedGpus({ ...rent, commitmentMonths: 0 }, [4, 5])).toEqual([0, 0]);
  });

  test('growth adds on-demand GPUs within a term and commits them at its end', () => {
    const result = runWith({
      serving: { replicas: 'auto', measured: { output_tokens_per_second: 1000 } },
      traffic: { tokens_per_day: 80e6, count: 'output', growth: '5 %/month' },
      capacity: { rent: { price: '2 USD/h', commitment: '1 year', commitment_discount: 0.3 } },
    });
    const month = (number: number) =>
      result.ledger.filter((entry) => entry.month === number && entry.group === 'capacity');
    expect(month(1)).toMatchObject([{ id: 'rent.reserved', quantity: 730 }]);
    expect(month(12)).toMatchObject([{ quantity: 730 }, { id: 'rent.on_demand', quantity: 730 }]);
    expect(month(13)).toMatchObject([{ id: 'rent.reserved', quantity: 2 * 730, rate: 1.4 }]);
  });
});
