import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTrace } from '../../src/io/traces/open-trace.ts';
import { traffic } from '../../src/schema/traffic.ts';
import { fitLength } from '../../src/traffic/length-fit.ts';
import { lengthQuantile } from '../../src/traffic/lengths.ts';
import type { TraceRequest } from '../../src/traffic/trace-request.ts';
import { traceStatistics } from '../../src/traffic/trace-statistics.ts';
import { trafficBlock } from '../../src/traffic/traffic-block.ts';
import { MISSING, tracesFolder } from '../io/traces/shared-traces.ts';

const at = (arrival: number, more: Partial<TraceRequest> = {}): TraceRequest => ({
  arrival,
  input: 10,
  output: 5,
  ...more,
});
const HOUR = 3600;
const DAY = 24 * HOUR;

/** A request every so many seconds, more of them in some hours. */
function* hourly(hours: number, perHour: (hour: number) => number): Generator<TraceRequest> {
  for (let hour = 0; hour < hours; hour++) {
    const count = perHour(hour);
    for (let i = 0; i < count; i++) yield at((hour + i / count) * HOUR);
  }
}

describe('arrivals', () => {
  test('rate, busiest minute and gaps', () => {
    const { requests, arrivals } = traceStatistics([0, 10, 20, 30, 70, 130].map((time) => at(time)));
    expect(requests).toBe(6);
    // Gaps 10, 10, 10, 40, 60: mean 26, variance 424.
    expect(arrivals).toMatchObject({ span: 130, rate: 6 / 130, peakMinuteRate: 4 / 60, shortestGap: 10 });
    expect(arrivals.cv).toBeCloseTo(Math.sqrt(424) / 26, 12);
  });
  test('one moment has no rate and no gaps that vary', () => {
    expect(traceStatistics([at(0), at(0)]).arrivals).toEqual({ span: 0 });
    expect(traceStatistics([at(0)]).arrivals).toEqual({ span: 0 });
  });
  test('within an hour, the hour of the day does not make gaps vary', () => {
    const { arrivals } = traceStatistics(hourly(48, (hour) => (hour % 24 < 12 ? 720 : 36)));
    expect(arrivals.cv).toBeGreaterThan(1.5);
    expect(arrivals.cvWithinHour).toBeLessThan(0.25);
  });
});

describe('the shape of the load', () => {
  test('a day by its hours, whatever hour the trace begins at', () => {
    const origin = 2 * DAY + 5.5 * HOUR;
    const { hourlyRates = [] } = traceStatistics(
      hourly(48, (hour) => 60 + hour),
      origin,
    );
    expect(hourlyRates).toHaveLength(24);
    // From 05:00 to 06:00 it saw the first half hour, then halves of the 24th and 25th hour, then the last half hour.
    expect(hourlyRates[5]).toBeCloseTo((30 + (83 + 84) / 2 + 53.5) / (2 * HOUR), 3);
    expect(hourlyRates[10]).toBeCloseTo((64.5 + 88.5) / (2 * HOUR), 3);
  });
  test('a week from Monday on', () => {
    const { hourlyRates = [] } = traceStatistics(
      hourly(9 * 24, (hour) => 10 + Math.floor(hour / 24)),
      3 * DAY,
    );
    expect(hourlyRates).toHaveLength(168);
    // Thursday and Friday were seen twice: days 0 and 7, 1 and 8 of the trace.
    const days = Array.from({ length: 7 }, (_, day) => (hourlyRates[day * 24 + 12] as number) * HOUR);
    const expected = [14, 15, 16, (10 + 17) / 2, (11 + 18) / 2, 12, 13];
    for (const [day, value] of days.entries()) expect(value).toBeCloseTo(expected[day] as number, 6);
  });
  test('less than a day has none', () => {
    expect(traceStatistics(hourly(23, () => 60)).hourlyRates).toBeUndefined();
    expect(traceStatistics(hourly(24, () => 60)).hourlyRates).toHaveLength(24);
  });
});

describe('what requests have in common', () => {
  test('blocks seen before, and the run of them that a prefix cache can use', () => {
    const blocks = (input: number, blockIds: number[]) => at(0, { input, blockIds, blockIdTokens: 100 });
    const { repeats } = traceStatistics([
      blocks(250, [1, 2, 3]),
      blocks(350, [1, 2, 4, 3]), // 1 and 2 continue the prompt; 3 was seen, but not after 4
      blocks(350, [1, 2, 4, 3]), // the same prompt again: 350 tokens, not 400
    ]);
    expect(repeats).toEqual({ blocks: 7 / 11, prefixTokens: (200 + 350) / 950 });
  });
  test('cached tokens and sessions', () => {
    const found = traceStatistics([
      at(0, { cached: 4, session: 1 }),
      at(1),
      at(2, { session: 1 }),
      at(3, { session: 9 }),
    ]);
    expect(found.cached).toBe(4 / 40);
    expect(found.sessions).toEqual({ count: 2, requestsEach: 1.5 });
    expect(found.repeats).toBeUndefined();
  });
});

describe('the fit of lengths', () => {
  const figures = (mean: number, cv: number) => {
    const q = (share: number) => lengthQuantile({ mean, cv }, share);
    return { mean, cv, p50: q(0.5), p90: q(0.9), p95: q(0.95), p99: q(0.99), max: q(0.9999) };
  };
  test('a log-normal is found again', () => {
    expect(fitLength(figures(1000, 1.2))).toEqual({ mean: 1000, cv: 1.2 });
  });
  test('a far outlier in the cv does not spoil the bulk', () => {
    const { p50, p95 } = figures(1000, 1);
    expect(fitLength({ ...figures(1000, 1), cv: 4 })).toEqual({ p50, p95 });
  });
  test('but never at the price of the mean', () => {
    expect(fitLength({ ...figures(1000, 1), mean: 700, cv: 4 })).toEqual({ mean: 700, cv: 4 });
  });
  test('one length stays one, also for answers without a token', () => {
    expect(traceStatistics([at(0), at(1)]).input).toMatchObject({ mean: 10, cv: 0, p50: 10, max: 10 });
    expect(fitLength(figures(12, 0))).toBe(12);
    expect(fitLength({ mean: 0, cv: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 })).toBe(1);
  });
});

