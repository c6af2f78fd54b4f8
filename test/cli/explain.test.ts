import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../src/analysis/explain/explain.ts';
import { rackrate } from './rackrate.ts';

const FILE = 'scenarios/chat-8b.yaml';
const QUICK = ['--set', 'serving.envelope=closed-form'];

describe('rackrate explain', () => {
  test('explains the headline where no metric is named', () => {
    const { stdout, status } = rackrate(['explain', FILE, '--json']);
    const { metric, value, nodes, steps } = JSON.parse(stdout) as Explanation;
    expect({ status, metric, first: nodes[0]?.id }).toEqual({
      status: 0,
      metric: 'usd_per_mtok_total',
      first: 'usd_per_mtok_total',
    });
    expect(nodes[0]?.value).toBe(value);
    expect(steps.map((step) => step.when)).toEqual(['decoding, busiest hour', 'prefill']);
    for (const { shares, binds } of steps) {
      expect(Object.values(shares).reduce((sum, share) => sum + share)).toBeCloseTo(1, 9);
      expect(shares[binds]).toBe(Math.max(...Object.values(shares)));
    }
  });

  test('goes no deeper than asked, and tells where a --set came from', () => {
    const { stdout } = rackrate([
      ...['explain', FILE, 'gpus', '--depth', '1', '--json', '--set', 'serving.replicas=3'],
      ...QUICK,
    ]);
    const { nodes } = JSON.parse(stdout) as Explanation;
    expect(nodes.map((node) => node.id)).toEqual(['gpus', 'replicas', 'gpus_per_replica', 'gpus_per_billing_unit']);
    expect(nodes[1]?.source).toMatchObject({ basis: 'scenario', ref: '--set serving.replicas' });
  });

  test('a metric that does not exist: the nearest that does, exit 2', () => {
    const { stderr, status, stdout } = rackrate(['explain', FILE, 'usd_per_mtok_outptu']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('did you mean "usd_per_mtok_output"?');
  });

  test.each([
    [['--depth', 'x'], 2],
    [['-o', 'x.csv'], 2],
    [['--set', 'serving.tensor_parallel=2', '--set', 'slo.tpot_p95=1 us'], 3],
  ])('%j ends with %d', (args, code) => {
    expect(rackrate(['explain', FILE, ...args, ...QUICK]).status).toBe(code);
  });

  test('a price of tokens that are not served is said to be unknown', () => {
    const { stdout, status } = rackrate(['explain', FILE, '--set', 'traffic.requests_per_day=0', ...QUICK]);
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toContain('usd_per_mtok_total is not known here');
  });

  test('writes Markdown to a file', () => {
    const target = join(mkdtempSync(join(tmpdir(), 'explain-')), 'price.md');
    expect(rackrate(['explain', FILE, '-o', target, ...QUICK]).status).toBe(0);
    expect(readFileSync(target, 'utf8')).toMatch(/^# .*usd_per_mtok_total/);
  });

  test('-h shows an example', () => {
    expect(rackrate(['explain', '-h']).stdout).toContain('Example: rackrate explain');
  });
});
