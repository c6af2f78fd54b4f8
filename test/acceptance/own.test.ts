import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LedgerLine } from '../../src/cost/ledger.ts';
import { breakevenOverVolume } from '../../src/result/breakeven-table.ts';
import type { Result } from '../../src/result/record.ts';
import { amount, comparison, lines, metric, planOf, type Raw, runWith, scenario } from './fixtures.ts';

const NODE_HOURS = 8 * 730;

/** Eight GPUs of one node, busy with little. */
function owned(own: Raw, change: Raw = {}): Result {
  return runWith({
    serving: { gpu: 'h100-sxm5-80gb', replicas: 8 },
    capacity: { rent: undefined, own },
    ...change,
  });
}

/** The reference tree: 320 k$ all in, 10 %, 5 years, 10 % residual, 7.5 kW, 184 USD/kW, 0.09 USD/kWh. */
const TREE = {
  node: 'hgx-h100-8',
  price: '320000 USD',
  network_per_gpu: '0 USD',
  ancillary: 0,
  spares: 0,
  install: 0,
  residual: '10 %',
  power_per_node: '7.5 kW',
  transit: '0 USD',
};

const perGpuHour = (result: Result, ids: readonly string[], nodes = 1) =>
  amount(lines(result, 1).filter((entry: LedgerLine) => ids.includes(entry.id))) / NODE_HOURS / nodes;

describe('an owned node of eight H100', () => {
  const result = owned(TREE);

  test.each([
    ['capital', ['own.capital'], 1.13],
    ['colocation', ['own.colocation'], 0.32],
    ['power', ['own.power.idle', 'own.power.work'], 0.11],
    ['support', ['own.support'], 0.23],
    ['tax and insurance', ['own.tax_and_insurance'], 0.07],
  ])('%s: %j comes to %d USD per GPU-hour', (_, ids, usd) => {
    expect(perGpuHour(result, ids)).toBeCloseTo(usd, 2);
  });

  test('1.86 USD per GPU-hour before people', () => {
    expect(metric(result, 'cost_usd_per_month') / NODE_HOURS).toBeCloseTo(1.86, 2);
  });

  test.each([
    ['3 years, 30 % residual', { life: '3 years', residual: '30 %' }, 2.15],
    ['6 years, 5 % residual', { life: '6 years', residual: '5 %' }, 1.75],
    ['6 % cost of capital', { cost_of_capital: '6 %' }, 1.73],
    ['15 % cost of capital', { cost_of_capital: '15 %' }, 2.02],
    ['250 k$', { price: '250000 USD' }, 1.55],
    ['412 k$', { price: '412000 USD' }, 2.27],
    ['120 USD/kW', { colocation: '120 USD/kW' }, 1.75],
    ['0.19 USD/kWh', { electricity: '0.19 USD/kWh' }, 1.98],
  ])('%s: %j gives %d', (_, change, usd) => {
    const changed = owned({ ...TREE, ...change });
    expect(Math.abs(metric(changed, 'cost_usd_per_month') / NODE_HOURS - usd)).toBeLessThan(0.011);
  });

  test.each([
    [1, 1, 5.42],
    [4, 1.5, 3.2],
    [64, 6, 2.19],
  ])('%d nodes with %d people of 250 k$ a year: %d', (nodes, fte, usd) => {
    const people = { hours_per_month: fte * 160, rate: `${250_000 / 12 / 160} USD/h` };
    const staffed = owned(TREE, { serving: { gpu: 'h100-sxm5-80gb', replicas: 8 * nodes }, people });
    expect(metric(staffed, 'gpus')).toBe(8 * nodes);
    expect(Math.abs(metric(staffed, 'cost_usd_per_month') / NODE_HOURS / nodes - usd)).toBeLessThan(0.011);
  });
});

