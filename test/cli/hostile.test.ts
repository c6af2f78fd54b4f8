import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readAxis } from '../../src/analysis/axis.ts';
import { planSweep } from '../../src/analysis/sweep-plan.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { loadPlan } from '../../src/cli/load-plan.ts';
import { csvLine } from '../../src/io/csv.ts';
import { simulate } from '../../src/result/simulate.ts';
import { openLookups } from '../../src/run/open-lookups.ts';
import { folderWith } from '../io/folder.ts';
import { SOUND, text } from './hostile-files.ts';

const lookups = openLookups();

/** What the program would end with, and say, on a scenario; the result where there is one. */
function answer(path: string, set: readonly string[] = []): { code: number; said: string; result?: object } {
  try {
    return { code: 0, said: '', result: simulate(loadPlan(path, { set, with: [] }, lookups).plan) };
  } catch (error) {
    return { code: exitCodeOf(error), said: (error as Error).message };
  }
}

describe('hostile settings and axes end with 2 or 3 within a second, without a stack', () => {
  const folder = folderWith({});
  const at = (name: string) => join(folder, name);
  writeFileSync(at('sound.yaml'), text);

  function refused(said: string, code: number, started: number): void {
    expect(performance.now() - started).toBeLessThan(1000);
    expect([2, 3]).toContain(code);
    expect(said).not.toBe('');
    expect(said.length).toBeLessThan(20_000);
    expect(said).not.toMatch(/\n\s+at |\[object|undefined|NaN is/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }

  test('of which the sound file is none', () => expect(answer(at('sound.yaml')).code).toBe(0));

  test.each([
    '__proto__.polluted=1',
    'traffic.constructor.prototype=1',
    'traffic.requests_per_day=1e309',
    'serving.replicas=.nan',
    'name=',
    '=5',
    'overrides.x=1',
    `slo.ttft_p95=${'['.repeat(5000)}`,
    'traffic.shape=[]',
    'compare.7.input=1',
    'serving.max_batch=999999999999',
  ])('--set %s', (setting) => {
    const started = performance.now();
    const { code, said } = answer(at('sound.yaml'), [setting]);
    refused(said.replaceAll('['.repeat(20), ''), code, started);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test.each([
    ['serving.max_batch=1..100:99999999999'],
    ['traffic.utilization=0..1:100000', 'serving.max_batch=1..1000000:100000', 'serving.replicas=1..10:10'],
    ['__proto__.x=1'],
    ['traffic.utilization=1..inf:3'],
    ['a~b=1', 'b~a=1'],
  ])('axes %j %j %j', (...texts) => {
    const started = performance.now();
    try {
      planSweep(texts.filter((one) => one !== undefined).map((one) => readAxis(one)));
      expect.unreachable();
    } catch (error) {
      refused((error as Error).message, exitCodeOf(error), started);
    }
  });

  test('a formula in a cell stays a text', () => {
    expect(csvLine(['=cmd()', '+1', '-1', '@x', -1])).toBe("'=cmd(),'+1,'-1,'@x,-1");
  });
});

/** Everything that a value can be replaced by. */
const EVIL: readonly unknown[] = [
  null,
  true,
  '',
  'none',
  'auto',
  'typical',
  0,
  -1,
  0.5,
  1,
  7,
  1e-300,
  1e6,
  1e15,
  1e308,
  Number.MAX_SAFE_INTEGER,
  '0 s',
  '1e-12 s',
  '1e6 s',
  '0 USD',
  '0 USD/h',
  '100000 USD/h',
  '0 %',
  '100 %',
  '101 %',
  '1 GB',
  '1e3 TB',
  [],
  [0],
  [1, 1],
  {},
  { mean: 1, cv: 20 },
  { p50: 5, p95: 5 },
  { low: 1, high: 1e6 },
  'simulated',
  'constant',
  'ideal',
  'int4',
  'b200',
  '3 %/month',
];

/** Optional keys that the sound scenario lacks. */
const MORE: readonly (readonly [string, unknown])[] = [
  ['traffic.growth', '40 %/month'],
  ['traffic.overflow', 'queue'],
  ['traffic.overflow', 'api'],
  ['traffic.samples', 8],
  ['traffic.cached_input', '100 %'],
  ['reliability', { availability: '99.99999 %', zones: 3 }],
  ['serving.replicas', 1],
  ['reliability', { replica_availability: 0 }],
  ['people', { setup: '5 h', hours_per_month: 3, rate: '9 USD/h' }],
  ['overheads', 'typical'],
  ['serving.tensor_parallel', 8],
  ['discount_rate', -0.5],
  ['horizons', ['1 month', '50 years']],
  ['serving.engine', 'ideal'],
  ['serving.target_utilization', 0.01],
  ['traffic.utilization', 100],
];

function mutated(changes: readonly { path: string; value: unknown }[]): string {
  const copy = structuredClone(SOUND) as Record<string, unknown>;
  for (const { path, value } of changes) {
    const steps = path.split('.');
    let here = copy as Record<string, unknown> | undefined;
    for (const step of steps.slice(0, -1)) {
      const next: unknown = here?.[step];
      here = typeof next === 'object' && next !== null ? (next as Record<string, unknown>) : undefined;
    }
    if (here !== undefined) here[steps.at(-1) as string] = value;
  }
  return stringify(copy);
}

function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, child]) => pathsOf(child, path === '' ? key : `${path}.${key}`));
  return path === '' ? below : [path, ...below];
}

const change = fc.oneof(
  fc.record({ path: fc.constantFrom(...pathsOf(SOUND)), value: fc.constantFrom(...EVIL) }),
  fc.constantFrom(...MORE.map(([path, value]) => ({ path, value }))),
  fc.record({
    path: fc.constantFrom('traffic.requests_per_day', 'traffic.input_tokens', 'traffic.output_tokens'),
    value: fc.double({ min: 0, max: 1e9, noNaN: true }),
  }),
);

/** A cut, a doubled or a changed stretch of the text itself. */
const damage = fc.record({
  at: fc.nat(),
  length: fc.nat(30),
  put: fc.oneof(fc.string(), fc.constantFrom('\t', ': ', '{', '[', '&a ', '*a', '"', '\n  ')),
});

function worstNumber(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, child] of Object.entries(value)) {
    const worst = worstNumber(child);
    if (worst !== undefined) return `${key}: ${String(worst)}`;
  }
  return undefined;
}

describe('any scenario near a sound one is answered or refused', { timeout: 180_000 }, () => {
  const path = join(folderWith({}), 'fuzz.yaml');
  function holds(content: string): void {
    writeFileSync(path, content);
    const started = performance.now();
    const { code, said, result } = answer(path, content.includes('simulated') ? ['serving.envelope=closed-form'] : []);
    expect({ code: code === 1 ? said : code, worst: worstNumber(result) }).toEqual({
      code: expect.toBeOneOf([0, 2, 3]),
      worst: undefined,
    });
    expect(performance.now() - started).toBeLessThan(5000);
  }
  test('with other values', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => holds(mutated(changes))),
      { numRuns: 1500 },
    );
  });
  test('with its text damaged', () => {
    const cut = ({ at, length, put }: { at: number; length: number; put: string }) => {
      const start = at % text.length;
      return text.slice(0, start) + put + text.slice(start + length);
    };
    fc.assert(
      fc.property(damage, (how) => holds(cut(how))),
      { numRuns: 500 },
    );
  });
});
