import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/result/record.ts';
import { amount, lines, metric, planOf, type Raw, runWith, scenario } from './fixtures.ts';

describe('commitments', () => {
  /** Two GPUs for `months` months, then one, in a term of a year. */
  const term = (commitment: Raw, months: number) => {
    const shrink = 0.95;
    const result = runWith({
      serving: { replicas: 'auto', measured: { output_tokens_per_second: 1000 } },
      traffic: {
        tokens_per_day: 86.4e6 * shrink ** -(months - 0.5),
        count: 'output',
        growth: '-5 %/month',
      },
      capacity: { rent: { price: '1.99 USD/h', ...commitment } },
      horizons: [12],
    });
    expect(result.months.map(({ replicas }) => replicas).filter((count) => count === 2)).toHaveLength(months);
    return result.months.reduce((sum, month) => sum + month.cash_usd, 0) - oneGpu(result);
  };
  /** What the GPU that is always needed costs at the price of the run. */
  const oneGpu = (result: Result) => 12 * 730 * (lines(result, 1)[0]?.rate ?? 0);
  const COMMITTED = { commitment: '1 year', commitment_discount: 1 - 1.5 / 1.99 };

  test('R09 1.50 committed against 1.99 on demand: even at 75.4 % of hours', () => {
    const committed = term(COMMITTED, 9);
    const perMonthOnDemand = term({}, 9) / 9;
    expect(committed).toBeCloseTo(12 * 730 * 1.5, 6);
    expect(term(COMMITTED, 10)).toBeCloseTo(committed, 6);
    expect(committed / (12 * perMonthOnDemand)).toBeCloseTo(0.754, 3);
  });

  test('R09 used for 9 of 12 months on demand is cheaper, for 10 the commitment', () => {
    expect(term({}, 9)).toBeLessThan(term(COMMITTED, 9));
    expect(term({}, 10)).toBeGreaterThan(term(COMMITTED, 10));
  });
});

describe('spot capacity', () => {
  const spot = { losses_per_hour: 0.2, recovery: '7 min' };
  const on = (rent: Raw, change: Raw = {}) => runWith({ ...change, capacity: { rent: { price: undefined, ...rent } } });

  test('R08 0.2 losses an hour and 7 min to recover cost 2.28 % of capacity', () => {
    const result = on({ price: '1.2 USD/h', spot });
    const lost = 7 / 60 / (1 / 0.2 + 7 / 60);
    expect(lost).toBeCloseTo(0.0228, 4);
    expect(metric(result, 'availability')).toBeCloseTo(1 - lost, 12);
    const [month] = result.months;
    expect(month?.served_tokens).toBeCloseTo((1 - lost) * (month?.offered_tokens ?? 0), 0);
    expect(lines(result, 1, 'rent.spot')).toMatchObject([{ rate: 1.2, amount: 1.2 * 730 }]);
  });

  test('R08 a replica over two instances is lost by either, and redundancy makes up for it', () => {
    const serving = { tensor_parallel: 8 };
    const result = on({ price: '1.2 USD/h', spot, gpus_per_instance: 4 }, { serving });
    expect(metric(result, 'availability')).toBeCloseTo(1 / (1 + (2 * 0.2 * 7) / 60), 12);
    const redundant = on(
      { price: '1.2 USD/h', spot },
      { serving: { replicas: 'auto' }, reliability: { availability: '99.9 %', replica_availability: 1 } },
    );
    // 2.28 % is lost: two replicas lose 0.052 % together.
    expect(metric(redundant, 'replicas')).toBe(2);
  });

  test('the price is the spot price of the rental, or the usual discount off its own', () => {
    const serving = { gpu: 'h100-sxm5-80gb' };
    const listed = on({ id: 'gcp-a3-h100', spot: true }, { serving });
    const plan = planOf(scenario({ serving, capacity: { rent: { price: undefined, id: 'gcp-a3-h100' } } }));
    const own = plan.capacity.kind === 'rent' ? plan.capacity.usdPerGpuHour : Number.NaN;
    expect(lines(listed, 1, 'rent.spot')[0]?.rate).toBeLessThan(own);
    const discounted = on({ id: 'lambda-h100-sxm', spot: true }, { serving });
    expect(lines(discounted, 1, 'rent.spot')[0]?.rate).toBeCloseTo(3.99 * 0.45, 9);
    expect(discounted.defaults_used.map(({ path }) => path)).toContain('capacity.rent.spot.losses_per_hour');
    expect(discounted.warnings.join()).toMatch(/spot/);
  });

  test('cannot be committed to', () => {
    expect(() => planOf(scenario({ capacity: { rent: { spot: true, commitment: '1 year' } } }))).toThrow(/spot/);
  });
});