describe('the traffic block', () => {
  const blockOf = (requests: Iterable<TraceRequest>, ...clock: [Parameters<typeof trafficBlock>[1]?]) =>
    trafficBlock(traceStatistics(requests), ...clock);
  test('is traffic as a scenario has it, whatever the trace', () => {
    const traces = [
      [at(0)],
      [at(0), at(0)],
      [at(0, { output: 0 }), at(1, { output: 0 })],
      [at(0, { cached: 10, input: 10, output: 1e8 }), at(1e9, { input: 1e8, output: 1 })],
      [...hourly(24, (hour) => (hour === 3 ? 100 : 0)), at(DAY)],
      [...hourly(200, (hour) => 1 + (hour % 7))],
      [...Array.from({ length: 5000 }, (_, i) => at(i < 4999 ? 0 : 1e6))],
    ];
    for (const trace of traces) expect(traffic.parse(blockOf(trace).block)).toMatchObject({ count: 'total' });
  });
  test('says what it leaves out and supposes', () => {
    expect(blockOf([at(0)]).notes).toEqual(['all requests arrive at one moment; they are taken as those of a day']);
    expect(blockOf(hourly(24, () => 60)).notes).toEqual([
      'the trace does not tell the time of day: the hours of the shape count from its first request',
    ]);
    expect(
      blockOf(
        hourly(170, () => 60),
        { zone: 'unknown', weekday: 'unknown' },
      ).notes,
    ).toEqual([
      'the trace does not tell its time zone: set "timezone" to that of its hours',
      'the trace does not tell the weekday: its first day stands as Monday',
    ]);
    expect(
      blockOf(
        hourly(170, () => 60),
        { zone: 'UTC', weekday: 'known' },
      ).notes,
    ).toEqual([]);
    const coarse = blockOf([at(0), at(0), at(0), at(3), at(3), at(3, { output: 0 })]);
    expect(coarse.block.arrivals).toBeUndefined();
    expect(coarse.notes.slice(1)).toEqual([
      'its times are steps of 3 s with several requests each: how gaps vary is not known',
      'answers without a token: 1; a simulated one has at least one',
    ]);
  });
  test('keeps the mean rate and takes its burstiness from within the hour where it has a shape', () => {
    const { block } = blockOf(hourly(48, (hour) => (hour % 24 < 12 ? 720 : 36)));
    expect(block.requests_per_day / (12 * 756)).toBeCloseTo(1, 3);
    expect(block.arrivals?.cv).toBeLessThan(0.25);
    expect(block.shape?.[0]).toBeCloseTo((2 * 720) / 756, 2);
  });
});

const folder = tracesFolder();

/** The published table, whose percentiles are of the next higher row. */
const PUBLISHED = [
  [
    'AzureLLMInferenceTrace_code.csv',
    8819,
    3436,
    2.57,
    10.5,
    13.2,
    [2048, 1469, 5194, 7436, 7437],
    [28, 13, 55, 252, 1899],
  ],
  [
    'AzureLLMInferenceTrace_conv.csv',
    19_366,
    3502,
    5.53,
    8.5,
    1.09,
    [1155, 1020, 2735, 4142, 14_050],
    [211, 129, 424, 601, 1000],
  ],
  [
    'mooncake_conversation_trace.jsonl',
    12_031,
    3537,
    3.4,
    4.1,
    3.0,
    [12_035, 6909, 27_367, 85_401, 126_195],
    [343, 350, 597, 1120, 2000],
  ],
  [
    'mooncake_synthetic_trace.jsonl',
    3993,
    1022,
    3.91,
    4.6,
    1.01,
    [15_325, 11_587, 38_615, 66_458, 191_378],
    [149, 69, 389, 769, 893],
  ],
] as const;

describe.skipIf(folder === undefined)(`published traces${folder === undefined ? ` (${MISSING})` : ''}`, () => {
  test.each(PUBLISHED)('%s', (name, requests, span, rate, peak, cv, input, output) => {
    const found = traceStatistics(openTrace(join(folder ?? '', name)).requests);
    expect(found.requests).toBe(requests);
    expect(Math.round(found.arrivals.span)).toBe(span);
    expect(found.arrivals.rate).toBeCloseTo(rate, 1.9);
    expect(Math.abs((found.arrivals.peakMinuteRate ?? 0) - peak)).toBeLessThan(0.0501);
    expect((found.arrivals.cv ?? 0) / cv).toBeCloseTo(1, 1.5);
    for (const [{ mean, p50, p90, p99, max }, table] of [
      [found.input, input],
      [found.output, output],
    ] as const) {
      [mean, p50, p90, p99, max].forEach((value, i) => {
        const wanted = table[i] as number;
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(Math.max(0.6, 0.002 * wanted));
      });
    }
  });
  test.each([
    ['mooncake_conversation_trace.jsonl', 0.366],
    ['mooncake_synthetic_trace.jsonl', 0.64],
  ])('blocks of %s that repeat', (name, share) => {
    const { repeats } = traceStatistics(openTrace(join(folder ?? '', name)).requests);
    expect(repeats?.blocks).toBeCloseTo(share, 3);
  });
});
