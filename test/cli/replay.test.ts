import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, describe, expect, test } from 'vitest';
import { rackrate } from './rackrate.ts';

const SCENARIO = 'scenarios/chat-8b.yaml';
const folder = mkdtempSync(join(tmpdir(), 'rackrate-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A request every half second, each a little longer than the one before. */
const rows = Array.from({ length: 200 }, (_, i) => `${i / 2},${500 + 3 * i},${20 + (i % 50)}`);
const trace = file('trace.csv', `arrival_s,input_tokens,output_tokens\n${rows.join('\n')}\n`);

function json(args: readonly string[]) {
  const { stdout, stderr, status } = rackrate(['replay', SCENARIO, ...args, '--json']);
  expect(stderr.replaceAll(/^warning: .*\n/gm, '')).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

describe('rackrate replay', { timeout: 60_000 }, () => {
  test('drawn requests that end before the busiest hour are warned of, with the rate that replays it', () => {
    const said = (args: readonly string[]) =>
      rackrate(['replay', SCENARIO, '--requests', '200', '--set', 'traffic.shape=office-hours', ...args]);
    const quiet = said([]);
    const rate = /before the busiest hour, .*; --rate (\S+) replays that\n/.exec(quiet.stderr)?.[1];
    expect(quiet.stdout).toContain(`, ${rate} in the busiest hour, from Monday 00:00 UTC on`);
    const mean = Number(/scenario, (\S+) requests\/s on average/.exec(quiet.stdout)?.[1]);
    expect(Number(rate) / mean).toBeCloseTo(3.38, 1);
    expect(said(['--rate', `${rate}`]).stderr).toBe('');
  });

  test('a trace: the fields of the contract, and what they add up to', () => {
    const found = json(['--trace', trace]);
    expect(found.schema).toBe('rackrate.replay/v1');
    expect(found.requests).toEqual({ offered: 200, completed: 200, refused: 0, unfinished: 0 });
    for (const key of ['ttft_s', 'tpot_s', 'e2e_s', 'queue_s']) {
      const { mean, p50, p95, p99 } = found[key];
      expect(mean).toBeGreaterThan(0);
      expect(p50).toBeLessThanOrEqual(p95);
      expect(p95).toBeLessThanOrEqual(p99);
    }
    const outputs = rows.reduce((sum, row) => sum + Number(row.split(',')[2]), 0);
    expect(found.output_tok_per_s * found.simulated_s).toBeCloseTo(outputs, 6);
    expect(found.e2e_s.mean).toBeGreaterThan(found.ttft_s.mean);
    expect(found.ttft_s.mean).toBeGreaterThan(found.queue_s.mean);
    expect(found.iterations).toBeGreaterThan(200);
    expect(found.kv_peak_share).toBeGreaterThan(0);
    expect(found.kv_peak_share).toBeLessThan(1);
    expect(found.wall_s).toBeGreaterThan(0);
    expect(found.requests_per_wall_s).toBeCloseTo(200 / found.wall_s, 6);
  });

  test('the same seed gives the same bytes but for the time it took', () => {
    const run = () => {
      const { wall_s: _, requests_per_wall_s: __, ...rest } = json(['--requests', '3000', '--seed', '5']);
      return JSON.stringify(rest);
    };
    expect(run()).toBe(run());
  });

  test('twice the speed, twice the rate; a sample is a part', () => {
    expect(json(['--trace', trace, '--speed', '2']).simulated_s).toBeLessThan(52);
    const half = json(['--trace', trace, '--sample', '50 %']).requests.offered;
    expect(half).toBeGreaterThan(70);
    expect(half).toBeLessThan(130);
  });

  test('cut off in the middle, some requests are unfinished', () => {
    const { requests, simulated_s } = json(['--trace', trace, '--until', '3 s', '--speed', '20']);
    expect(requests.unfinished).toBeGreaterThan(0);
    expect(requests.offered).toBe(requests.completed + requests.refused + requests.unfinished);
    expect(simulated_s).toBeLessThan(4);
  });

  test('a load beyond the replica is said to be one', () => {
    const { stderr, status } = rackrate(['replay', SCENARIO, '--requests', '3000', '--rate', '30']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning: the backlog grew: .* more than it can do/);
  });

  test('users who wait for their answers: never more in the system than there are', () => {
    const closed = ['--set', 'traffic.arrivals={process: closed, users: 7, think_time: 1 s}'];
    const found = json(['--requests', '500', ...closed]);
    expect(found.running_mean + found.waiting_mean).toBeLessThanOrEqual(7);
    expect(found.requests.completed).toBe(500);
  });

  test('the last line says whether the targets are met', () => {
    const { stdout } = rackrate(['replay', SCENARIO, '--trace', trace]);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^TTFT p95 .*: inside every latency target\.$/);
    const { stdout: missed, stderr } = rackrate(['replay', SCENARIO, '--trace', trace, '--set', 'slo.ttft_p95=1 ms']);
    expect(missed.trimEnd().split('\n').at(-1)).toMatch(/misses TTFT p95 of 1 ms/);
    expect(stderr).toContain('warning: TTFT p95 misses its target');
  });

  test('a timeline as CSV covers the run, and as JSON has counters', () => {
    const csv = join(folder, 'timeline.csv');
    const found = json(['--trace', trace, '--timeline', csv, '-q']);
    const lines = parse<Record<string, string>>(readFileSync(csv, 'utf8'), { columns: true });
    expect(Object.keys(lines[0] ?? {})).toEqual([
      'start_s',
      'seconds',
      'iterations',
      'decoding',
      'prompt_tokens',
      'waiting',
      'kv_share',
    ]);
    const sum = (key: string) => lines.reduce((total, line) => total + Number(line[key]), 0);
    expect(sum('iterations')).toBe(found.iterations);
    expect(sum('seconds')).toBeCloseTo(found.busy_share * found.simulated_s, 6);
    const chrome = join(folder, 'timeline.json');
    json(['--trace', trace, '--timeline', chrome, '-q']);
    const { traceEvents } = JSON.parse(readFileSync(chrome, 'utf8'));
    const names = new Set(traceEvents.map((event: { name: string }) => event.name));
    expect(names).toEqual(new Set(['queue', 'batch', 'prompt tokens a second', 'KV in use, %']));
  });
});

describe('each policy of a scenario', { timeout: 60_000 }, () => {
  const serving = (yaml: string) => ['--set', `serving.scheduling=${yaml}`];
  test.each([
    ['whole prompts', serving('{policy: continuous, prefill: whole}')],
    ['static batches', [...serving('{policy: static, batch: 8, max_wait: 2 s}'), '--set', 'slo={ttft_p95: 60 s}']],
    ['disaggregated', serving('{policy: disaggregated, network: infiniband-ndr-400}')],
    [
      'prefix cache',
      ['--set', 'serving.prefix_cache=true', '--set', 'traffic.shared_prompt={tokens: 600, prompts: 3}'],
    ],
    ['speculation', ['--set', 'serving.speculation={acceptance: 0.8, depth: 3, draft_cost: 5 %}']],
    ['priorities', ['--set', 'traffic.background={share: 40 %, slo: {ttft_p95: 60 s}}']],
  ])('%s: replay and run both answer', (_, settings) => {
    const found = json(['--requests', '1000', ...settings]);
    expect(found.requests.completed).toBe(1000);
    const run = rackrate(['run', SCENARIO, ...settings, '--json']);
    expect(run.status).toBe(0);
    const { metrics, subject } = JSON.parse(run.stdout);
    expect(metrics.usd_per_mtok_total).toBeGreaterThan(0);
    expect(metrics.gpus).toBe(metrics.replicas * subject.replica_gpus);
  });
});

describe('a trace that is broken', () => {
  const header = 'arrival_s,input_tokens,output_tokens';
  const azure = 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n';
  test.each([
    ['shuffled', 'shuffled.csv', `${header}\n0,10,10\n5,10,10\n3,10,10\n`, 4],
    ['truncated', 'truncated.csv', `${azure}2023-11-16 18:15:50.99`, 3],
    ['corrupt', 'corrupt.csv', `${azure}2023-11-16 18:15:50.9951690,3x4,109\n`, 3],
    [
      'truncated JSON',
      'cut.jsonl',
      '{"timestamp": 0, "input_length": 5, "output_length": 5, "hash_ids": [0]}\n{"timest',
      2,
    ],
    ['negative', 'negative.csv', `${header}\n0,10,-4\n`, 2],
    ['empty', 'empty.csv', '', undefined],
  ])('%s: exit 2 and its place', (_, name, text, line) => {
    const path = file(name, text);
    const { stdout, stderr, status } = rackrate(['replay', SCENARIO, '--trace', path]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(line === undefined ? path : `${path}:${line}`);
    expect(stderr).not.toContain('    at ');
  });

  test.each([
    [['--trace', 'no-such-file.csv'], /no such file/],
    [[], /--trace FILE, or --requests N/],
    [['--requests', '0'], /--requests/],
    [['--requests', '10', '--speed', '2'], /go with --trace/],
    [['--trace', trace, '--sample', '0'], /--sample 0/],
    [['--trace', trace, '--until', 'soon'], /--until soon/],
    [['--trace', trace, '--timeline', 'x.png'], /end it in \.json .* or \.csv/],
  ])('wrong usage %j', (args, message) => {
    const { stderr, status } = rackrate(['replay', SCENARIO, ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

const published = process.env['RACKRATE_TRACES'] ?? join(import.meta.dirname, '../../../shared/reference/traces');
const title = existsSync(published)
  ? 'published traces'
  : 'skipped: RACKRATE_TRACES names no folder of published traces';
describe.skipIf(!existsSync(published))(title, () => {
  test.each([
    ['AzureLLMInferenceTrace_conv.csv', 19_366],
    ['AzureLLMInferenceTrace_code.csv', 8819],
    ['mooncake_conversation_trace.jsonl', 12_031],
  ])('%s', (name, requests) => {
    const found = json(['--trace', join(published, name)]);
    expect(found.requests.completed).toBe(requests);
    expect(found.ttft_s.p99).toBeGreaterThan(found.ttft_s.p50);
  });
});

test.each([
  ['md', /^# Support chat .*\n[\s\S]*\n\*\*TTFT p95 .*\n[\s\S]*\| time to first token +\|/],
  ['csv', /^requests_offered,.*ttft_p95_s,.*targets_missed\n50,50,0,0,[^\n]*\n$/],
])('-o FILE.%s writes that form', (ending, form) => {
  const path = join(folder, `out.${ending}`);
  const args = ['replay', 'scenarios/support-chat-70b.yaml', '--requests', '50', '--rate', '1', '-q', '-o', path];
  expect(rackrate(args)).toMatchObject({ status: 0, stdout: '' });
  expect(readFileSync(path, 'utf8')).toMatch(form);
});

test('a form that a replay has not is refused before it runs', () => {
  const args = ['replay', 'scenarios/support-chat-70b.yaml', '--requests', '50', '-o', 'out.pdf'];
  expect(rackrate(args)).toMatchObject({ status: 2, stderr: expect.stringContaining('.md, .csv, .json, .txt') });
});
