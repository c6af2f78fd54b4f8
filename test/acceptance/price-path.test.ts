import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { priceFactor } from '../../src/cost/price-path.ts';
import type { Result } from '../../src/result/record.ts';
import type { PricePath } from '../../src/schema/price-path.ts';
import { comparison, MIX_A, type Raw, runWith } from './fixtures.ts';

const OFFER = { name: 'An API', input: '3 USD/Mtok', output: '15 USD/Mtok', same_model: true, baseline: true };

function held(path: Raw | undefined, change: Raw = {}): Result {
  const offer = path === undefined ? OFFER : { ...OFFER, price_path: path };
  return runWith({ compare: [offer], horizons: [12, 13, 60].map((months) => `${months} months`), ...change });
}

/** The API bill of a horizon in months of today's bill. */
const monthEquivalents = (result: Result, index = 2) => {
  const { usd_per_month, horizons } = comparison(result);
  return (horizons[index]?.api_usd ?? 0) / usd_per_month;
};

describe('P17 price decline and shocks', () => {
  test('P17 ten times a year for five years is 13.33 months with yearly steps, 5.73 with monthly ones, 60 without', () => {
    expect(monthEquivalents(held({ yearly: '-90 %' }))).toBeCloseTo(13.3332, 9);
    expect(monthEquivalents(held({ yearly: '-90 %', steps: 'month' }))).toBeCloseTo(
      (1 - 10 ** -5) / (1 - 10 ** (-1 / 12)),
      9,
    );
    expect(monthEquivalents(held(undefined))).toBeCloseTo(60, 9);
  });

  test('P17 a shock of +35 % raises the bill of the months behind it by exactly that', () => {
    const flat = held(undefined);
    const shocked = held({ shocks: [{ month: 13, change: '35 %' }] });
    expect(monthEquivalents(shocked, 0)).toBe(monthEquivalents(flat, 0));
    expect(monthEquivalents(shocked, 1) - 12).toBeCloseTo(1.35, 12);
    expect(monthEquivalents(shocked) - 12).toBeCloseTo(48 * 1.35, 9);
  });

  test('P17 a fall and a rise of a rent, year by year: its bill, and only its', () => {
    const rent = { price: '2 USD/h', price_path: { yearly: ['-40 %', '40 %'] } };
    const result = held(undefined, { capacity: { rent } });
    const bill = (month: number) =>
      result.ledger.filter((line) => line.month === month && line.group === 'capacity')[0]?.amount;
    expect([1, 12, 13, 24, 25, 60].map(bill)).toEqual(
      [1460, 1460, 876, 876, 876 * 1.4, 876 * 1.4].map((usd) => expect.closeTo(usd, 9)),
    );
    expect(comparison(result).usd_per_month).toBe(comparison(held(undefined)).usd_per_month);
  });

  test('P17 what is committed keeps the price of the month its term began in', () => {
    const rent = {
      price: '2 USD/h',
      commitment: '3 years',
      commitment_discount: '50 %',
      price_path: { yearly: '-50 %', steps: 'year' },
    };
    const result = held(undefined, { capacity: { rent } });
    const rates = result.ledger.filter((line) => line.id === 'rent.reserved').map((line) => line.rate);
    expect(rates.slice(0, 36).every((rate) => rate === 1)).toBe(true);
    expect(rates.slice(36).every((rate) => rate === 0.125)).toBe(true);
  });

  test('P17 wages that rise by 3 % a year, month by month', () => {
    const people = {
      setup: '10 h',
      hours_per_month: 10,
      rate: '100 USD/h',
      rate_path: { yearly: '3 %', steps: 'month' },
    };
    const lines = held(undefined, { people }).ledger.filter((line) => line.id === 'people');
    expect(lines[0]?.amount).toBe(1000);
    expect(lines[6]?.amount).toBeCloseTo(1000 * Math.sqrt(1.03), 9);
    expect(lines[24]?.amount).toBeCloseTo(1000 * 1.03 ** 2, 9);
  });
});

test('P18 four times the volume at a tenth of the price: the bill falls to 0.4, and break-even takes ten times as much', () => {
  const growth = 4 ** (1 / 12) - 1;
  const traffic = { requests_per_day: 1000, ...MIX_A, growth: `${growth * 100} %/month` };
  const result = held({ yearly: '-90 %' }, { traffic });
  const { horizons, usd_per_month } = comparison(result);
  const month13 = (horizons[1]?.api_usd ?? 0) - (horizons[0]?.api_usd ?? 0);
  expect(month13 / usd_per_month).toBeCloseTo(0.4, 9);
  const from = (price: number) => {
    const offer = { ...OFFER, input: `${price * 3} USD/Mtok`, output: `${price * 15} USD/Mtok` };
    return comparison(runWith({ compare: [offer] })).breakeven_tokens_per_month[0]?.[0] ?? Number.NaN;
  };
  expect(from(0.1) / from(1) - 1).toBeCloseTo(9, 6);
});

test('R14 a path that takes a price below the electricity is flagged with its month', () => {
  const [warning, ...more] = held({ yearly: '-99 %' }).warnings.filter((text) => text.includes('electricity'));
  expect(more).toEqual([]);
  expect(warning).toMatch(/An API in month \d+ comes to/);
  expect(held({ yearly: '-10 %' }).warnings.filter((text) => text.includes('electricity'))).toEqual([]);
});

test('a lead that falling prices take away again is no lead to the end', () => {
  const change = { people: { setup: '2000 USD' }, traffic: { requests_per_day: 15_000, ...MIX_A } };
  const kept = comparison(held(undefined, change));
  const lost = comparison(held({ yearly: '-60 %' }, change));
  expect(kept).toMatchObject({ breakeven_month: lost.breakeven_month, paid_back_to_end: true });
  expect(lost.paid_back_to_end).toBe(false);
  expect(comparison(held({ yearly: '-99 %', steps: 'month' }, change)).paid_back_to_end).toBeNull();
});

describe('a path', () => {
  const change = fc.double({ min: -0.9, max: 2, noNaN: true });
  const path: fc.Arbitrary<PricePath> = fc.record({
    yearly: fc.oneof(change, fc.array(change, { minLength: 1, maxLength: 6 })),
    steps: fc.constantFrom('year' as const, 'month' as const),
    shocks: fc.array(fc.record({ month: fc.integer({ min: 2, max: 80 }), change }), { maxLength: 3 }),
  });

  test('begins at 1, and both kinds of steps meet at each year’s turn', () => {
    fc.assert(
      fc.property(path, fc.integer({ min: 0, max: 6 }), (one, years) => {
        expect(priceFactor(one, 1)).toBe(1);
        const month = 12 * years + 1;
        const [yearly, monthly] = (['year', 'month'] as const).map((steps) => priceFactor({ ...one, steps }, month));
        expect((yearly as number) / (monthly as number)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('of no change changes nothing in a result', () => {
    const still = { yearly: 0, shocks: [{ month: 5, change: 0 }] };
    const [with_, without] = [held(still), held(undefined)].map(({ months, ledger, comparisons }) => ({
      months,
      ledger,
      horizons: comparisons.map(({ horizons }) => horizons),
    }));
    expect(with_).toEqual(without);
  });
});
