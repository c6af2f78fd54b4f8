import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith } from '../io/folder.ts';
import { rackrate } from './rackrate.ts';

const HEADER = 'source_date,engine,gpu,num_gpus,model,weight_dtype,isl,osl,concurrency_or_batch,metric,value,notes';
const ROWS = [
  '2025-10,vllm,H100-SXM,1,Llama-3.1-8B,bf16,1024,256,8,tpot_ms_mean,8.1,"run=1, of two"',
  '2025-10,vllm,H100-SXM,1,Llama-3.1-8B,bf16,1024,256,8,ttft_ms_p50,60,run=1',
  '2025-10,vllm,H100-SXM,1,Llama-9-8B,bf16,1024,256,8,ttft_ms_p50,60,run=2',
];
const folder = folderWith({
  'rows.csv': `${[HEADER, ...ROWS].join('\n')}\n`,
  'short.csv': 'engine,gpu,modell,value\nvllm,H100,Llama-3.1-8B,3\n',
  'empty.csv': `${HEADER}\n`,
});
const table = join(folder, 'rows.csv');

describe.each(['closed-form', 'replay'])('accuracy --engine %s', (engine) => {
  test('says the error by group, what was skipped and why, and answers in its last line', () => {
    const { status, stdout } = rackrate(['accuracy', '--measured', table, '--engine', engine, '-v']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/By GPU +rows +median +p90 +bias +decode +TTFT\nh100-sxm5-80gb +2 /);
    expect(stdout).toMatch(/h100-sxm5-80gb +llama-3.1-8b +vllm +tpot_ms_mean +1 /);
    expect(stdout).toMatch(/1 x there is no model "Llama-9-8B"/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^Median error: decode dense .*; 2 rows predicted, 1 skipped\.$/,
    );
  });

  test('--json has every row, predicted or skipped', () => {
    const { stdout } = rackrate(['accuracy', '--measured', table, '--engine', engine, '--json']);
    const record = JSON.parse(stdout);
    expect(record).toMatchObject({ schema: 'rackrate.accuracy/v1', engine });
    expect(record.rows).toHaveLength(2);
    expect(record.rows[0]).toMatchObject({ metric: 'tpot_ms_mean', value: 8.1, notes: 'run=1, of two' });
    expect(record.groups[0]).toMatchObject({ n: 1, median_ape: record.rows[0].ape, p90_ape: record.rows[0].ape });
    expect(record.skipped).toMatchObject([{ row: { line: 4, model: 'Llama-9-8B' } }]);
  });
});

test('without a table it takes the published figures of the catalog', () => {
  const { status, stdout } = rackrate(['accuracy', '--engine', 'closed-form', '--json']);
  expect(status).toBe(0);
  const { rows, skipped } = JSON.parse(stdout);
  expect(rows.length).toBeGreaterThan(1000);
  expect(skipped.length).toBeLessThan(0.1 * rows.length);
  expect(new Set(rows.map(({ source_id }: { source_id: string }) => source_id))).toContain('ml-energy-3-lm-arena-chat');
});

test('-o x.csv has a row a measured one', () => {
  const target = join(folder, 'out.csv');
  const { status, stderr } = rackrate(['accuracy', '--measured', table, '-o', target]);
  expect(status).toBe(0);
  expect(stderr).toBe(`wrote ${target}\n`);
  const lines = readFileSync(target, 'utf8').trimEnd().split('\n');
  expect(lines[0]).toBe(`line,${HEADER},predicted,ape`);
  expect(lines).toHaveLength(3);
});

test.each([
  [
    'svg',
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*Time between tokens.*Time to first token.*h100-sxm5-80gb \(2\)/,
  ],
  [
    'md',
    /^# Predicted against measured[\s\S]*\| By GPU +\|[\s\S]*\| h100-sxm5-80gb +\|[\s\S]*## Skipped[\s\S]*Llama-9-8B/,
  ],
  ['json', /"schema": "rackrate.accuracy\/v1"/],
])('-o x.%s', (ending, content) => {
  const target = join(folder, `out.${ending}`);
  expect(rackrate(['accuracy', '--measured', table, '--by', 'gpu', '-o', target]).status).toBe(0);
  expect(readFileSync(target, 'utf8')).toMatch(content);
});

describe('what it refuses', () => {
  test.each([
    [['--measured', join(folder, 'none.csv')], 'there is no such file'],
    [['--measured', join(folder, 'empty.csv')], 'the file has no rows'],
    [['--measured', table, '--engine', 'reply'], 'did you mean "replay"?'],
    [['--measured', table, '-o', 'x.pdf'], 'end it in .csv, .json, .md, .svg or .txt'],
    [['--measured', table, '--json', '-o', 'x.svg'], 'ask for two forms'],
    [['--measured', table, '--by', 'gpus'], 'did you mean "gpu"?'],
  ])('%j', (args, message) => {
    const { status, stderr } = rackrate(['accuracy', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  test('missing columns, all at once, each with the header that was meant', () => {
    const { status, stderr } = rackrate(['accuracy', '--measured', join(folder, 'short.csv')]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/short\.csv:1:1: no column "model"; is it "modell"\?/);
    expect(stderr).toMatch(/no column "metric"/);
  });
});
