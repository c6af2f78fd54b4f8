import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/analysis/comparison.ts';
import { judgeAssertions } from '../../src/result/assertions.ts';
import type { Result } from '../../src/result/record.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { folderWith } from '../io/folder.ts';
import { ROOT, rackrate } from './rackrate.ts';

const BASE = `extends: ${join(ROOT, 'scenarios/chat-8b.yaml')}\nserving: { envelope: closed-form }\n`;
const folder = folderWith({ 'plain.yaml': BASE });
const plain = JSON.parse(rackrate(['run', 'plain.yaml', '--json'], folder).stdout) as Result;

function runWith(claims: readonly string[], flags: readonly string[] = []) {
  const text = `${BASE}assert:\n${claims.map((claim) => `  - { ${claim} }\n`).join('')}`;
  return rackrate(['run', 'claims.yaml', ...flags], folderWith({ 'claims.yaml': text }));
}

describe('assertions of a scenario', () => {
  test('that hold change nothing but the record', () => {
    const { metrics } = plain;
    const price = metrics.usd_per_mtok_total ?? Number.NaN;
    const winner = plain.comparisons.find((entry) => entry.baseline)?.horizons.find((entry) => entry.months === 12);
    const claims = [
      `metric: usd_per_mtok_total, min: ${price}, max: ${price}`,
      `metric: usd_per_mtok_total, max: ${price * 1.01} USD/Mtok`,
      'metric: availability, min: 99.9 %',
      `metric: ttft_p95_s, max: ${(metrics.ttft_p95_s ?? 0) * 1001} ms`,
      `metric: cost_usd_per_month, max: ${(metrics.cost_usd_per_month ?? 0) * 1.0001e-3} kUSD/month`,
      `metric: energy_kwh_per_month, max: ${(metrics.energy_kwh_per_month ?? 0) * 1.0001e-3} MWh/month`,
      `verdict: ${winner?.winner}, horizon: 1 year`,
    ];
    const run = runWith(claims, ['--json']);
    expect(run.status).toBe(0);
    expect(run.stderr).not.toContain('assertion');
    const found = JSON.parse(run.stdout) as Result;
    expect(found.assertions.map((entry) => entry.holds)).toEqual(claims.map(() => true));
    expect(found.metrics).toEqual(metrics);
    expect(plain.assertions).toEqual([]);
  });

  test('that fail are told at their line with value and bound, after a result that is printed whole', () => {
    const run = runWith(
      ['metric: usd_per_mtok_total, max: 1e-3', 'metric: gpus, min: 1', 'verdict: self, horizon: 12'],
      ['-q'],
    );
    expect(run.status).toBe(99);
    const price = Number((plain.metrics.usd_per_mtok_total ?? 0).toPrecision(10));
    expect(run.stderr.trimEnd().split('\n')).toEqual([
      `claims.yaml:4:5: assertion failed: usd_per_mtok_total is ${price} USD/Mtok, and should be at most 0.001 USD/Mtok`,
      'claims.yaml:6:5: assertion failed: against Groq Llama 3.1 8B the API is cheaper over 12 months, and self-hosting should be cheaper',
    ]);
    const promised = /^ {2}Promised[\s\S]*?\n\n/m;
    expect(
      promised
        .exec(run.stdout)?.[0]
        .split('\n')
        .map((line) => line.trim().split(/ {2,}/)),
    ).toMatchObject([
      ['Promised', 'found', 'asked', 'at'],
      [
        'usd_per_mtok_total',
        'broken',
        expect.stringMatching(/^[\d.]+ USD\/Mtok$/),
        'at most 0.001 USD/Mtok',
        'claims.yaml:4',
      ],
      ['gpus', 'held', '1', 'at least 1', 'claims.yaml:5'],
      ['verdict', 'broken', 'API', 'self-host cheaper', 'claims.yaml:6'],
      [''],
      [''],
    ]);
    expect(run.stdout.replace(promised, '')).toBe(
      rackrate(['run', 'plain.yaml', '-q'], folder).stdout.replaceAll('plain.yaml', 'claims.yaml'),
    );
  });

  test('about a metric that the run cannot know fail, and say so', () => {
    const run = runWith(['metric: usd_per_mtok_total, max: 100'], ['--set', 'traffic.requests_per_day=0']);
    expect(run.status).toBe(99);
    expect(run.stderr).toContain(
      'assertion failed: usd_per_mtok_total has no value in this run, and should be at most 100 USD/Mtok',
    );
  });

  test('that make no sense are refused, all at once, each at its place', () => {
    const run = runWith([
      'metric: usd_per_mtok_totl, max: 0.2',
      'metric: ttft_p95_s, max: 2 GB',
      'metric: availability, min: 99.9',
      'metric: cost_usd_per_month, max: 100 USD',
      'metric: replicas',
      'metric: gpus, min: 3, max: 2',
      'verdict: self, horizn: 12',
    ]);
    expect(run.status).toBe(2);
    expect(run.stdout).toBe('');
    const said = run.stderr.trimEnd().split('\n');
    expect(said).toHaveLength(7);
    expect(said[0]).toMatch(/^claims\.yaml:4:15: assert\.0\.metric: .*did you mean "usd_per_mtok_total"\?$/);
    expect(said[1]).toMatch(/^claims\.yaml:5:\d+: assert\.1\.max: .*"GB" is another kind of quantity$/);
    expect(said[2]).toContain('did you mean "99.9 %"?');
    expect(said[3]).toContain('expected a quantity in USD/month');
    expect(said[4]).toContain('needs min, max or both');
    expect(said[5]).toContain('has a min above its max');
    expect(said[6]).toContain('unknown key "horizn"; did you mean "horizon"?');
    const unknown = runWith(['verdict: self, horizon: 24', 'verdict: self, against: Own contrct']);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain(
      'assert.0.horizon: 24 months are none of the horizons, which are 1, 12, 60 months',
    );
    expect(unknown.stderr).toContain('did you mean "Own contract"?');
  });
});

