import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { along, axisMarks, logRange, markLabel } from '../../src/report/charts/log-axis.ts';
import { type Panel, scatterPicture } from '../../src/report/charts/scatter.ts';

const values = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 });

describe('a logarithmic axis', () => {
  test('holds every value, and its ends carry marks', () => {
    fc.assert(
      fc.property(values, (some) => {
        const range = logRange(some);
        expect(range.low).toBeLessThan(range.high);
        for (const value of some) {
          expect(along(range, value)).toBeGreaterThanOrEqual(-1e-9);
          expect(along(range, value)).toBeLessThanOrEqual(1 + 1e-9);
        }
        expect(axisMarks(range).filter(({ labelled }) => labelled).length).toBeGreaterThan(0);
      }),
    );
  });

  test('gives equal ratios equal room', () => {
    const range = logRange([3, 800]);
    expect(range).toEqual({ low: 2, high: 1000 });
    const step = (from: number, to: number) => along(range, to) - along(range, from);
    expect(step(4, 8)).toBeCloseTo(step(100, 200), 12);
    expect(along(range, 2)).toBe(0);
    expect(along(range, 1000)).toBe(1);
  });

  test.each([
    [0.05, 'ms', '50 µs'],
    [20, 'ms', '20 ms'],
    [5000, 'ms', '5 s'],
    [0.5, 's', '500 ms'],
    [100, 's', '100 s'],
    [500, 'tok/s', '500'],
    [20_000, 'tok/s', '20k'],
    [2e6, 'tok/s', '2M'],
    [0.1, 'req/s', '0.1'],
    [1000, 'W', '1k'],
  ])('%d %s is written %s', (value, unit, label) => {
    expect(markLabel(value, unit)).toBe(label);
  });
});

const panel = (points: Panel['points']): Panel => ({ title: 'Field', subtitle: 'of dots', unit: 'ms', points });

/** Numbers of one attribute of all circles that stand in a field. */
const circles = (svg: string) =>
  [...svg.matchAll(/<circle cx="([\d.-]+)" cy="([\d.-]+)" r="2.4"\/>/g)].map(([, x, y]) => [Number(x), Number(y)]);

describe('the picture', () => {
  test('a right prediction lies on the diagonal, a high one above it', () => {
    const points = [
      { measured: 1, predicted: 1, series: 0 },
      { measured: 10, predicted: 10, series: 0 },
      { measured: 10, predicted: 100, series: 0 },
    ];
    const svg = scatterPicture({ title: 'T', subtitle: '', series: [{ label: 'a', n: 3 }], panels: [panel(points)] });
    const [first, second, high] = circles(svg) as [number[], number[], number[]];
    for (const [x = 0, y = 0] of [first, second]) expect(x + y).toBeCloseTo(300, 1);
    expect(high[0]).toBe(second[0]);
    expect(high[1]).toBeLessThan(second[1] ?? 0);
    expect(svg).toMatch(/stroke-dasharray/);
  });

  test('has a dot a point and a legend entry a series, whatever their names hold', () => {
    const points = [0, 1, 12].map((series) => ({ measured: 5 + series, predicted: 6, series }));
    const series = Array.from({ length: 13 }, (_, i) => ({ label: `<script>&"${i}`, n: 1 }));
    const svg = scatterPicture({ title: 'a < b', subtitle: '&', series, panels: [panel(points), panel(points)] });
    expect(circles(svg)).toHaveLength(6);
    expect(svg.match(/r="5"/g)).toHaveLength(13);
    expect(svg).not.toMatch(/<script|NaN|Infinity|undefined/);
    expect(svg).toContain('&lt;script&gt;&amp;&quot;0');
    const [opened, closed, single] = [/<[a-z]+[ >]/g, /<\/[a-z]+>/g, /\/>/g].map(
      (form) => svg.match(form)?.length ?? 0,
    );
    expect(opened).toBe((closed ?? 0) + (single ?? 0));
  });
});
