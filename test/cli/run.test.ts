import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/result/record.ts';
import { METRICS } from '../../src/schema/metric-table.ts';
import { significant } from '../../src/units/format.ts';
import { folderWith } from '../io/folder.ts';
import { ROOT, rackrate } from './rackrate.ts';

const SCENARIOS = readdirSync(join(ROOT, 'scenarios')).filter((name) => name.endsWith('.yaml'));
const SUPPORT_CHAT = readFileSync(join(ROOT, 'scenarios/support-chat-70b.yaml'), 'utf8');

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe.each(SCENARIOS)('scenarios/%s', (name) => {
  const path = `scenarios/${name}`;
  const once = rackrate(['run', path, '--json']).stdout;
  const found = JSON.parse(once) as Result & { scenario: { sha256: string } };

  test('is sound and answers in its last line', () => {
    expect(rackrate(['check', path])).toMatchObject({ status: 0, stdout: `${path}: ok\n` });
    const { status, stdout } = rackrate(['run', path]);
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^Self-host (wins|loses|depends) .*(tokens\/month|every volume).*(month \d+|never paid back)/,
    );
  });

  test('has every metric of the contract, finite', () => {
    expect(Object.keys(found.metrics).sort()).toEqual(METRICS.map((metric) => metric.id).sort());
    const numbers = numbersIn(found);
    expect(numbers.length).toBeGreaterThan(100);
    expect(numbers.filter((value) => !Number.isFinite(value))).toEqual([]);
    expect(found.schema).toBe('rackrate.result/v1');
    expect(found.scenario.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('its bill adds up, line by line and month by month', () => {
    for (const line of found.ledger) expect(line.amount).toBe(line.quantity * line.rate);
    for (const month of found.months) {
      const loaded = found.ledger.filter((line) => line.month === month.month && line.basis.includes('loaded'));
      expect(month.cost_usd).toBeCloseTo(sum(loaded.map((line) => line.amount)), 9);
    }
    expect(found.metrics.cost_usd_per_month).toBeCloseTo(found.months[0]?.cost_usd ?? Number.NaN, 9);
    for (const comparison of found.comparisons) {
      for (const { months, self_usd, residual_usd = 0 } of comparison.horizons) {
        const cash = found.ledger.filter((line) => line.month <= months && line.basis.includes('cash'));
        expect((self_usd + residual_usd) / sum(cash.map((line) => line.amount))).toBeCloseTo(1, 12);
      }
    }
  });

  test('its waterfall ends at the real price', () => {
    const steps = sum(found.waterfall.map((step) => step.usd_per_mtok));
    expect(steps / (found.metrics.usd_per_mtok_total ?? Number.NaN)).toBeCloseTo(1, 9);
  });

  test('lists as defaults only what the file leaves out', () => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    expect(found.defaults_used.length).toBeGreaterThan(3);
    for (const { path: key } of found.defaults_used) {
      const [block, field] = key.split('.');
      if (field === undefined || block === 'compare' || block === 'facility') continue;
      const here = new RegExp(`^${block}:[\\s\\S]*?(?=^\\S|$(?![\\s\\S]))`, 'm').exec(text)?.[0] ?? '';
      expect(here, key).not.toMatch(new RegExp(`\\b${key.split('.').at(-1)}:`));
    }
  });

  test('gives the same bytes again', () => {
    expect(rackrate(['run', path, '--json']).stdout === once).toBe(true);
  });
});

describe('what a scenario leaves out is said', () => {
  test('with the typical figure, in the text and in the result', () => {
    const args = ['run', 'scenarios/support-chat-70b.yaml', '--set', 'overheads=none', '--set', 'people=null'];
    const found = JSON.parse(rackrate([...args, '--json']).stdout) as Result;
    expect(found.not_counted.map((entry) => entry.id)).toEqual(
      expect.arrayContaining(['people', 'observability', 'egress', 'model-upgrades']),
    );
    // 1,500 USD a month and 30 a GPU; 1.5 people at 250,000 USD a year.
    const tooling = found.not_counted.find((entry) => entry.id === 'observability')?.typical_usd_per_month;
    expect(tooling).toBeCloseTo(1500 + 30 * (found.metrics.gpus ?? 0), 6);
    expect(found.not_counted.find((entry) => entry.id === 'people')?.typical_usd_per_month).toBeCloseTo(31_250, 6);
    expect(rackrate(args).stdout).toMatch(/Not counted: .*observability.*1,\d{3} USD\/month.*31,250 USD\/month/);
  });
});

describe('a mistake gives one message with its place, and no stack', () => {
  const broken = (from: string | RegExp, to: string) => SUPPORT_CHAT.replace(from, to);
  const folder = folderWith({
    'key.yaml': broken('tensor_parallel: 4', 'tensor_paralel: 4'),
    'unit.yaml': broken('ttft_p95: 2 s', 'ttft_p95: 2 GB'),
    'gpu.yaml': broken('h100-sxm5-80gb', 'h100-smx5-80gb'),
    'negative.yaml': broken('rate: 125 USD/h', 'rate: -125 USD/h'),
    'too-large.yaml': broken(/model: llama-3.3-70b$/m, 'model: llama-3.1-405b')
      .replace('gpu: h100-sxm5-80gb', 'gpu: l4')
      .replace('tensor_parallel: 4', 'tensor_parallel: 1')
      .replace('id: runpod-community-h100-sxm', 'price: 0.44 USD/h'),
  });
  test.each([
    ['key.yaml', 2, /^key\.yaml:\d+:\d+: serving: unknown key "tensor_paralel"; did you mean "tensor_parallel"\?\n$/],
    [
      'unit.yaml',
      2,
      /^unit\.yaml:\d+:\d+: slo\.ttft_p95: expected a quantity in s.*"GB" is another kind of quantity\n$/,
    ],
    ['gpu.yaml', 2, /^gpu\.yaml:\d+:\d+: serving\.gpu: there is no GPU "h100-smx5-80gb".*"h100-sxm5-80gb"\?\n$/],
    ['negative.yaml', 2, /^negative\.yaml:\d+:\d+: people\.rate: -125 USD\/h is outside the plausible range.*\n$/],
    [
      'too-large.yaml',
      3,
      /^too-large\.yaml: does not fit on 1 GPU\(s\): .*GB.*no group of up to \d+ such GPUs holds them.*\n$/,
    ],
  ])('%s', (name, code, said) => {
    expect(rackrate(['run', name], folder)).toMatchObject({
      status: code,
      stdout: '',
      stderr: expect.stringMatching(said),
    });
  });
});

describe('the form of a run', () => {
  const folder = folderWith({ 'chat.yaml': SUPPORT_CHAT });
  const written = (name: string, ...more: string[]) => rackrate(['run', 'chat.yaml', '-o', name, ...more], folder);

  test('follows the ending of the file', () => {
    expect(written('a.md')).toMatchObject({ status: 0, stdout: '', stderr: 'wrote a.md\n' });
    expect(readFileSync(join(folder, 'a.md'), 'utf8')).toMatch(
      /^# Support chat on Llama 3\.3 70B\n\n[\s\S]*\n\*\*Self-host .*\*\*\n/,
    );
    expect(written('a.csv', '-q')).toMatchObject({ status: 0, stderr: '' });
    const [row] = parse(readFileSync(join(folder, 'a.csv'), 'utf8'), { columns: true }) as Record<string, string>[];
    expect(Object.keys(row ?? {}).slice(0, METRICS.length + 1)).toEqual([
      'status',
      ...METRICS.map((metric) => metric.id),
    ]);
    expect(written('a.json').status).toBe(0);
    const record = JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8')) as Result;
    expect(record.metrics.usd_per_mtok_total).toBe(Number(row?.usd_per_mtok_total));
  });

  test('is refused where it cannot be told', () => {
    expect(written('a.xls')).toMatchObject({ status: 2, stderr: expect.stringContaining('.csv, .json, .md or .txt') });
    expect(written('a.csv', '--json')).toMatchObject({ status: 2, stderr: expect.stringContaining('two forms') });
  });

  test('on a pipe holds no colour', () => {
    expect(rackrate(['run', 'chat.yaml'], folder).stdout).not.toContain('\u001b');
  });
});

describe('sweep', () => {
  const axes = ['--axis', 'traffic.utilization=0.05..1:20', '--axis', 'serving.max_batch=1,4,16,64,256'];
  const swept = rackrate(['sweep', 'scenarios/support-chat-70b.yaml', ...axes]);
  const rows = parse(swept.stdout, { columns: true }) as Record<string, string>[];

  test('one row a point, the axes first and by their paths', () => {
    expect(swept.status).toBe(0);
    expect(rows).toHaveLength(100);
    expect(Object.keys(rows[0] ?? {}).slice(0, 4)).toEqual([
      'traffic.utilization',
      'serving.max_batch',
      'status',
      'weight_bytes_per_gpu',
    ]);
    expect(rows.every((row) => ['ok', 'no_fit', 'slo_missed', 'saturated'].includes(row.status ?? ''))).toBe(true);
    expect(new Set(rows.map((row) => row.status))).toEqual(new Set(['ok', 'slo_missed', 'saturated']));
  });

  test('the price falls as the fleet fills', () => {
    for (const batch of ['1', '4', '16', '64', '256']) {
      const prices = rows
        .filter((row) => row['serving.max_batch'] === batch)
        .map((row) => Number(row.usd_per_mtok_total));
      expect(prices).toHaveLength(20);
      for (let i = 1; i < prices.length; i++) expect(prices[i]).toBeLessThan(prices[i - 1] as number);
    }
  });

  test('a point that cannot be says why', () => {
    const text = rackrate([
      'sweep',
      'scenarios/support-chat-70b.yaml',
      '--axis',
      'serving.weights=bf16,fp8',
      '--set',
      'serving.tensor_parallel=1',
    ]).stdout;
    const [bf16, fp8] = parse(text, { columns: true }) as Record<string, string>[];
    expect(bf16).toMatchObject({ status: 'no_fit', reason: expect.stringContaining('does not fit') });
    expect(fp8).toMatchObject({ status: 'ok', reason: '' });
  });

  test('a value that no scenario can have is refused with its point', () => {
    const said = rackrate(['sweep', 'scenarios/support-chat-70b.yaml', '--axis', 'serving.max_batch=0,1']);
    expect(said).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--axis serving.max_batch=0'),
    });
  });
});

