import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { billedByMonth } from '../../src/cost/capacity-cost.ts';
import { annualCapitalCharge, straightLine } from '../../src/cost/finance.ts';
import {
  monthlyCapitalCharge,
  nodeCapital,
  nodeMoves,
  nodesHeld,
  purchaseLines,
  residualShare,
  residualUsd,
} from '../../src/cost/own-cost.ts';
import type { OwnPlan, Plan } from '../../src/scenario/plan.ts';
import { planOf, type Raw, scenario } from '../acceptance/fixtures.ts';

function owned(own: Raw): { plan: Plan; own: OwnPlan } {
  const plan = planOf(scenario({ serving: { gpu: 'h100-sxm5-80gb' }, capacity: { rent: undefined, own } }));
  if (plan.capacity.kind !== 'own') throw new Error('not owned');
  return { plan, own: plan.capacity };
}

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
const money = fc.double({ min: 0, max: 1e7, noNaN: true });
const years = fc.integer({ min: 1, max: 10 });
const part = fc.double({ min: 0, max: 1, noNaN: true });
const rate = fc.double({ min: 0.001, max: 0.5, noNaN: true });

describe('the annuity', () => {
  test('of 320 k$ over 5 years at 10 % with 32 k$ back is 79,174 a year', () => {
    // A spreadsheet's -PMT(10%, 5, 320000, -32000): 320000 · 0.2637975 − 32000 · 0.1637975.
    expect(annualCapitalCharge(320_000, 32_000, 5, 0.1)).toBeCloseTo(84_415.2 - 5_241.52, 0);
    expect(straightLine(320_000, 32_000, 5)).toBe(57_600);
  });

  test('at 0 % is the straight line, and near 0 % near it', () => {
    fc.assert(
      fc.property(money, part, years, (price, share, life) => {
        const line = straightLine(price, price * share, life);
        expect(annualCapitalCharge(price, price * share, life, 0)).toBe(line);
        expect(Math.abs(annualCapitalCharge(price, price * share, life, 1e-7) - line)).toBeLessThan(
          1e-5 * price + 1e-9,
        );
      }),
    );
  });

  test('over the whole life discounts to the price less the present value of the residual', () => {
    fc.assert(
      fc.property(money, part, years, rate, (price, share, life, r) => {
        const charge = annualCapitalCharge(price, price * share, life, r);
        let present = 0;
        for (let year = 1; year <= life; year++) present += charge / (1 + r) ** year;
        expect(close(present, price - (price * share) / (1 + r) ** life)).toBe(true);
      }),
    );
  });

  test('is nothing where everything comes back and money costs nothing; it grows with the cost of capital', () => {
    const { own } = owned({ residual: 1, install: 0, cost_of_capital: 0 });
    expect(monthlyCapitalCharge(own)).toBe(0);
    fc.assert(
      fc.property(money, part, years, rate, (price, share, life, r) => {
        const at = (annual: number) => annualCapitalCharge(price, price * share, life, annual);
        expect(at(r * 1.5)).toBeGreaterThanOrEqual(at(r) - 1e-9 * (1 + price));
      }),
    );
  });
});

describe('nodes over the months', () => {
  const { own } = owned({ life: '2 years' });

  test('bought when first needed, kept when the load falls, replaced at the end of their life', () => {
    const needed = [2, 3, 1, ...new Array(23).fill(1)];
    const moves = nodeMoves(own, needed);
    expect(moves.slice(0, 3)).toEqual([
      { bought: 2, retired: 0 },
      { bought: 1, retired: 0 },
      { bought: 0, retired: 0 },
    ]);
    expect(moves[24]).toEqual({ bought: 0, retired: 2 });
    expect(moves[25]).toEqual({ bought: 1, retired: 1 });
    expect(nodesHeld(moves)).toEqual([2, ...new Array(23).fill(3), 1, 1]);
  });

  test('are never fewer than needed, and what was bought was sold or is held', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 80 }), (needed) => {
        const moves = nodeMoves(own, needed);
        const held = nodesHeld(moves);
        for (const [i, nodes] of held.entries()) expect(nodes).toBeGreaterThanOrEqual(needed[i] as number);
        const net = moves.reduce((sum, { bought, retired }) => sum + bought - retired, 0);
        expect(held.at(-1)).toBe(net);
      }),
    );
  });

  test('are whole: 9 GPUs of replicas are 2 nodes, 16 GPUs on the bill', () => {
    const { plan } = owned({});
    expect(billedByMonth(plan, [9, 17, 1])).toEqual([16, 24, 24]);
  });
});

describe('what nodes are worth', () => {
  const { own } = owned({});
  const { capex, residual } = nodeCapital(own);

  test('follows the curve of the catalog: 62 % after a year, half way between years, 12 % after five', () => {
    expect([0, 12, 18, 60, 72].map((months) => residualShare(own, months))).toEqual([1, 0.62, 0.525, 0.12, 0.12]);
  });

  test('falls on a straight line to a share at the end of life', () => {
    const { own: straight } = owned({ residual: 0.2, life: '4 years' });
    expect(residualShare(straight, 24)).toBeCloseTo(0.6, 12);
    expect(residualShare(straight, 48)).toBeCloseTo(0.2, 12);
  });

  test('at the end of life is what the sale brings, one way or the other', () => {
    const moves = nodeMoves(own, new Array(61).fill(3));
    expect(residualUsd(own, moves, 60)).toBeCloseTo(3 * residual, 6);
    expect(purchaseLines(own, 61, { bought: 0, retired: 3 })).toMatchObject([{ amount: -3 * residual }]);
    // Replaced in month 61, one month old at its end.
    expect(residualUsd(own, moves, 61)).toBeGreaterThan(3 * residual);
  });

  test('a node: 280 k$ and 12 k$ of network, 5 % and 5 % on the server, 3 % on all of it', () => {
    expect(capex).toBeCloseTo((280_000 + 12_000 + 14_000 + 14_000) * 1.03, 6);
    const bought = purchaseLines(own, 0, { bought: 2, retired: 0 }).reduce((sum, entry) => sum + entry.amount, 0);
    expect(bought).toBeCloseTo(2 * capex, 6);
  });
});