describe('judging', () => {
  test('a bound holds exactly where the value lies inside it, both ends included', () => {
    const value = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(value, value, value, (ttft, a, b) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const judge = (bounds: object) =>
          judgeAssertions([{ metric: 'ttft_p95_s', ...bounds }], { ttft_p95_s: ttft }, [], undefined)[0]?.holds;
        expect(judge({ min, max })).toBe(judge({ min }) === true && judge({ max }) === true);
        expect(judge({ max })).toBe(!(ttft > max));
        expect(judge({ min: ttft, max: ttft })).toBe(true);
      }),
    );
  });

  test('a horizon that cannot be compared is no win for anybody', () => {
    const horizon = (months: number, winner: string, unserved: number) => ({
      months,
      winner,
      unserved_share: unserved,
    });
    const offer = (...horizons: object[]) => ({ name: 'X', horizons }) as unknown as Comparison;
    const holds = (claim: { verdict: 'self' | 'api'; horizon?: number }, judged: Comparison | undefined) =>
      judgeAssertions([claim], {}, [], judged)[0]?.holds;
    const mixed = offer(horizon(1, 'api', 0), horizon(12, 'self', 0), horizon(60, 'self', 0.2));
    expect(holds({ verdict: 'self', horizon: 12 }, mixed)).toBe(true);
    expect(holds({ verdict: 'api', horizon: 1 }, mixed)).toBe(true);
    expect(holds({ verdict: 'self', horizon: 60 }, mixed)).toBe(false);
    expect(holds({ verdict: 'self' }, mixed)).toBe(false);
    expect(holds({ verdict: 'self' }, offer(horizon(1, 'tie', 0)))).toBe(false);
    expect(holds({ verdict: 'self' }, undefined)).toBe(false);
  });
});

test('a bound is read in the unit of its metric, which may be left out', () => {
  const bounds = (claims: object[]) =>
    validateScenario({
      rackrate: 1,
      name: 'x',
      model: 'llama-3.1-8b',
      serving: { gpu: 'l40s' },
      traffic: { requests_per_day: 1, input_tokens: 10, output_tokens: 10 },
      capacity: { rent: { price: '1 USD/h' } },
      assert: claims,
    }).assert.map((claim) => 'metric' in claim && claim.max);
  expect(
    bounds([
      { metric: 'ttft_p95_s', max: '250 ms' },
      { metric: 'weight_bytes_per_gpu', max: '30 GB' },
      { metric: 'output_tokens_per_month', max: '3 Gtok/month' },
      { metric: 'energy_kwh_per_month', max: '3 MWh/month' },
      { metric: 'replica_output_tok_per_s_max', max: '3 ktok/s' },
      { metric: 'utilization_mean', max: '40 %' },
      { metric: 'gpus', max: 16 },
      { metric: 'usd_per_mtok_total', max: 1.2 },
    ]),
  ).toEqual([0.25, 30e9, 3e9, 3000, 3000, 0.4, 16, 1.2]);
});
