import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { monthlyRate, netPresentValue } from '../../src/cost/finance.ts';
import { simulate } from '../../src/result/simulate.ts';
import type { Plan } from '../../src/scenario/plan.ts';
import { near, runOrSkip, scenarios } from './random-scenario.ts';

const usd = (most: number) => fc.double({ min: 0, max: most, noNaN: true });

function twiceAsDear(plan: Plan): Plan {
  const { capacity: rent, people } = plan;
  if (rent.kind !== 'rent') throw new Error('not rented');
  const { reserved } = rent;
  return {
    ...plan,
    capacity: {
      ...rent,
      usdPerGpuHour: 2 * rent.usdPerGpuHour,
      ...(reserved === undefined ? {} : { reserved: { ...reserved, usdPerGpuHour: 2 * reserved.usdPerGpuHour } }),
    },
    ...(people === undefined
      ? {}
      : { people: { ...people, setupUsd: 2 * people.setupUsd, usdPerHour: 2 * people.usdPerHour } }),
    overheads: plan.overheads.map((charge) => ({ ...charge, usd: 2 * charge.usd })),
    offers: plan.offers.map((offer) => ({
      ...offer,
      inputUsdPerMtok: 2 * offer.inputUsdPerMtok,
      outputUsdPerMtok: 2 * offer.outputUsdPerMtok,
      cachedInputUsdPerMtok: 2 * offer.cachedInputUsdPerMtok,
      ...(offer.cacheWriteUsdPerMtok === undefined ? {} : { cacheWriteUsdPerMtok: 2 * offer.cacheWriteUsdPerMtok }),
      usdPerRequest: 2 * offer.usdPerRequest,
    })),
  };
}

describe('the ledger', { timeout: 60_000 }, () => {
  test('is quantity x rate line by line, and every total is a sum of lines', () => {
    fc.assert(
      fc.property(scenarios, (raw) => {
        const { result } = runOrSkip(raw);
        const sum = (month: number, basis: string) =>
          result.ledger
            .filter((entry) => entry.month === month && entry.basis.includes(basis))
            .reduce((total, entry) => total + entry.amount, 0);
        for (const entry of result.ledger) expect(entry.amount).toBe(entry.quantity * entry.rate);
        expect(near(sum(1, 'loaded'), result.metrics.cost_usd_per_month as number)).toBe(true);
        for (const { month, cost_usd, cash_usd } of result.months) {
          if (month % 12 !== 1) continue;
          expect(near(cost_usd, sum(month, 'loaded'))).toBe(true);
          expect(near(cash_usd, sum(month, 'cash'))).toBe(true);
        }
        const cash = (months: number) =>
          result.ledger.filter((entry) => entry.month <= months && entry.basis.includes('cash'));
        for (const { months, self_usd } of result.comparisons.flatMap((entry) => entry.horizons)) {
          expect(
            near(
              self_usd,
              cash(months).reduce((total, entry) => total + entry.amount, 0),
            ),
          ).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('doubles when every price doubles, and so do the horizons; break-even stays', () => {
    fc.assert(
      fc.property(scenarios, (raw) => {
        const { plan, result } = runOrSkip(raw);
        const dear = simulate(twiceAsDear(plan));
        expect(near(dear.metrics.cost_usd_per_month as number, 2 * (result.metrics.cost_usd_per_month as number))).toBe(
          true,
        );
        for (const [index, offer] of result.comparisons.entries()) {
          const twice = dear.comparisons[index];
          expect(twice?.breakeven_month).toBe(offer.breakeven_month);
          expect(twice?.breakeven_tokens_per_month.length).toBe(offer.breakeven_tokens_per_month.length);
          for (const [at, horizon] of offer.horizons.entries()) {
            expect(near(twice?.horizons[at]?.self_npv_usd as number, 2 * horizon.self_npv_usd)).toBe(true);
            expect(near(twice?.horizons[at]?.api_npv_usd as number, 2 * horizon.api_npv_usd)).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('present value', () => {
  const flows = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 60 });

  test('at 0 % is the sum', () => {
    fc.assert(
      fc.property(usd(1e6), flows, (now, list) => {
        const sum = list.reduce((total, flow) => total + flow, now);
        expect(Math.abs(netPresentValue(now, list, 0) - sum)).toBeLessThan(1e-6);
      }),
    );
  });

  test('is the sum of flows over (1 + r)^(months/12)', () => {
    fc.assert(
      fc.property(usd(1e6), flows, fc.double({ min: -0.3, max: 1, noNaN: true }), (now, list, annual) => {
        const direct = list.reduce((total, flow, index) => total + flow / (1 + annual) ** ((index + 1) / 12), now);
        expect(Math.abs(netPresentValue(now, list, annual) - direct)).toBeLessThan(1e-4);
      }),
    );
  });

  test('twelve monthly rates compound to the annual one', () => {
    fc.assert(
      fc.property(fc.double({ min: -0.5, max: 2, noNaN: true }), (annual) => {
        expect((1 + monthlyRate(annual)) ** 12 - 1).toBeCloseTo(annual, 9);
      }),
    );
  });
});
