import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openTrace } from '../../../src/io/traces/open-trace.ts';
import { type TraceFigures, traceStatistics } from '../../../src/traffic/trace-statistics.ts';
import { complaints, folderWith } from '../folder.ts';
import { MISSING, tracesFolder } from './shared-traces.ts';

const lengths = (input: string, output: string) => ({ input_tokens: input, output_tokens: output, reason_ratio: '{}' });
const DATA = JSON.stringify({
  0: lengths('{10: 0.5, 20: 0.5}', '{1: 1.0}'),
  1000: lengths('{30: 1.0}', '{2: 1e-05, 3: 2e-05}'),
});

const clientFiles = {
  'chunk-0-trace.csv': '0,0.1,1,Exponential,10,0\r\n1000,0.2,2,Gamma,0.25,20\r\n2000,0,0,,0,0\r\n',
  'chunk-0-dataset.json': DATA,
  'chunk-10-trace.csv': '0,0,0,,0,0\r\n1000,0.05,0.5,Weibull,2.1,22\r\n2000,0.0505,1,Gamma,1,20\r\n',
  'chunk-10-dataset.json': DATA,
};
const all = (folder: string, seed = 0, part = {}) => [...openTrace(folder, { seed, ...part }).requests];

describe('requests drawn from a ServeGen folder', () => {
  const folder = folderWith(clientFiles);
  const requests = all(folder, 1);

  test('are as many in each window as its rate says, in order of time, with the lengths of that window', () => {
    const start = openTrace(folder, { seed: 1 }).clock?.secondsOfWeek ?? 0;
    const within = (from: number) =>
      requests.filter(({ arrival }) => arrival + start >= from && arrival + start < from + 1000);
    expect([0, 1000].map((from) => within(from).length)).toEqual([100, 250]);
    // 50.5 requests are 50 or 51.
    expect([50, 51]).toContain(within(2000).length);
    expect(requests.every(({ arrival }, i) => arrival >= (requests[i - 1]?.arrival ?? 0))).toBe(true);
    expect(requests[0]?.arrival).toBe(0);
    expect(new Set(within(0).map(({ input, output }) => `${input} ${output}`))).toEqual(new Set(['10 1', '20 1']));
    expect(new Set(within(1000).map(({ input, output }) => `${input} ${output}`))).toEqual(new Set(['30 2', '30 3']));
  });
  test('are the same for the same seed only', () => {
    expect(all(folder, 1)).toEqual(requests);
    expect(all(folder, 2)).not.toEqual(requests);
  });
  test('are, for a part of the time, those that the whole has there', () => {
    const start = openTrace(folder, { seed: 1 }).clock?.secondsOfWeek ?? 0;
    const part = all(folder, 1, { from: 300, to: 1700 });
    const whole = requests.filter(({ arrival }) => arrival + start >= 300 && arrival + start < 1700);
    expect(part.map(({ input, output }) => [input, output])).toEqual(whole.map(({ input, output }) => [input, output]));
    part.forEach(({ arrival }, i) => {
      expect(arrival).toBeCloseTo((whole[i]?.arrival ?? 0) - (whole[0]?.arrival ?? 0), 9);
    });
  });
  test.each([
    ['Gamma', '0.25', 2],
    ['Weibull', '0.5', Math.sqrt(5)],
    ['Exponential', '0', 1],
  ])('vary in their gaps as the %s family of this shape does', (family, shape, cv) => {
    const files = folderWith({
      'chunk-1-trace.csv': `0,20,9,${family},${shape},1\n1000,20,9,${family},${shape},1\n`,
      'chunk-1-dataset.json': DATA,
    });
    expect(traceStatistics(all(files)).arrivals.cv).toBeCloseTo(cv, 0.5);
  });
});

