import { describe, expect, test } from 'vitest';
import { line, totalUsd } from '../../src/cost/ledger.ts';
import { overheadLines } from '../../src/cost/running-cost.ts';
import { amount, M70, planOf, runWith, scenario } from '../acceptance/fixtures.ts';

const entry = (id: string, amount: number, basis?: 'cash' | 'loaded') =>
  line({
    id,
    label: id,
    group: 'software',
    month: 1,
    quantity: amount,
    unit: 'month',
    rate: 1,
    source: 'test',
    ...(basis === undefined ? {} : { basis }),
  });

describe('ledger', () => {
  test('a line is quantity x rate', () => {
    expect(line({ ...entry('a', 3), quantity: 730, rate: 2.69 }).amount).toBe(730 * 2.69);
  });

  test('a total takes the lines of its basis and groups', () => {
    const lines = [
      entry('a', 1),
      entry('b', 10, 'cash'),
      entry('c', 100, 'loaded'),
      { ...entry('d', 1000), group: 'people' as const },
    ];
    expect(totalUsd(lines, 'cash')).toBe(1011);
    expect(totalUsd(lines, 'loaded')).toBe(1101);
    expect(totalUsd(lines, 'loaded', ['people'])).toBe(1000);
    expect(totalUsd([], 'cash')).toBe(0);
  });
});

describe('typical overheads', () => {
  const serving = { tensor_parallel: 2, weights: 'bf16' };
  const plan = planOf(scenario({ model: M70, serving, overheads: 'typical' }));
  const bill = overheadLines(plan, { month: 1, gpus: 8, servedOutputTokens: 1e9 });
  const usd = (id: string) => amount(bill.filter((charge) => charge.id === id));

  test.each([
    ['observability', 1500 + 8 * 30],
    ['people', (1.5 * 250_000) / 12],
    // 140 GB of weights; a billion tokens of four bytes are 4 GB.
    ['model-storage', 140 * 0.023],
    ['egress', 4 * 0.09],
    ['model-upgrades', 5000 / 6],
  ])('%s: %d USD a month', (id, expected) => {
    expect(usd(id)).toBeCloseTo(expected, 5);
  });

  test('are counted, or listed with what they would be: the two add up', () => {
    const none = runWith({ overheads: 'none' });
    const typical = runWith({ overheads: 'typical' });
    const left = none.not_counted.reduce((sum, item) => sum + item.typical_usd_per_month, 0);
    const cost = (result: typeof none) => result.metrics.cost_usd_per_month as number;
    expect(cost(typical) - cost(none)).toBeCloseTo(left, 6);
    expect(typical.not_counted).toEqual([]);
  });

  test("the scenario's own people replace the typical ones", () => {
    const result = runWith({ overheads: 'typical', people: { hours_per_month: 10, rate: '100 USD/h' } });
    expect(result.ledger.filter(({ month, group }) => month === 1 && group === 'people')).toMatchObject([
      { amount: 1000 },
    ]);
    expect(result.not_counted).toEqual([]);
  });
});
