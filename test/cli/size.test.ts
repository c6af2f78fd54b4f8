import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { rackrate } from './rackrate.ts';

const SUPPORT = 'scenarios/support-chat-70b.yaml';
const folder = mkdtempSync(join(tmpdir(), 'rackrate-size-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  gpu: string;
  tensor_parallel: number;
  weights: string;
  max_batch: number;
  replicas: number;
  gpus: number;
  cost_usd_per_month: number;
  usd_per_mtok_total: number;
  ttft_p95_s: number;
  tpot_p95_s: number;
  binding: string;
  set: string[];
}

/** The words of a command as a shell reads them. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

describe('rackrate size', () => {
  const answer = rackrate(['size', SUPPORT]);
  const lines = answer.stdout.trimEnd().split('\n');

  test('ranks at least six fleets with cost, GPUs, batch, latency and what binds; the last line is the answer', () => {
    expect(answer.stderr).toBe('');
    expect(answer.status).toBe(0);
    const header = lines.findIndex((line) => line.includes('USD/month'));
    for (const column of ['USD/Mtok', 'GPUs', 'batch', 'TTFT p95', 'TPOT p95', 'bound by']) {
      // Below the first rows where a long name of a GPU folds the table.
      expect(
        lines.some((line) => /^ {2}GPUs/.test(line) && line.includes(column)),
        column,
      ).toBe(true);
    }
    const rows = lines.slice(header + 1, lines.indexOf('', header));
    expect(new Set(rows).size).toBeGreaterThanOrEqual(6);
    const costs = rows.map((row) => Number(/ {2}([\d,]+) {2}/.exec(row)?.[1]?.replaceAll(',', '')));
    expect(costs).toEqual(costs.toSorted((a, b) => a - b));
    expect(lines.at(-1)).toMatch(
      /^Cheapest: \d+ x .*: [\d.]+ USD\/Mtok, .*; run: rackrate run scenarios\/support-chat/,
    );
  });

  test('the command of the answer gives the same fleet', () => {
    const [, ...args] = words(lines.at(-1)?.split('; run: ')[1] ?? '');
    const run = JSON.parse(rackrate([...args, '--json', '-q']).stdout);
    const [first = ''] = lines.filter((line) => /^ +\d+ x /.test(line));
    expect(first).toContain(Math.round(run.metrics.cost_usd_per_month).toLocaleString('en-US'));
    expect(run.slo_met).toBe(true);
    expect(run.metrics.availability).toBeGreaterThanOrEqual(0.9995);
  });

  test('--json: a run with the settings of each has exactly its numbers; changes of the scenario are kept', () => {
    const changed = ['--set', 'traffic.requests_per_day=900000', '--seed', '3'];
    const found = rackrate(['size', SUPPORT, ...changed, '--gpu', 'H200,h100-sxm5-80gb', '--top', '2', '--json']);
    const { alternatives } = JSON.parse(found.stdout) as { alternatives: Row[] };
    // Two, and the best of the GPU that was named and is not among them.
    expect(new Set(alternatives.map(({ gpu }) => gpu)).size).toBe(2);
    expect(alternatives).toHaveLength(3);
    for (const one of alternatives) {
      expect(['h200-sxm-141gb', 'h100-sxm5-80gb']).toContain(one.gpu);
      const sets = one.set.flatMap((text) => ['--set', text]);
      const { metrics, subject } = JSON.parse(rackrate(['run', SUPPORT, ...changed, ...sets, '--json', '-q']).stdout);
      for (const id of ['replicas', 'gpus', 'cost_usd_per_month', 'usd_per_mtok_total', 'ttft_p95_s', 'tpot_p95_s']) {
        expect(metrics[id]).toBe(one[id as keyof Row]);
      }
      expect(subject.max_batch).toBe(one.max_batch);
      expect(subject.tensor_parallel).toBe(one.tensor_parallel);
      expect(subject.weights).toBe(one.weights);
    }
  }, 120_000);

  test('-o writes CSV and Markdown, with the command of each fleet', () => {
    const few = ['size', SUPPORT, '--gpu', 'h200-sxm-141gb', '--capacity', 'rent', '--top', '2', '-q'];
    const [csv, md] = [join(folder, 'fleets.csv'), join(folder, 'fleets.md')];
    expect(rackrate([...few, '-o', csv]).status).toBe(0);
    expect(rackrate([...few, '-o', md]).status).toBe(0);
    const table = readFileSync(csv, 'utf8').trimEnd().split('\n');
    expect(table[0]).toMatch(/^gpu,tensor_parallel,.*,binding,run/);
    expect(table).toHaveLength(3);
    expect(readFileSync(md, 'utf8').match(/^rackrate run .*$/gm)).toHaveLength(2);
  }, 120_000);

  test('nothing inside the target: exit 3, the reason and the nearest miss', () => {
    const none = rackrate(['size', SUPPORT, '--gpu', 'h100-sxm5-80gb', '--set', 'slo.tpot_p95="1 ms"']);
    expect(none.status).toBe(3);
    expect(none.stdout).toBe('');
    expect(none.stderr).toMatch(/no fleet meets the targets; the nearest, NVIDIA H100.*TP8.*TPOT p95 of/);
  });

  test.each([
    [['--gpu', 'h2000'], /there is no GPU "h2000" in the catalog/],
    [['--gpu', 'h100,,h200'], /expected names with commas/],
    [['--weights', 'fp9'], /--weights fp9: no format of weights/],
    [['--capacity', 'lease'], /expected rent or own/],
    [['--top', '0'], /expected a whole number, from 1 to 1000/],
    [['--quality-floor', '97'], /expected a share/],
    [['-o', 'x.xlsx'], /cannot tell the form/],
    [['--set', 'traffic.utilization=0.5'], /follows from the fleet/],
  ])('%j is bad usage', (args, said) => {
    const refused = rackrate(['size', SUPPORT, ...args]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(said);
  });

  test('what a scenario promises of an offer is no hindrance', () => {
    const promise = ['--set', 'assert=[{ verdict: self, horizon: 1 month }]', '--set', 'serving.envelope=closed-form'];
    const sized = rackrate(['size', SUPPORT, ...promise, '--gpu', 'h200-sxm-141gb', '--top', '1', '-q']);
    expect(sized.stderr).toBe('');
    expect(sized.status).toBe(0);
  });

  test('a scenario whose peaks go to an API is sized like any other, and its winner runs', () => {
    const sized = rackrate(['size', 'scenarios/moe-on-one-node.yaml', '--gpu', 'h200-sxm-141gb', '--json', '-q']);
    expect(sized.status).toBe(0);
    const [first] = JSON.parse(sized.stdout).alternatives as Row[];
    const settings = (first as Row).set.flatMap((setting) => ['--set', setting]);
    const run = JSON.parse(rackrate(['run', 'scenarios/moe-on-one-node.yaml', ...settings, '--json', '-q']).stdout);
    expect(run.metrics.cost_usd_per_month).toBe(first?.cost_usd_per_month);
    expect(run.slo_met).toBe(true);
  });
});
