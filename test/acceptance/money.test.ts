import { describe, expect, test } from 'vitest';
import { formatPrice } from '../../src/units/format.ts';
import { amount, comparison, lines, metric, planOf, type Raw, runWith, scenario } from './fixtures.ts';

const CLAUDE = { name: 'Claude Sonnet', input: '3 USD/Mtok', output: '15 USD/Mtok' };
const GPT41 = { name: 'GPT-4.1', input: '2 USD/Mtok', output: '8 USD/Mtok' };
const R1 = { name: 'DeepSeek R1', input: '0.55 USD/Mtok', output: '2.19 USD/Mtok' };

/** One replica of 5,000 output tokens a second for 2,964 USD a month. */
const PLAIN = {
  serving: { replicas: 1, measured: { output_tokens_per_second: 5000 } },
  capacity: { rent: { price: `${2964 / 730} USD/h` } },
};

describe('people', () => {
  const setup = { setup: '40 h', rate: '125 USD/h' };

  test('F01 five days of eight hours at 125 USD/h are 5,000 USD, paid before month 1', () => {
    const result = runWith({ people: { ...setup, amortize_months: 18 } });
    expect(lines(result, 0)).toMatchObject([{ id: 'setup', amount: 5000, basis: 'cash' }]);
  });

  test('F01 spread over 18 months they are 277.78 USD in each, then nothing', () => {
    const result = runWith({ people: { ...setup, amortize_months: 18 } });
    for (const month of [1, 2, 18]) expect(amount(lines(result, month, 'setup'))).toBeCloseTo(277.78, 2);
    expect(lines(result, 19, 'setup')).toEqual([]);
    const spread = result.ledger.filter((entry) => entry.id === 'setup' && entry.basis === 'loaded');
    expect(amount(spread)).toBeCloseTo(5000, 9);
  });

  test('F01 enters the monthly cost only where it is spread, the horizons always, and once', () => {
    const bare = runWith({ compare: [CLAUDE] });
    const once = runWith({ compare: [CLAUDE], people: setup });
    const spread = runWith({ compare: [CLAUDE], people: { ...setup, amortize_months: 18 } });
    const cost = (result: typeof bare) => metric(result, 'cost_usd_per_month');
    expect(cost(once)).toBe(cost(bare));
    expect(cost(spread) - cost(bare)).toBeCloseTo(277.78, 2);
    for (const [index, horizon] of comparison(bare).horizons.entries()) {
      for (const result of [once, spread]) {
        expect(comparison(result).horizons[index]?.self_usd).toBeCloseTo(horizon.self_usd + 5000, 6);
      }
    }
  });

  test.each([
    [10, 100, 1000],
    [40, 200, 8000],
  ])('F02 %d h a month at %d USD/h: %d USD', (hours, rate, usd) => {
    const result = runWith({ people: { hours_per_month: hours, rate: `${rate} USD/h` } });
    expect(lines(result, 1, 'people')).toMatchObject([{ quantity: hours, rate, amount: usd }]);
    expect(metric(result, 'cost_usd_per_month')).toBeCloseTo(2.69 * 730 + usd, 9);
  });

  test('F02 one labour rate serves both set-up and running', () => {
    const result = runWith({ people: { setup: '40 h', hours_per_month: 10, rate: '200 USD/h' } });
    expect(amount(lines(result, 0))).toBe(8000);
    expect(amount(lines(result, 7, 'people'))).toBe(2000);
    expect(() => planOf(scenario({ people: { hours_per_month: 10 } }))).toThrow(/rate/);
  });
});

