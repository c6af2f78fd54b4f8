import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chromeTrace, TimelineRecorder, type TimelineRow } from '../../src/result/timeline.ts';
import { near } from '../laws/random-scenario.ts';

const MOST_ROWS = 65_536;

type Span = readonly [
  start: number,
  seconds: number,
  iterations: number,
  decoding: number,
  prompt: number,
  waiting: number,
  blocks: number,
];

function record(spans: Iterable<Span>): readonly TimelineRow[] {
  const recorder = new TimelineRecorder();
  for (const span of spans) recorder.span(...span);
  return recorder.list();
}

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);

/** Stretches of a run, some with idle time before them. */
function stretches(count: number): Span[] {
  let start = 0;
  return Array.from({ length: count }, (_, i): Span => {
    start += i % 7 === 0 ? 0.5 : 0;
    const seconds = 0.01 * (1 + (i % 5));
    const span = [start, seconds, 1 + (i % 3), i % 11, i % 13, i % 17, (i * 31) % 1009] as const;
    start += seconds;
    return span;
  });
}

describe('a run over time', () => {
  test('is told span by span while it is short', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (count) => {
        const spans = stretches(count);
        expect(record(spans).map((row) => Object.values(row))).toEqual(spans.map((span) => [...span]));
      }),
      { numRuns: 20 },
    );
    expect(record(stretches(MOST_ROWS))).toHaveLength(MOST_ROWS);
  });

  test('leaves out what takes no time', () => {
    expect(record([[1, 0, 0, 4, 0, 0, 9]])).toEqual([]);
  });

  test.each([MOST_ROWS + 1, 2 * MOST_ROWS + 5, 300_000])('keeps its sums in few rows: %d spans', (count) => {
    const spans = stretches(count);
    const rows = record(spans);
    expect(rows.length).toBeLessThanOrEqual(MOST_ROWS);
    expect(rows.length).toBeGreaterThan(MOST_ROWS / 2);
    expect(sum(rows, (row) => row.iterations)).toBe(sum(spans, (span) => span[2]));
    expect(sum(rows, (row) => row.prompt_tokens)).toBe(sum(spans, (span) => span[4]));
    expect(
      near(
        sum(rows, (row) => row.decoding * row.seconds),
        sum(spans, (span) => span[3] * span[1]),
      ),
    ).toBe(true);
    expect(
      near(
        sum(rows, (row) => row.waiting * row.seconds),
        sum(spans, (span) => span[5] * span[1]),
      ),
    ).toBe(true);
    expect(rows.reduce((most, row) => Math.max(most, row.kv_blocks), 0)).toBe(1008);
    const last = spans.at(-1) as Span;
    const end = (rows.at(-1)?.start_s ?? 0) + (rows.at(-1)?.seconds ?? 0);
    expect(near(end, last[0] + last[1])).toBe(true);
    const overlaps = rows.filter((row, i) => i > 0 && row.start_s < endOf(rows[i - 1] as TimelineRow) - 1e-9);
    expect(overlaps).toEqual([]);
  });

  test('takes as many spans into one row as into the next', () => {
    const spans = Array.from({ length: 300_000 }, (_, i): Span => [i, 1, 1, 0, 0, 0, 0]);
    const rows = record(spans);
    expect(new Set(rows.slice(0, -1).map((row) => row.iterations))).toEqual(new Set([8]));
  });

  const endOf = (row: TimelineRow) => row.start_s + row.seconds;

  test('becomes counters of a Chrome trace, in microseconds', () => {
    const rows = record([[2, 0.5, 10, 3, 200, 4, 25]]);
    expect(chromeTrace(rows, 100)).toEqual({
      displayTimeUnit: 'ms',
      traceEvents: [
        { name: 'queue', ph: 'C', pid: 1, ts: 2e6, args: { waiting: 4 } },
        { name: 'batch', ph: 'C', pid: 1, ts: 2e6, args: { decoding: 3 } },
        { name: 'prompt tokens a second', ph: 'C', pid: 1, ts: 2e6, args: { prompt: 400 } },
        { name: 'KV in use, %', ph: 'C', pid: 1, ts: 2e6, args: { kv: 25 } },
      ],
    });
    expect(JSON.stringify(chromeTrace(rows, Number.POSITIVE_INFINITY))).not.toMatch(/KV|null/);
  });
});
