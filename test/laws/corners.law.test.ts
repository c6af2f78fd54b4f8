import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCsv } from '../../src/io/csv.ts';
import { runMarkdown, runText } from '../../src/report/run-text.ts';
import { PAPER } from '../../src/report/surface.ts';
import { resultRow } from '../../src/result/columns.ts';
import type { Result } from '../../src/result/record.ts';
import { simulate } from '../../src/result/simulate.ts';
import { openLookups } from '../../src/run/open-lookups.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import { InfeasibleError, InputError } from '../../src/schema/problem.ts';
import type { Raw } from '../acceptance/fixtures.ts';
import { cornerScenarios } from './corner-scenario.ts';
import { near } from './random-scenario.ts';

const lookups = openLookups();

/** What a scenario comes to: its result, or the sentence that refuses it. Anything else that is thrown is a bug. */
function outcome(raw: Raw): { result: Result } | { refused: string } {
  try {
    const plan = resolveScenario(validateScenario(raw), raw, lookups);
    return { result: simulate(plan) };
  } catch (error) {
    if (error instanceof InputError || error instanceof InfeasibleError) return { refused: error.message };
    throw error;
  }
}

/** Where a record holds a number that is none. */
function oddNumbers(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path} = ${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => oddNumbers(child, `${path}.${key}`));
}

function checkSums(result: Result): void {
  const { waterfall, metrics, months, ledger } = result;
  const loaded = metrics.usd_per_mtok_total;
  if (loaded !== undefined && waterfall.length > 0) {
    const steps = waterfall.reduce((sum, step) => sum + step.usd_per_mtok, 0);
    const largest = Math.max(...waterfall.map((step) => Math.abs(step.usd_per_mtok)));
    expect(Math.abs(steps - loaded)).toBeLessThanOrEqual(1e-9 * Math.max(largest, loaded, 1e-9));
  }
  for (const month of months) {
    const parts = month.served_tokens + month.overflow_tokens + month.refused_tokens + month.queued_tokens;
    expect(near(parts, month.offered_tokens, 1e-6), `month ${month.month}`).toBe(true);
    for (const [key, value] of Object.entries(month)) {
      if ((key.endsWith('_tokens') && key !== 'queued_tokens') || key === 'replicas' || key === 'gpus') {
        expect(value, `${key} of month ${month.month}`).toBeGreaterThanOrEqual(0);
      }
    }
  }
  for (const line of ledger) expect(line.quantity, line.id).toBeGreaterThanOrEqual(0);
  for (const [name, value] of Object.entries(metrics)) {
    if (/bytes|tokens|replicas|gpus|energy|cost|_s$/.test(name)) expect(value, name).toBeGreaterThanOrEqual(0);
  }
}

/** Names in the scenarios hold none of these words. */
const ODD_WORDS = /\b(NaN|Infinity|undefined|null)\b|∞|\[object/;

function checkForms(result: Result): void {
  const row = resultRow(result);
  const csv = toCsv(
    row.map(([header]) => header),
    [Object.fromEntries(row)],
  );
  const placeOf = () => 's.yaml:1:1';
  const text = runText(result, { verbose: true, surface: PAPER, file: 's.yaml', placeOf });
  for (const form of [csv, text, runMarkdown(result, placeOf)]) {
    expect(ODD_WORDS.exec(form)?.[0]).toBeUndefined();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(form).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  }
  expect(csv).not.toMatch(/(^|,)"?=/m);
}

/** No one of them may hang. Most take milliseconds; a queue before a million replicas takes a second or two. */
const LONGEST_MS = 15_000;
const RUNS = 500;

test('a legal scenario, however odd, is answered or refused in a sentence', { timeout: 240_000 }, () => {
  let answered = 0;
  let asked = 0;
  fc.assert(
    fc.property(cornerScenarios, (raw) => {
      const started = performance.now();
      const found = outcome(raw);
      asked += 1;
      if ('refused' in found) {
        expect(found.refused).not.toBe('');
        expect(found.refused).not.toMatch(ODD_WORDS);
      } else {
        answered += 1;
        expect(oddNumbers(found.result)).toEqual([]);
        checkSums(found.result);
        checkForms(found.result);
      }
      expect(performance.now() - started).toBeLessThan(LONGEST_MS);
    }),
    { numRuns: RUNS },
  );
  expect(answered / asked).toBeGreaterThanOrEqual(0.5);
});

test('next to no load has no price a million tokens, and no infinite one', () => {
  const found = outcome({
    rackrate: 1,
    name: 'next to none',
    model: 'llama-3.1-8b',
    serving: { gpu: 'l40s', weights: 'fp8', envelope: 'closed-form', replicas: 1 },
    traffic: { requests_per_day: 1e-300, input_tokens: 800, output_tokens: 200 },
    capacity: { rent: { price: '0.8 USD/h' } },
    overheads: { observability: '1e12 USD' },
  });
  if (!('result' in found)) throw new Error(found.refused);
  checkForms(found.result);
});
