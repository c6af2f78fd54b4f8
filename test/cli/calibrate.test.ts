import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { folderWith } from '../io/folder.ts';
import { rackrate } from './rackrate.ts';

const SCENARIO = `rackrate: 1
name: Own
model: llama-3.1-8b
serving: { gpu: h100-sxm5-80gb, weights: bf16, envelope: closed-form, replicas: 1 }
traffic: { requests_per_day: 20000, input_tokens: 1000, output_tokens: 200 }
capacity: { rent: { price: 2 USD/h } }
`;
/** An 8B model that runs some 25 % slower than the shared coefficients have it, first tokens twice as late. */
const runWith = (users: number, tpot: number, ttft: number) => ({
  request_rate: 'inf',
  max_concurrency: users,
  duration: (10 * (ttft + 199 * tpot)) / 1000,
  completed: 10 * users,
  total_input_tokens: 10_000 * users,
  total_output_tokens: 2000 * users,
  median_ttft_ms: ttft,
  mean_tpot_ms: tpot,
});
const folder = folderWith({
  'own.yaml': SCENARIO,
  'runs.json': JSON.stringify([runWith(1, 9, 90), runWith(8, 10, 100), runWith(32, 12, 120)]),
  'broken.json': '{"duration": }',
});
const scenario = join(folder, 'own.yaml');
const runs = join(folder, 'runs.json');
const target = join(folder, 'calibrated.yaml');

describe('calibrate', () => {
  test('writes a scenario that extends the calibrated one, whose runs say so', () => {
    const { status, stdout, stderr } = rackrate(['calibrate', scenario, '--measured', runs, '-o', target]);
    expect(stderr).toBe(`wrote ${target}\n`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Median error +values +before +after\n/);
    expect(stdout).toMatch(/tpot_ms_mean +3 /);
    const written = parse(readFileSync(target, 'utf8'));
    expect(written).toMatchObject({
      rackrate: 1,
      extends: 'own.yaml',
      serving: { calibrated: { measurements: 3, source: 'runs.json' } },
    });
    const before = JSON.parse(rackrate(['run', scenario, '--json']).stdout);
    const after = JSON.parse(rackrate(['run', target, '--json']).stdout);
    expect(after.price_error_basis).toBe('calibrated on 3 own measurements (runs.json)');
    expect(before.price_error_basis).toMatch(/^NVIDIA H100|^none of the fitted rows/);
    expect(after.physics.single_sequence_steps_per_s).toBeLessThan(before.physics.single_sequence_steps_per_s);
    expect(1000 / after.physics.single_sequence_steps_per_s).toBeGreaterThan(8);
  });

  test('promises of the scenario are left to its runs', () => {
    const offer = 'compare=[{ name: An API, input: 1 USD/Mtok, output: 2 USD/Mtok }]';
    const promising = ['--set', offer, '--set', 'assert=[{ verdict: self }]'];
    expect(rackrate(['calibrate', scenario, ...promising, '--measured', runs])).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test('without -o prints what it would write; --json has before and after', () => {
    const { stdout } = rackrate(['calibrate', scenario, '--measured', runs]);
    expect(stdout).toMatch(/\n\nrackrate: 1\nextends: .*own\.yaml\nserving:\n {2}calibrated:\n/);
    const record = JSON.parse(rackrate(['calibrate', scenario, '--measured', runs, '--json']).stdout);
    expect(record).toMatchObject({ schema: 'rackrate.calibration/v1', measurements: 3 });
    for (const { before, after } of record.metrics) expect(after).toBeLessThanOrEqual(before + 0.005);
  });

  test.each([
    [[scenario], 2, 'calibrate needs your measurements'],
    [[scenario, '--measured', join(folder, 'broken.json')], 2, /broken\.json:1:\d+: is not valid JSON/],
    [[scenario, '--measured', runs, '-o', join(folder, 'x.csv')], 2, 'end'],
    [[scenario, '--measured', runs, '-o', scenario], 2, 'would overwrite the scenario'],
    [[scenario, '--measured', runs, '--replicas', 'two'], 2, 'whole number'],
  ])('%j ends with %d', (args, code, message) => {
    const { status, stderr } = rackrate(['calibrate', ...args]);
    expect(status).toBe(code);
    expect(stderr).toMatch(message);
  });
});
