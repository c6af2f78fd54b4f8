import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
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

const SECRET = 'hunter2-do-not-print';

const SOUND = {
  rackrate: 1,
  name: 'A small chat',
  start: '2026-12-01',
  model: 'llama-3.1-8b',
  serving: { gpu: 'l40s', weights: 'fp8', envelope: 'closed-form' },
  traffic: { requests_per_day: 20_000, shape: 'chat', input_tokens: 800, output_tokens: { mean: 200, cv: 0.8 } },
  slo: { ttft_p95: '2 s', tpot_p95: '80 ms' },
  capacity: { rent: { price: '0.8 USD/h' } },
  compare: [{ name: 'An API', input: '0.2 USD/Mtok', output: '0.6 USD/Mtok', same_model: true }],
};
const text = stringify(SOUND);
const lookups = openLookups();

/** What the program would end with, and say, on a scenario; the result where there is one. */
function answer(path: string, set: readonly string[] = []): { code: number; said: string; result?: object } {
  try {
    return { code: 0, said: '', result: simulate(loadPlan(path, { set, with: [] }, lookups).plan) };
  } catch (error) {
    return { code: exitCodeOf(error), said: (error as Error).message };
  }
}

const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  .concat(Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`))
  .join('\n');

const FILES: Record<string, string | Buffer> = {
  'empty.yaml': '',
  'spaces.yaml': '  \n\n  ',
  'comment.yaml': '# nothing else\n',
  'list.yaml': '- 1\n- 2\n',
  'number.yaml': '42\n',
  'word.yaml': 'scenario\n',
  'binary.yaml': Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 37) % 256)),
  'utf16.yaml': Buffer.from(`\ufeff${text}`, 'utf16le'),
  'nul.yaml': text.replace('A small chat', 'A small\0chat'),
  'bomb.yaml': `${text}\n${bomb}\n`,
  'self.yaml': `${text}loop: &loop { again: *loop }\n`,
  'brackets.yaml': `${text}deep: ${'['.repeat(5000)}${']'.repeat(5000)}\n`,
  'braces.yaml': `deep: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}\n`,
  'indent.yaml': `${text}${Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}k:`).join('\n')}\n`,
  'proto.yaml': `${text}__proto__: { polluted: true }\n`,
  'constructor.yaml': text.replace('serving:', 'serving:\n  constructor: { prototype: 1 }'),
  'duplicate.yaml': `${text}name: again\n`,
  'tab.yaml': text.replace('  gpu', '\tgpu'),
  'tag.yaml': text.replace('l40s', '!!js/function "() => 1"'),
  'directive.yaml': `%YAML 1.1\n---\n${text}`,
  'two-documents.yaml': `${text}---\n${text}`,
  'unclosed.yaml': text.replace('A small chat', '"A small chat'),
  'merge-key.yaml': `${text}<<: { name: other }\n`,
  'future.yaml': text.replace('rackrate: 1', 'rackrate: 2'),
  'huge.yaml': text.replace('20000', '1e308'),
  'beyond.yaml': text.replace('20000', '1e999'),
  'nan.yaml': text.replace('20000', '.nan'),
  'infinite.yaml': text.replace('20000', '.inf'),
  'negative.yaml': text.replace('20000', '-1'),
  'unit.yaml': text.replace('0.8 USD/h', '0.8 furlongs'),
  'expression.yaml': text.replace('0.8 USD/h', 'import("fs") USD/h'),
  'nan-price.yaml': text.replace('0.8 USD/h', 'NaN USD/h'),
  'long.yaml': text.replace('A small chat', 'x'.repeat(900_000)),
  'large.yaml': `${text}${'# filler\n'.repeat(200_000)}`,
  'escape.yaml': text.replace('l40s', '"\\e]0;owned\\a\\e[2J"'),
  'bidi.yaml': text.replace('l40s', '"\\u202Eb004"'),
  'circle.yaml': 'extends: circle.yaml\nname: round\n',
  'private.yaml': `extends: id_rsa\n${text}`,
  'lengths.yaml': text.replace('input_tokens: 800', 'input_tokens: { file: id_rsa, column: output }'),
  'model.yaml': text.replace('llama-3.1-8b', './id_rsa'),
  'device.yaml': `extends: /dev/zero\n${text}`,
  id_rsa: `-----BEGIN PRIVATE KEY-----\n${SECRET}: ${SECRET}\n`,
};

describe('hostile input ends with 2 or 3 within a second, with its place and without a stack', () => {
  const folder = folderWith({});
  const at = (name: string) => join(folder, name);
  for (const [name, content] of Object.entries(FILES)) writeFileSync(at(name), content);
  writeFileSync(at('sound.yaml'), text);
  chmodSync(at('id_rsa'), 0o600);
  execFileSync('mkfifo', [at('fifo')]);

  function refused(said: string, code: number, started: number): void {
    expect(performance.now() - started).toBeLessThan(1000);
    expect([2, 3]).toContain(code);
    expect(said).not.toBe('');
    expect(said.length).toBeLessThan(4000);
    expect(said).not.toContain(SECRET);
    expect(said).not.toMatch(/\n\s+at |\[object|undefined|NaN is/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }

  test('of which the sound file is none', () => expect(answer(at('sound.yaml')).code).toBe(0));

  test.each(Object.keys(FILES))('%s', (name) => {
    const started = performance.now();
    const { code, said } = answer(at(name));
    refused(said, code, started);
    expect(said).toMatch(/^\S+(:\d+:\d+)?: /);
  });

  test.each(['none.yaml', 'fifo', '.', '/dev/zero', '/dev/null', '/proc/self/mem', 'x'.repeat(3000), 'a\0b'])(
    'a file named %j',
    (name) => {
      const started = performance.now();
      const { code, said } = answer(name.startsWith('/') ? name : `${folder}/${name}`);
      refused(said, code, started);
    },
  );

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