describe('break-even', () => {
  const withSetup = { ...PLAIN, compare: [CLAUDE], people: { setup: '7500 USD' } };

  /** The spreadsheet: everything paid over a horizon, a month, over the blend of mix A. */
  function sheet(months: number, setup: number, [input, output]: [number, number]): number {
    let paid = setup;
    for (let month = 1; month <= months; month++) paid += 2964;
    const request = (1000 * input + 300 * output) / 1e6;
    return (paid / months / request) * 1300;
  }

  test.each([
    [1, 1813.8],
    [12, 622.1],
    [60, 535.4],
  ])('F05 2,964 USD a month + 7,500 once against 3/15 over %d months: %dM tokens a month', (months, millions) => {
    const result = runWith(withSetup);
    expect(metric(result, 'cost_usd_per_month')).toBeCloseTo(2964, 9);
    const horizon = comparison(result).horizons.find((entry) => entry.months === months);
    const [from, to] = horizon?.breakeven_tokens_per_month[0] ?? [];
    expect((from as number) / 1e6).toBeCloseTo(millions, 1);
    expect(from).toBeCloseTo(sheet(months, 7500, [3, 15]), 3);
    // One replica of 5,000 output tokens a second ends it: 5,000 x 13/3 tokens in all.
    expect(to).toBeCloseTo((5000 * 1300 * 730 * 3600) / 300, -3);
  });

  test.each([
    ['just below', 0.999, 'api'],
    ['just above', 1.001, 'self'],
  ])('F05 a year %s its break-even volume is won by the %s', (_, factor, winner) => {
    const perDay = (factor * sheet(12, 7500, [3, 15]) * 24) / 730;
    const traffic = { tokens_per_day: perDay };
    const result = runWith({ ...withSetup, traffic, discount_rate: 0 });
    const year = comparison(result).horizons.find((entry) => entry.months === 12);
    expect(year?.winner).toBe(winner);
  });

  test('F05 the month it pays from, against adding up both bills', () => {
    const traffic = { tokens_per_day: (700e6 * 24) / 730 };
    const result = comparison(runWith({ ...withSetup, traffic }));
    let [own, api, month] = [7500, 0, 0];
    do {
      month++;
      own += 2964;
      api += 700 * ((1000 * 3 + 300 * 15) / 1300);
    } while (own > api);
    expect(result.breakeven_month).toBe(month);
  });

  test.each([
    ['Claude', CLAUDE, 513.8, [3, 15]],
    ['GPT-4.1', GPT41, 875.7, [2, 8]],
    ['DeepSeek R1, whose blend is 0.92846', R1, 3192, [0.55, 2.19]],
  ] as const)('F06 2,964 USD a month against %s', (_, offer, millions, prices) => {
    const intervals = comparison(runWith({ ...PLAIN, compare: [offer] })).breakeven_tokens_per_month;
    expect(intervals).toHaveLength(1);
    const from = intervals[0]?.[0] as number;
    expect(from / 1e6).toBeCloseTo(millions, millions > 1000 ? 0 : 1);
    expect(from).toBeCloseTo(sheet(1, 0, [...prices]), 3);
  });

  test('F06 never, where a replica at full load is dearer than the API', () => {
    const cheap = { name: 'cheap', input: '0.01 USD/Mtok', output: '0.01 USD/Mtok' };
    expect(comparison(runWith({ ...PLAIN, compare: [cheap] })).breakeven_tokens_per_month).toEqual([]);
  });
});

describe('units of money', () => {
  const full = (more: Raw = {}) =>
    runWith({ ...PLAIN, capacity: {}, traffic: { utilization: 1 }, compare: [CLAUDE], ...more });

  test('F17 0.149 USD/Mtok in each unit, the unit always printed', () => {
    const price = metric(full(), 'usd_per_mtok_output_only');
    expect(formatPrice(price, 'Mtok')).toBe('0.149 USD/Mtok');
    expect(formatPrice(price, '1K tokens')).toBe('0.000149 USD/1K tokens');
    expect(formatPrice(price, 'token')).toBe('1.49e-7 USD/token');
  });

  test('F17 per request, per 1,000 requests and per month agree', () => {
    const result = full();
    const offer = comparison(result);
    expect(offer.usd_per_1k_requests).toBeCloseTo(offer.usd_per_request * 1000, 12);
    const requests = (result.subject.requests_per_day * 730) / 24;
    expect(offer.usd_per_month / (offer.usd_per_request * requests)).toBeCloseTo(1, 12);
    expect((offer.usd_per_mtok_total * 1300) / 1e6).toBeCloseTo(offer.usd_per_request, 12);
  });

  test('F17 per day times days is per month, in tokens and in money', () => {
    const result = full({ hours_per_month: 720 });
    const day = result.subject.requests_per_day;
    expect(metric(result, 'input_tokens_per_month')).toBeCloseTo(30 * day * 1000, 0);
    expect(metric(result, 'output_tokens_per_month')).toBeCloseTo(30 * day * 300, 0);
    expect(metric(result, 'cost_usd_per_month')).toBeCloseTo(30 * 24 * 2.69, 9);
  });

  test('F17 per token times tokens is the bill, split or not', () => {
    const { metrics, subject } = full();
    const { input_tokens_per_month: input = 0, output_tokens_per_month: output = 0 } = metrics;
    const { usd_per_mtok_total: all = 0, usd_per_mtok_input: perIn = 0, usd_per_mtok_output: perOut = 0 } = metrics;
    expect(subject.hours_per_month).toBe(730);
    expect((all * (input + output)) / 1e6).toBeCloseTo(2.69 * 730, 6);
    expect((perIn * input + perOut * output) / 1e6).toBeCloseTo(2.69 * 730, 6);
    expect(((metrics.usd_per_mtok_output_only ?? 0) * output) / 1e6).toBeCloseTo(2.69 * 730, 6);
  });
});
