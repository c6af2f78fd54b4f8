import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { withFilesFrom } from '../../src/io/named-files.ts';
import { applyOverride } from '../../src/scenario/overrides.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { InputError, type Problem } from '../../src/schema/problem.ts';
import { ROOT } from '../cli/rackrate.ts';

/** The schema that editors are given, held against our own reader by a validator that others wrote. */

type Block = Record<string, unknown>;
const FOLDER = join(ROOT, 'scenarios');
const schema = JSON.parse(readFileSync(join(FOLDER, 'scenario.schema.json'), 'utf8')) as Block;
// Strict but for two rules of taste, which draft 7 does not have: a branch of anyOf repeats the properties it requires,
// and a type is one type (a quantity may be text or, to be told so, a number).
const isValid = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

const shipped = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const read = (name: string) => parse(readFileSync(join(FOLDER, name), 'utf8')) as Block;

test('is a schema of draft 7 without a word that the draft does not know', () => {
  expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
  expect(new Ajv().validateSchema(schema)).toBe(true);
});

test.each(shipped)('%s is valid by it', (name) => {
  expect(isValid(read(name)), JSON.stringify(isValid.errors?.slice(0, 3))).toBe(true);
});

/** What the reader finds wrong with a scenario, as far as the schema of its form goes. */
function problemsOf(raw: unknown): readonly Problem[] {
  try {
    validateScenario(raw);
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
}

/**
 * What the JSON Schema leaves to the reader, by the reader's own sentences. It knows the form of a value and not what a
 * text says, and no rule between fields.
 */
const LEFT_TO_READER: readonly RegExp[] = [
  // Units, and the range a quantity or a share has once its text is read.
  /expected a quantity|there is no unit|is not a|is a .* and not|outside the plausible range|a share must lie/,
  /expected a share|expected a growth|growth must lie|expected a horizon|expected a date|expected a number with/,
  // Rules between fields.
  /^needs? |^has |^spot capacity|say the same thing|make more than|cannot|more is usable|at least one hour|keep one/,
  /expected 24 or 168 numbers|holds a control character|expected the name of a catalog card/,
];
const isLeft = ({ message }: Problem) => LEFT_TO_READER.some((pattern) => pattern.test(message));

/** Every dotted path of a document. */
function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const own = path === '' ? key : `${path}.${key}`;
    return [own, ...pathsOf(child, own)];
  });
}

const sound = shipped
  .map(read)
  .filter((raw) => raw['extends'] === undefined)
  .map(({ overrides: _, ...raw }) => withFilesFrom(raw, FOLDER) as Block);

const VALUES: readonly unknown[] = [
  true,
  0,
  -1,
  0.5,
  7,
  1e300,
  '',
  'none',
  'auto',
  'typical',
  'constant',
  'fp8',
  'two words!',
  '35 %',
  '3 USD',
  '2 s',
  [],
  [1],
  [{}],
  {},
  { mean: 5, cv: 1 },
  { p50: 1, p95: 2 },
  { unknown: 1 },
  { id: 'x' },
];

const mutant = fc.constantFrom(...sound).chain((raw) =>
  fc
    .record({
      path: fc.constantFrom(...pathsOf(raw)),
      change: fc.oneof(
        fc.constantFrom(...VALUES).map((value) => ({ value })),
        fc.constant({ value: null }),
        fc.constantFrom('max_bacth', 'price', 'unknown').map((key) => ({ key })),
      ),
    })
    .map(({ path, change }) => {
      if (!('key' in change)) return applyOverride(raw, path, change.value);
      const above = path.split('.').slice(0, -1).join('.');
      const block = above === '' ? change.key : `${above}.${change.key}`;
      return /\.\d+$/.test(above) || /^\d+$/.test(path.split('.').at(-1) ?? '') ? raw : applyOverride(raw, block, 1);
    }),
);

describe('of mutants of the shipped scenarios', () => {
  test('the verdicts of both agree, but for what is left to the reader', () => {
    let [both, refused] = [0, 0];
    fc.assert(
      fc.property(mutant, (raw) => {
        const problems = problemsOf(raw);
        const verdict = isValid(raw);
        if (problems.length === 0) {
          expect(verdict, `the reader takes it, the schema says ${JSON.stringify(isValid.errors)}`).toBe(true);
          both += 1;
        } else if (!problems.every(isLeft)) {
          expect(verdict, problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')).toBe(false);
          refused += 1;
        }
      }),
      { numRuns: 400 },
    );
    expect(both).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(100);
  });
});
