import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/io/package-root.ts';
import { readScenario } from '../../src/io/scenario-file.ts';
import { readYamlFile } from '../../src/io/yaml-file.ts';
import { breakevenOverVolume } from '../../src/result/breakeven-table.ts';
import { simulate } from '../../src/result/simulate.ts';
import { openLookups } from '../../src/run/open-lookups.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';

const FOLDER = join(packageRoot(), 'scenarios');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const lookups = openLookups();

/** Each scenario as it stands, and with each of its overrides; `undefined` stands for none. */
const VARIANTS = FILES.flatMap((name) => {
  const { overrides } = readYamlFile(join(FOLDER, name)).value as { overrides?: Record<string, unknown> };
  return [undefined, ...Object.keys(overrides ?? {})].map((override) => [name, override] as const);
});

function planOf(name: string, override: string | undefined) {
  const { scenario, raw } = readScenario(join(FOLDER, name), override === undefined ? {} : { with: [override] });
  return resolveScenario(scenario, raw, lookups);
}

test('at least eight questions ship, and both ways to come by a GPU', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(8);
  const kinds = new Set(VARIANTS.map(([name, override]) => planOf(name, override).capacity.kind));
  expect([...kinds].sort()).toEqual(['own', 'rent']);
  expect(VARIANTS.filter(([, override]) => override !== undefined).length).toBeGreaterThanOrEqual(6);
});

describe.each(FILES)('%s', (name) => {
  test('begins with its schema and the question, and is listed in README', () => {
    const [modeline, question] = readFileSync(join(FOLDER, name), 'utf8').split('\n');
    expect(modeline).toBe('# yaml-language-server: $schema=scenario.schema.json');
    expect(question).toMatch(/^# .*\?/);
    expect(readFileSync(join(packageRoot(), 'README.md'), 'utf8')).toContain(`](scenarios/${name})`);
  });

  test('is held against an offer of the same model, named as the baseline, and another', () => {
    const { offers } = planOf(name, undefined);
    expect(offers.length).toBeGreaterThanOrEqual(2);
    expect(offers.filter(({ baseline, sameModel }) => baseline && sameModel)).toHaveLength(1);
  });
});

test.each(VARIANTS)('%s with %s keeps its promises', (name, override) => {
  const plan = planOf(name, override);
  const result = simulate(plan, 0);
  expect(result.slo_met).toBe(true);
  expect(result.assertions.filter(({ holds }) => !holds)).toEqual([]);
  const sum = result.waterfall.reduce((total, step) => total + step.usd_per_mtok, 0);
  expect(sum / (result.metrics.usd_per_mtok_total ?? 0)).toBeCloseTo(1, 9);
});

/** From a pilot's load to ten thousand times as much. */
const VOLUMES = Array.from({ length: 41 }, (_, step) => 10 ** (3 + step / 10));

const AXIS = 'traffic.requests_per_day';

test.each(FILES)('%s breaks even at volumes that both cost curves agree with, or says that it never does', (name) => {
  const plan = planOf(name, undefined);
  const months = plan.horizonMonths[0] ?? 1;
  const rows = breakevenOverVolume(plan, AXIS, VOLUMES, [months], 0);
  for (const offer of plan.offers) {
    const own = rows.filter(({ comparison }) => comparison === offer.name);
    const curve = own.filter(({ kind }) => kind === 'curve');
    const crossings = own.filter(({ kind }) => kind === 'crossing');
    expect(curve).toHaveLength(VOLUMES.length);
    expect(own.filter(({ kind }) => kind === 'none')).toHaveLength(crossings.length === 0 ? 1 : 0);
    for (const { [AXIS]: volume, cheaper, self_usd_per_month: self, api_usd_per_month: api } of crossings) {
      expect(Number(volume)).toBeGreaterThan(0);
      expect(Number.isFinite(Number(volume))).toBe(true);
      if (cheaper === 'self') expect(Number(self) / Number(api)).toBeLessThanOrEqual(1 + 1e-9);
    }
    for (const { [AXIS]: volume, cheaper } of curve) {
      const side = crossings.findLast(({ [AXIS]: crossing }) => Number(crossing) <= Number(volume))?.cheaper;
      expect(cheaper === 'self', `${offer.name} at ${volume} requests a day`).toBe(side === 'self');
    }
  }
});