describe('a folder that is not whole', () => {
  const said = (changed: Record<string, string>) => {
    const folder = folderWith({ ...clientFiles, ...changed });
    return complaints(folder, () => all(folder)).join('\n');
  };
  test('a client without lengths', () => {
    const folder = folderWith({ 'chunk-3-trace.csv': clientFiles['chunk-0-trace.csv'] });
    expect(complaints(folder, () => all(folder))).toEqual(['chunk-3-dataset.json: there is no such file']);
  });
  test.each([
    [
      'too few fields',
      '0,1,1,Gamma,1',
      'chunk-0-trace.csv:1:1: expected 6 fields (start,rate,cv,family,arg1,arg2), got 5; the file seems to be cut off here',
    ],
    [
      'an unknown family',
      '0,1,1,Pareto,1,1\n',
      'chunk-0-trace.csv:1:7: family: expected one of Exponential, Gamma, Weibull, got "Pareto"',
    ],
    ['a shape of 0', '0,1,1,Gamma,0,1\n', 'chunk-0-trace.csv:1:13: arg1: expected a shape above 0, got "0"'],
    [
      'a negative rate',
      '0,-1,1,Gamma,1,1\n',
      'chunk-0-trace.csv:1:3: rate: expected a number from 0 to 100,000,000, got "-1"',
    ],
    [
      'windows out of order',
      '0,0,0,,0,0\n0,0,0,,0,0\n',
      'chunk-0-trace.csv:2:1: start: expected more than the 0 s above it, got "0"',
    ],
    ['one window', '0,0,0,,0,0\n', 'chunk-0-trace.csv:1:1: expected at least two windows, which tell how long one is'],
  ])('%s', (_, text, message) => expect(said({ 'chunk-0-trace.csv': text })).toBe(message));
  test.each([
    ['no JSON', '{"0": hunter2', 'chunk-0-dataset.json: the file is not valid JSON'],
    ['no windows', '[]', 'chunk-0-dataset.json: there are no lengths in it'],
    ['a window that is no time', '{"x": {}}', 'chunk-0-dataset.json: expected the second a window begins at, got "x"'],
    [
      'no output',
      '{"0": {"input_tokens": "{1: 1.0}"}}',
      'chunk-0-dataset.json: 0.output_tokens: expected a histogram as text, got nothing',
    ],
    [
      'a histogram that is none',
      JSON.stringify({ 0: lengths('{1: x}', '{1: 1}') }),
      'chunk-0-dataset.json: 0.input_tokens: expected entries such as 45: 0.0097, got "1: x"',
    ],
    [
      'a histogram without weight',
      JSON.stringify({ 0: lengths('{1: 1}', '{1: 0}') }),
      'chunk-0-dataset.json: 0.output_tokens: the shares must add up to more than 0',
    ],
  ])('%s', (_, text, message) => expect(said({ 'chunk-0-dataset.json': text })).toBe(message));
  test('nothing but silence', () => {
    const folder = folderWith({ 'chunk-0-trace.csv': '0,0,0,,0,0\n600,0,0,,0,0\n', 'chunk-0-dataset.json': DATA });
    expect(complaints(join(folder, '..'), () => all(folder))[0]).toMatch(/: there are no requests in this time$/);
  });
});

const folder = tracesFolder();
describe.skipIf(folder === undefined)(
  `the published DeepSeek-R1 clients${folder === undefined ? ` (${MISSING})` : ''}`,
  () => {
    let figures: TraceFigures;
    beforeAll(() => {
      const trace = openTrace(join(folder ?? '', 'servegen', 'reason', 'deepseek-r1'), { seed: 3 });
      figures = traceStatistics(trace.requests, trace.clock?.secondsOfWeek);
    });
    test('send 16 requests a second, up to 42.5 in their busiest ten minutes', () => {
      expect(figures.requests).toBe(1_383_669);
      expect(figures.arrivals.rate).toBeCloseTo(16.0, 1);
      expect(figures.arrivals.peakMinuteRate).toBeGreaterThan(42.5);
      expect(figures.arrivals.peakMinuteRate).toBeLessThan(1.15 * 42.5);
      expect(figures.hourlyRates).toHaveLength(24);
    });
    test('of the lengths that their histograms have together', () => {
      const published = { input: [1268, 208, 2092, 23_423], output: [1527, 792, 3432, 12_607] };
      for (const key of ['input', 'output'] as const) {
        const { mean, p50, p90, p99 } = figures[key];
        [mean, p50, p90, p99].forEach((value, i) => {
          expect(value / (published[key][i] as number)).toBeCloseTo(1, 1.5);
        });
      }
    });
  },
);
