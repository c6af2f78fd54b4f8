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

/** Figures beside those of a reference, into the test's own output. */
function print(title: string, rows: readonly { line: string; reference: number; here: number }[]): void {
  const text = rows.map(
    ({ line, reference, here }) => `  ${line.padEnd(20)}${reference.toFixed(2)}  ${here.toFixed(4)}`,
  );
  process.stdout.write(`${title}: reference, here\n${text.join('\n')}\n`);
}

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

  test('line by line beside the reference', () => {
    const reference: [string, number, readonly string[]][] = [
      ['capital', 1.13, ['own.capital']],
      ['colocation', 0.32, ['own.colocation']],
      ['power', 0.11, ['own.power.idle', 'own.power.work']],
      ['support', 0.23, ['own.support']],
      ['tax and insurance', 0.07, ['own.tax_and_insurance']],
    ];
    const rows = reference.map(([name, usd, ids]) => ({ line: name, reference: usd, here: perGpuHour(result, ids) }));
    const here = rows.reduce((sum, row) => sum + row.here, 0);
    print('USD per GPU-hour', [...rows, { line: 'before people', reference: 1.86, here }]);
    expect(here).toBeCloseTo(metric(result, 'cost_usd_per_month') / NODE_HOURS, 9);
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
    const here = metric(staffed, 'cost_usd_per_month') / NODE_HOURS / nodes;
    print('USD per GPU-hour with people', [{ line: `${nodes} nodes, ${fte} people`, reference: usd, here }]);
    expect(Math.abs(here - usd)).toBeLessThan(0.011);
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

  test('the books have the straight line, 0.22 USD per GPU-hour below the annuity', () => {
    const [month] = owned(TREE).months;
    const [cost, book] = [month?.cost_usd ?? 0, month?.book_usd ?? 0];
    expect((cost - book) / NODE_HOURS).toBeCloseTo(1.1298 - (320_000 - 32_000) / 5 / 70_080, 4);
    const [free] = owned({ ...TREE, cost_of_capital: 0 }).months;
    expect(free?.book_usd).toBeCloseTo(free?.cost_usd ?? 0, 9);
    expect(free?.book_usd).toBeCloseTo(book, 9);
    const [rented] = runWith({}).months;
    expect(rented?.book_usd).toBe(rented?.cost_usd);
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

/** A spreadsheet of the tree, a row a month; its sum over the tokens of each month is the price to beat. */
function sheetBreakeven(months: number, setup: number, perMtok: number): number {
  const growth = 1.1 ** 5;
  const payment = (0.1 * growth) / (growth - 1);
  const annuity = 320_000 * payment - 32_000 * (payment - 0.1);
  const rows: number[] = [];
  for (let month = 1; month <= months; month++) {
    const power = 7.5 * 1.3 * 730 * 0.09;
    const space = 10.2 * 184;
    const upkeep = (320_000 * 0.065) / 12;
    rows.push(annuity / 12 + power + space + upkeep + (month === 1 ? setup : 0));
  }
  return (rows.reduce((sum, paid) => sum + paid, 0) / months / perMtok) * 1e6;
}

describe('break-even volume of owned nodes', () => {
  test.each([1, 12, 60])('F05 over %d months, against a spreadsheet', (months) => {
    const result = owned(TREE, {
      compare: [{ name: 'API', input: '3 USD/Mtok', output: '15 USD/Mtok' }],
      people: { setup: '7500 USD' },
      horizons: [months],
    });
    const [horizon] = comparison(result).horizons;
    const sheet = sheetBreakeven(months, 7500, (1000 * 3 + 300 * 15) / 1300);
    const here = horizon?.breakeven_tokens_per_month[0]?.[0] ?? 0;
    print('break-even, M tokens a month', [{ line: `${months} months`, reference: sheet / 1e6, here: here / 1e6 }]);
    expect(here / sheet).toBeCloseTo(1, 9);
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

  test('GPUs that a whole node brings along rest: the work takes the same energy on a node of eight as on one GPU', () => {
    const at = (replicas: number, gpus: number) =>
      runWith({
        ...growing(1e8),
        serving: { gpu: 'h100-sxm5-80gb', replicas },
        capacity: { rent: undefined, own: { gpus_per_node: gpus } },
        traffic: { tokens_per_day: 1e8 },
      });
    const [one, eight] = [at(1, 1), at(1, 8)];
    expect(amount(lines(eight, 1, 'own.power.work')) / amount(lines(one, 1, 'own.power.work'))).toBeCloseTo(1, 9);
    const kwh = (result: Result) => metric(result, 'energy_kwh_per_month');
    expect(kwh(eight) - kwh(one)).toBeCloseTo((lines(one, 1, 'own.power.idle')[0]?.quantity ?? 0) * 7, 6);
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
