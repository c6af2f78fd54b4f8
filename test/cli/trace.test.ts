import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, SCENARIO } from '../io/folder.ts';
import { rackrate } from './rackrate.ts';

const shipped = SCENARIO.replace('small-model', 'llama-3.1-8b').replace('small-gpu', 'h100-sxm5-80gb');

/** The smallest scenario with this block in place of its own traffic. */
function withTraffic(block: string): string {
  return shipped.replace(/traffic:\n( {2}.*\n)+/, block);
}

/** Eight days of requests in pairs, more by day than by night, long answers to long prompts. */
function busyWeek(): string {
  const rows = ['arrival_s,input_tokens,output_tokens,cached_tokens'];
  for (let minute = 0; minute < 8 * 1440; minute++) {
    const isDay = Math.floor(minute / 720) % 2 === 0;
    for (let i = 0; i < (isDay ? 4 : 1); i++) {
      const input = 100 + ((minute * 37 + i * 101) % 900);
      rows.push(`${minute * 60 + i * i},${input},${1 + Math.floor(input / 10)},${Math.floor(input / 4)}`);
    }
  }
  return rows.join('\n');
}

const folder = folderWith({
  'azure.csv':
    'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00.5,100,10\n2023-11-16 18:00:30.5,300,20\n2023-11-16 18:01:30.5,200,30\n',
  'moon.jsonl':
    '{"timestamp": 0, "input_length": 600, "output_length": 7, "hash_ids": [1, 2]}\n{"timestamp": 9, "input_length": 1024, "output_length": 7, "hash_ids": [1, 3]}\n',
  'week.csv': busyWeek(),
  'broken.csv': 'arrival_s,input_tokens,output_tokens\n0,1,1\n1,1\n',
});

describe('rackrate trace', () => {
  test('prints what a trace amounts to, and last a block for a scenario', () => {
    expect(rackrate(['trace', 'azure.csv'], folder)).toEqual(
      expect.objectContaining({
        status: 0,
        stderr: '',
        stdout: `azure.csv (azure)

  requests   3 over 90 s
  rate       0.0333/s on average, 0.0333/s in the busiest minute
  gaps       CV 0.333 (1 is Poisson)
  lengths    correlation of input and output 0.5, of their logarithms 0.73

  tokens  mean     CV  p50  p90  p95  p99  max
  input    200  0.408  200  280  290  298  300
  output    20  0.408   20   28   29   30   30

  Note: the trace does not show every hour of a day: its rate is taken for the whole day, and there is no shape.

As the traffic of a scenario:

traffic:
  requests_per_day: 2880
  arrivals: { process: gamma, cv: 0.333 }
  input_tokens: { p50: 200, p95: 290 }
  output_tokens: { p50: 20, p95: 29 }
  correlation: 0.734
`,
      }),
    );
  });

  test.each(['azure.csv', 'moon.jsonl', 'week.csv'])('its block of %s is accepted in a scenario', (name) => {
    const { stdout } = rackrate(['trace', name], folder);
    const block = stdout.slice(stdout.indexOf('traffic:'));
    writeFileSync(join(folder, `pasted-${name}.yaml`), withTraffic(block));
    expect(rackrate(['check', `pasted-${name}.yaml`], folder)).toMatchObject({ status: 0, stderr: '' });
  });

  test('a week with a shape, cached prompts and lengths that go together', () => {
    const { stdout } = rackrate(['trace', 'week.csv', '--json'], folder);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ schema: 'rackrate.trace/v1', trace: { path: 'week.csv', format: 'rackrate' } });
    expect(found.requests).toBe(8 * 720 * 5);
    expect(found.requests_per_second_by_hour).toHaveLength(168);
    expect(found.cached_share).toBeCloseTo(0.25, 2);
    expect(found.length_correlation).toBeCloseTo(1, 2);
    expect(found.notes).toHaveLength(2);
    expect(found.traffic.shape).toHaveLength(168);
    expect(found.traffic.requests_per_day / 3600).toBeCloseTo(1, 2);
  });

  test('-o writes the block with what it stands for, to extend or to take in', () => {
    const made = rackrate(['trace', 'moon.jsonl', '-o', 'moon.yaml'], folder);
    expect(made).toMatchObject({ status: 0, stdout: '', stderr: 'wrote moon.yaml\n' });
    const text = readFileSync(join(folder, 'moon.yaml'), 'utf8');
    expect(text).toMatch(/^# moon\.jsonl: 2 requests over 9 ms\n# the trace does not show every hour .*\n/);
    writeFileSync(join(folder, 'child.yaml'), `extends: moon.yaml\n${withTraffic('')}`);
    expect(rackrate(['check', 'child.yaml'], folder)).toMatchObject({ status: 0, stderr: '' });
  });

  test('a form that is not known, or two of them', () => {
    expect(rackrate(['trace', 'azure.csv', '-o', 'x.csv'], folder)).toMatchObject({
      status: 2,
      stderr: 'cannot tell the form of x.csv; end it in .yaml, .json or .txt\n',
    });
    expect(rackrate(['trace', 'azure.csv', '--json', '-o', 'x.yaml'], folder).status).toBe(2);
  });

  test('faults end with 2 and say where', () => {
    expect(rackrate(['trace', 'broken.csv'], folder)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: 'broken.csv:3:1: expected 3 fields (arrival_s,input_tokens,output_tokens), got 2\n',
    });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(rackrate(['trace', 'pipe'], folder)).toMatchObject({ status: 2, stderr: 'pipe: is not a regular file\n' });
  });
});