/** An API whose input is cheap and whose output is not, so that longer answers turn the verdict. */
const DEAR_ANSWERS = [
  'serving={ gpu: l40s, weights: fp8, replicas: 1, envelope: closed-form }',
  'slo={}',
  'compare=[{ name: Dear answers, input: 0.01 USD/Mtok, output: 3 USD/Mtok }]',
].flatMap((setting) => ['--set', setting]);

describe('breakeven', () => {
  test('crossings for each horizon and API, and both curves', () => {
    const over = 'traffic.requests_per_day=1k..10M:60:log';
    const { status, stdout, stderr } = rackrate(['breakeven', 'scenarios/support-chat-70b.yaml', '--over', over]);
    expect(status).toBe(0);
    const rows = parse(stdout, { columns: true }) as Record<string, string>[];
    expect(rows.filter((row) => row.kind === 'curve')).toHaveLength(3 * 3 * 60);
    const summaries = new Set(
      rows.filter((row) => row.kind !== 'curve').map((row) => `${row.comparison}/${row.horizon_months}`),
    );
    expect(summaries.size).toBe(9);
    for (const row of rows.filter((entry) => entry.kind === 'crossing' && entry.cheaper === 'self')) {
      const [self, api] = [Number(row.self_usd_per_month), Number(row.api_usd_per_month)];
      expect(self).toBeLessThanOrEqual(api * (1 + 1e-9));
    }
    const [remark, ...sentences] = stderr.trim().split('\n');
    // 7,500 USD once: 7,500, 7,500 / 12 and 7,500 / 60 a month.
    expect(remark).toMatch(/one-off 7,500 USD.*: 7,500 over 1 month, 625 over 1 year, 125 over 5 years$/);
    expect(sentences).toHaveLength(9);
  });

  test('over a length, what turns is said in tokens of it and not in volumes', () => {
    const over = ['--over', 'traffic.output_tokens=50..500:3', '--horizon', '12'];
    const { stdout, stderr } = rackrate(['breakeven', 'scenarios/chat-8b.yaml', ...over, ...DEAR_ANSWERS]);
    const rows = parse(stdout, { columns: true }) as Record<string, string>[];
    const crossing = rows.find((row) => row.kind === 'crossing');
    const at = significant(Number(crossing?.['traffic.output_tokens']), 4);
    const said = `${crossing?.comparison} over 1 year: self-host is cheaper from traffic.output_tokens ${at} on\n`;
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('tokens/month');
  });

  test('over a price, in the unit of the field', () => {
    const { stdout, stderr } = rackrate([
      'breakeven',
      'scenarios/support-chat-70b.yaml',
      '--over',
      'capacity.rent.price=1..10:10',
      '--horizon',
      '12',
    ]);
    const rows = parse(stdout, { columns: true }) as Record<string, string>[];
    const crossing = rows.find((row) => row.kind === 'crossing');
    expect(crossing).toMatchObject({ cheaper: 'api' });
    expect(Number(crossing?.self_usd_per_month)).toBeCloseTo(Number(crossing?.api_usd_per_month), 2);
    expect(stderr).toMatch(/^Together Llama 3\.3 70B over 1 year: self-host is cheaper below 2\.\d+ USD\/h$/m);
  });

  test('over time, as a memo', () => {
    const over = ['breakeven', 'scenarios/support-chat-70b.yaml', '--over', 'month=1..60:60', '-o', 'memo.md'];
    const folder = folderWith({ 'scenarios/support-chat-70b.yaml': SUPPORT_CHAT });
    expect(rackrate(over, folder)).toMatchObject({ status: 0, stdout: '' });
    const lines = readFileSync(join(folder, 'memo.md'), 'utf8').split('\n');
    expect(lines[0]).toBe('# Support chat on Llama 3.3 70B: break-even over month');
    expect(lines).toContain('- Together Llama 3.3 70B: self-host is cheaper from month 6 on');
    expect(lines.filter((line) => /^\| +\d+ \|/.test(line))).toHaveLength(3 * 60);
    expect(lines.filter((line) => /NaN|Infinity|undefined|\d\.\d{7}/.test(line))).toEqual([]);
  });
});
