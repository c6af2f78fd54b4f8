import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../../src/cli/load-plan.ts';
import { isAsciiTerminal } from '../../src/cli/output.ts';
import { replacedKeys } from '../../src/cli/replaced-keys.ts';
import { assertionTable } from '../../src/report/assertion-table.ts';
import { runMarkdown, runText } from '../../src/report/run-text.ts';
import { PAPER, type Surface } from '../../src/report/surface.ts';
import { verdictSentence } from '../../src/report/verdict-sentence.ts';
import { waterfallTable } from '../../src/report/waterfall-table.ts';
import { weekLines } from '../../src/report/week-lines.ts';
import type { AssertionRecord } from '../../src/result/assertions.ts';
import { resultRow } from '../../src/result/columns.ts';
import { simulate } from '../../src/result/simulate.ts';
import { ROOT } from '../cli/rackrate.ts';

const closed = { set: ['serving.envelope=closed-form'], with: [] };
const planOf = (name: string) => loadPlan(join(ROOT, 'scenarios', `${name}.yaml`), closed).plan;
const plan = planOf('support-chat-70b');
const result = simulate(plan, 0);
const metric = (value: number, max: number): AssertionRecord => ({
  about: 'usd_per_mtok_total',
  holds: value <= max,
  value,
  bounds: { max },
  sentence: `usd_per_mtok_total is ${value}`,
});
const promising = { ...result, assertions: [metric(0.9, 1.2), metric(1.2000001, 1.2)] };
const placeOf = (index: number) => `chat.yaml:${40 + index}`;
const text = (surface: Surface) => runText(promising, { verbose: false, surface, file: 'chat.yaml', placeOf });
const inked: Surface = { width: 120, ink: (ink, shown) => `<${ink}>${shown}</>` };

describe('the week', () => {
  test.each(['support-chat-70b', 'nightly-batch', 'moe-on-one-node'])('%s: its mean is that of the month', (name) => {
    const { subject, metrics } = simulate(planOf(name), 0);
    const hours = subject.utilization_by_hour;
    expect(hours).toHaveLength(168);
    expect(hours.reduce((sum, hour) => sum + hour, 0) / 168).toBeCloseTo(metrics.utilization_mean ?? Number.NaN, 9);
    const peak = metrics.utilization_peak ?? Number.NaN;
    expect(Math.max(...hours)).toBeLessThanOrEqual(peak * (1 + 1e-9));
  });
  test('stands in 80 columns, a day below its name, with the busiest hour', () => {
    const hours = Array.from({ length: 168 }, (_, hour) => (Math.floor(hour / 24) + 1) / 7);
    const [days, marks] = weekLines({ ...result, subject: { ...result.subject, utilization_by_hour: hours } });
    expect(days).toMatch(/^Mon 14 % {2}Tue 29 % .* Sun 100 %$/);
    expect(marks.split('  ')).toHaveLength(7);
    expect(marks.endsWith('  ████████')).toBe(true);
    for (const line of [days, marks]) expect(11 + [...line].length).toBeLessThanOrEqual(80);
  });
});