describe('platform overhead', () => {
  const OVERHEADS = {
    'load-balancers': '36.53 USD',
    monitoring: '412.19 USD',
    logging: '208.07 USD',
    security: '150 USD',
  };

  test('F03 each is a line of its own, and the total is the sum of lines to the cent', () => {
    const bare = runWith({});
    const result = runWith({ overheads: OVERHEADS });
    for (const [id, usd] of Object.entries(OVERHEADS)) {
      expect(lines(result, 1, id)).toMatchObject([{ amount: Number.parseFloat(usd), group: 'software' }]);
    }
    const cents = (usd: number) => Math.round(usd * 100);
    const more = metric(result, 'cost_usd_per_month') - metric(bare, 'cost_usd_per_month');
    expect(cents(more)).toBe(3653 + 41_219 + 20_807 + 15_000);
    expect(cents(amount(lines(result, 1)))).toBe(cents(metric(result, 'cost_usd_per_month')));
  });
});

describe('transfers', () => {
  const paid = (transfers: Raw) =>
    amount(lines(runWith({ transfers }), 1).filter((entry) => entry.id.startsWith('transfer.')));

  test.each([
    ['140 GB to another region', { 'inter-region': { amount: '140 GB' } }, 2.8],
    ['140 GB to the internet, the free bytes used up', { internet: { amount: '140 GB', free: '0 GB' } }, 12.6],
    ['50 TB to the internet, 100 GB of them free', { internet: { amount: '50 TB' } }, 9900 * 0.09 + 40_000 * 0.085],
    ['the same in 500 events', { internet: { amount: '100 GB', times_per_month: 500 } }, 4291],
    ['200 TB through all four tiers', { internet: { amount: '200 TB' } }, 891 + 3400 + 7000 + 2500],
    ['less than is free', { internet: { amount: '99 GB' } }, 0],
    ['a contract of its own', { satellite: { amount: '10 GB', price: '2 USD/GB' } }, 20],
  ])('F04 %s: %j is %d USD', (_, transfers, usd) => {
    expect(paid(transfers)).toBeCloseTo(usd, 9);
  });

  test('F04 50 TB a month come to 4,291 USD, line by line and in the total', () => {
    const transfers = { internet: { amount: '50 TB' } };
    const result = runWith({ transfers });
    const entries = lines(result, 1).filter((entry) => entry.id.startsWith('transfer.'));
    expect(entries.map(({ quantity, rate }) => [quantity, rate])).toEqual([
      [100, 0],
      [9900, 0.09],
      [40_000, 0.085],
    ]);
    expect(metric(result, 'cost_usd_per_month') - metric(runWith({}), 'cost_usd_per_month')).toBeCloseTo(4291, 6);
  });

  test('F04 more bytes never cost less, nor more than at the dearest tier', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 5e5, noNaN: true }),
        fc.double({ min: 0, max: 5e5, noNaN: true }),
        (a, b) => {
          const at = (gb: number) => paid({ internet: { amount: `${gb.toFixed(3)} GB` } });
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          expect(at(low)).toBeLessThanOrEqual(at(high) + 1e-9);
          expect(at(high)).toBeLessThanOrEqual(0.09 * high + 1e-3);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('F04 a way without a tariff needs a price', () => {
    expect(() => planOf(scenario({ transfers: { interregion: { amount: '1 GB' } } }))).toThrow(/inter-region/);
  });
});

describe('the decision', () => {
  /** One GPU of a measured rate for 5,000 USD a month, against 3 and 15 USD: 300 of 1,300 tokens are output. */
  const decide = (perDay: number, usdPerMonth: number) =>
    runWith({
      serving: { replicas: 1, measured: { output_tokens_per_second: 5000 } },
      traffic: { tokens_per_day: perDay },
      capacity: { rent: { price: `${usdPerMonth / 730} USD/h` } },
      compare: [{ name: 'API', input: '3 USD/Mtok', output: '15 USD/Mtok' }],
      horizons: [12],
    });
  const blended = (1000 * 3 + 300 * 15) / 1300;

  test.each([5000, 20_000, 50_000])('F08 at %d USD a month the threshold follows from the scenario alone', (usd) => {
    const threshold = (usd / blended) * 1e6;
    const day = 365 / 12;
    const below = decide((threshold * 0.99) / day, usd);
    const above = decide((threshold * 1.01) / day, usd);
    expect(below.verdict.outcome).toBe('loses');
    expect(above.verdict.outcome).toBe('wins');
    for (const { verdict } of [below, above]) expect((verdict.volumes[0]?.[0] ?? 0) / threshold).toBeCloseTo(1, 9);
  });
});