describe('bases', () => {
  const compare = [{ name: 'API', input: '3 USD/Mtok', output: '15 USD/Mtok' }];

  test('cash has the nodes in full before month 1, loaded their annuity, marginal the energy alone', () => {
    const result = owned(TREE, { compare });
    expect(amount(lines(result, 0))).toBe(320_000);
    const [month] = result.months;
    const capital = amount(lines(result, 1, 'own.capital'));
    expect(month?.cost_usd).toBeCloseTo((month?.cash_usd ?? 0) + capital, 9);
    const energy = lines(result, 1).filter((entry) => entry.id.startsWith('own.power'));
    expect(month?.marginal_usd).toBeCloseTo(amount(energy), 9);
    expect(metric(result, 'energy_kwh_per_month') * 0.09).toBeCloseTo(amount(energy), 9);
  });

  test('F07 at 0 % the net present value is the undiscounted sum, net of the residual', () => {
    const result = owned(TREE, { compare, discount_rate: 0 });
    for (const horizon of comparison(result).horizons) {
      const paid = amount(
        result.ledger.filter((entry) => entry.month <= horizon.months && entry.basis.includes('cash')),
      );
      const kept = 320_000 * (1 - 0.9 * (horizon.months / 60));
      expect(horizon.residual_usd).toBeCloseTo(kept, 6);
      expect(horizon.self_usd).toBeCloseTo(paid - kept, 6);
      expect(horizon.self_npv_usd).toBeCloseTo(horizon.self_usd, 6);
      expect(horizon.api_npv_usd).toBeCloseTo(horizon.api_usd, 6);
    }
  });

  test('F07 at 10 % over five years, against a spreadsheet in one line', () => {
    const result = owned(TREE, { compare, discount_rate: 0.1, horizons: [60] });
    const [horizon] = comparison(result).horizons;
    const monthly = (result.months[0]?.cash_usd ?? 0) as number;
    const i = 1.1 ** (1 / 12) - 1;
    const expected = 320_000 + (monthly * (1 - (1 + i) ** -60)) / i - 32_000 / 1.1 ** 5;
    expect(horizon?.self_npv_usd).toBeCloseTo(expected, 4);
  });

  test('the rent at which it would break even is what owning costs, where the API costs the same', () => {
    const result = owned(TREE, { compare, discount_rate: 0, horizons: [60] });
    const [horizon] = comparison(result).horizons;
    const rent = (horizon?.api_usd ?? 0) / (NODE_HOURS * 60);
    expect(horizon?.breakeven_rent_usd_per_gpu_h).toBeCloseTo(rent, 9);
  });
});

describe('laws of owning', () => {
  test('lines sum to totals, steps to the price, and whole nodes are billed', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        (replicas, residual, capital) => {
          const result = owned(
            { residual, cost_of_capital: capital },
            { serving: { gpu: 'h100-sxm5-80gb', replicas }, horizons: [12] },
          );
          expect(metric(result, 'gpus')).toBe(8 * Math.ceil(replicas / 8));
          const loaded = amount(lines(result, 1).filter((entry) => entry.basis.includes('loaded')));
          expect(metric(result, 'cost_usd_per_month') / loaded).toBeCloseTo(1, 9);
          const steps = result.waterfall.reduce((sum, step) => sum + step.usd_per_mtok, 0);
          expect(steps / metric(result, 'usd_per_mtok_total')).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('a growing load buys nodes in the month that needs them', () => {
    const result = runWith({
      serving: { gpu: 'h100-sxm5-80gb', replicas: 'auto', measured: { output_tokens_per_second: 1000 } },
      traffic: { tokens_per_day: 86.4e6 * 7.5, count: 'output', growth: '10 %/month' },
      capacity: { rent: undefined, own: TREE },
      compare: [{ name: 'API', input: '3 USD/Mtok', output: '15 USD/Mtok' }],
      horizons: [12],
    });
    const bought = result.ledger.filter((entry) => entry.id === 'own.servers');
    expect(bought.map(({ month, quantity }) => [month, quantity])).toEqual([
      [0, 1],
      [2, 1],
      [9, 1],
    ]);
    expect(result.months.map(({ gpus }) => gpus)).toEqual([8, ...new Array(7).fill(16), ...new Array(4).fill(24)]);
  });
});

describe('volume', () => {
  /** A fleet that grows with its load, whose power follows it. */
  const growing = (perDay: number): Raw => ({
    serving: { gpu: 'h100-sxm5-80gb', replicas: 'auto', measured: { output_tokens_per_second: 1000 } },
    traffic: { tokens_per_day: perDay, shape: 'chat' },
    capacity: { rent: undefined, own: {} },
    compare: [{ name: 'API', input: '3 USD/Mtok', output: '15 USD/Mtok' }],
    horizons: [12],
  });

  test('the cost curve meets the bill at the volume of the run, and steps by a node', () => {
    const perDay = 86.4e6 * 20;
    const bill = metric(runWith(growing(perDay)), 'cost_usd_per_month');
    const rows = breakevenOverVolume(planOf(scenario(growing(perDay))), 'traffic.tokens_per_day', [perDay], [12], 0);
    expect(Number(rows.find((row) => row['kind'] === 'curve')?.['self_usd_per_month']) / bill).toBeCloseTo(1, 9);
  });

  test('more load takes more energy for work, none more for idle nodes', () => {
    const at = (perDay: number) =>
      runWith({
        ...growing(perDay),
        serving: { gpu: 'h100-sxm5-80gb', replicas: 8 },
        traffic: { tokens_per_day: perDay },
      });
    const [low, high] = [at(1e7), at(1e9)];
    const energy = (result: Result, id: string) => amount(lines(result, 1, id));
    expect(energy(high, 'own.power.work')).toBeGreaterThan(energy(low, 'own.power.work'));
    expect(energy(high, 'own.power.idle')).toBe(energy(low, 'own.power.idle'));
  });
});

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