describe('promises', () => {
  test('say what came out, what was asked and where; a bound just missed is told from its value', () => {
    expect(assertionTable(promising.assertions, placeOf)?.rows).toEqual([
      ['usd_per_mtok_total', 'held', '0.9 USD/Mtok', 'at most 1.2 USD/Mtok', 'chat.yaml:40'],
      ['usd_per_mtok_total', 'broken', '1.2000001 USD/Mtok', 'at most 1.2 USD/Mtok', 'chat.yaml:41'],
    ]);
    expect(assertionTable([], placeOf)).toBeUndefined();
  });
  test('stand on screen, in Markdown and in CSV', () => {
    expect(text(PAPER)).toMatch(/usd_per_mtok_total +broken +1\.2000001 USD\/Mtok .*chat\.yaml:41/);
    expect(runMarkdown(promising, placeOf)).toMatch(/## Promises of the scenario\n\n\| Promised .*\n.*\n.*held/);
    const row = Object.fromEntries(resultRow(promising));
    expect(row['assertions_broken']).toBe(1);
    expect(row['assertion_2']).toMatch(/^broken: /);
    expect(resultRow(result).map(([header]) => header)).not.toContain('assertions_broken');
  });
});

describe('a run on screen', () => {
  test.each([80, 100, 120, 200])('keeps its tables and facts within %d columns', (width) => {
    const lines = text({ ...PAPER, width })
      .trimEnd()
      .split('\n');
    const tables = lines.filter((line) => line.startsWith('  '));
    expect(tables.length).toBeGreaterThan(20);
    expect(Math.max(...tables.map((line) => [...line].length))).toBeLessThanOrEqual(width);
  });
  test('fits 100 columns without folding', () => {
    expect(text({ ...PAPER, width: 100 }).match(/Who is cheaper/g)).toHaveLength(1);
  });
  test('ink adds nothing but itself: winners good, broken promises bad', () => {
    const shown = text(inked);
    expect(shown).toMatch(/<bad>broken/);
    expect(shown).toMatch(/<good>self/);
    expect(shown.replaceAll(/<\/?[a-z]*>/g, '')).toBe(text(PAPER));
  });
  test('ends with the answer, and prints no NaN', () => {
    expect(text(PAPER).trimEnd().split('\n').at(-1)).toMatch(/^Self-host /);
    expect(text(PAPER)).not.toMatch(/NaN|Infinity|undefined/);
    expect(runMarkdown(promising, placeOf)).not.toMatch(/NaN|Infinity|undefined|\d\.\d{7}(?! USD)/);
  });
});

describe('a waterfall', () => {
  test.each([1e-4, 1, 1e4])('at %d USD/Mtok: a gain goes back, a small step still shows', (scale) => {
    const steps = [0.5, 0.6, -0.1, 0.0002].map((usd, i) => ({
      id: `s${i}`,
      label: `step ${i}`,
      usd_per_mtok: usd * scale,
    }));
    const metrics = { ...result.metrics, usd_per_mtok_total: 1.0002 * scale };
    const { rows } = waterfallTable({ ...result, metrics, waterfall: steps as typeof result.waterfall }, 80);
    expect(rows[2]?.[1]).toMatch(/^░+▒+$/);
    expect(rows[2]?.[2]).toMatch(/^−/);
    expect(rows[3]?.[1]).toMatch(/▏$/);
    for (const row of rows) expect(row[2]).toMatch(/^[+−]?[\d,]+(\.\d+)?$|e-/);
  });
});

test('no two lines of a bill have one name', () => {
  const labels = result.ledger.filter(({ month }) => month === 1).map(({ label }) => label);
  expect(labels.filter((label) => label.startsWith('Gateway'))).toEqual([
    'Gateway, observability, security tooling, base',
    'Gateway, observability, security tooling, per GPU',
  ]);
  expect(new Set(labels).size).toBe(labels.length);
});

test('an axis that takes the place of the load says so', () => {
  const raw = { traffic: { requests_per_day: 1000, input_tokens: 100 } };
  expect(replacedKeys(['traffic.utilization'], raw)).toEqual([
    "traffic.utilization takes the place of the scenario's traffic.requests_per_day",
  ]);
  expect(replacedKeys(['traffic.requests_per_day', 'serving.max_batch'], raw)).toEqual([]);
});

test.each([
  [true, { LANG: 'C' }, true],
  [true, { LANG: 'en_US.UTF-8' }, false],
  [true, { LANG: 'C', LC_ALL: 'C.utf8' }, false],
  [true, {}, false],
  [true, { TERM: 'linux' }, true],
  [false, { LANG: 'C' }, false],
] as const)('terminal %j with %j is ASCII only: %j', (isTerminal, env, expected) => {
  expect(isAsciiTerminal(isTerminal, env)).toBe(expected);
});

describe('the last line', () => {
  const said = (...set: string[]) =>
    verdictSentence(
      simulate(
        loadPlan(join(ROOT, 'scenarios/support-chat-70b.yaml'), { set: [...closed.set, ...set], with: [] }).plan,
        0,
      ),
    );

  test('says over which horizons the fleet is outgrown, and so not compared', () => {
    const outgrown = ['serving.replicas=2', 'traffic.growth=5 %/month'];
    expect(said(...outgrown)).toContain(' Not compared over 5 years, where the fleet does not serve all of the load.');
    expect(said()).not.toContain('Not compared');
  });

  test('says where a load lies between volumes that are won', () => {
    expect(said('traffic.growth=0 %/month')).toMatch(/\(this load: 35 B, in a gap from 3\d\.?\d* B to 3\d\.?\d* B\)/);
    expect(said('traffic.requests_per_day=3000000')).not.toContain('in a gap');
  });
});
