import { describe, expect, test } from 'vitest';
import { breakevenOverHorizons, breakevenOverMonths } from '../../src/result/breakeven-over-time.ts';
import { breakevenOverValues } from '../../src/result/breakeven-table.ts';
import { openLookups } from '../../src/run/open-lookups.ts';
import { outputShareSettings } from '../../src/scenario/output-share.ts';
import { applyOverride } from '../../src/scenario/overrides.ts';
import { InputError } from '../../src/schema/problem.ts';
import { comparison, metric, planOf, type Raw, run, runWith, scenario } from '../acceptance/fixtures.ts';

const OFFER = { name: 'An API', input: '3 USD/Mtok', output: '15 USD/Mtok', baseline: true };
const months = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** 1,963.70 USD of rent a month and 10,000 USD before, against 76.04 USD a day of API. */
const rented = { compare: [OFFER], people: { setup: '10000 USD' }, traffic: { requests_per_day: 10_000 } };

describe('break-even over months', () => {
  test('the first month by hand, and as `run` has it', () => {
    const rows = breakevenOverMonths(planOf(scenario(rented)), months(60), 0);
    const api = (10_000 * 0.0075 * 730) / 24;
    const by = Math.ceil(10_000 / (api - 2.69 * 730));
    expect(rows[0]).toMatchObject({ kind: 'crossing', month: by, cheaper: 'self' });
    expect(rows[0]?.['self_usd']).toBeCloseTo(10_000 + by * 2.69 * 730, 6);
    expect(rows[0]?.['api_usd']).toBeCloseTo(by * api, 6);
    expect(comparison(runWith(rented)).breakeven_month).toBe(by);
    expect(rows.filter((row) => row['kind'] === 'curve')).toHaveLength(60);
    const few = breakevenOverMonths(planOf(scenario(rented)), [1, 60], 0);
    expect(few.map(({ kind, month }) => [kind, month])).toEqual([
      ['crossing', by],
      ['curve', 1],
      ['curve', 60],
    ]);
  });

  test('never, and from the start, are said as such', () => {
    const never = breakevenOverMonths(planOf(scenario({ ...rented, traffic: { requests_per_day: 10 } })), [1, 60], 0);
    expect(never[0]).toMatchObject({ kind: 'none', cheaper: 'api', month: undefined });
    const atOnce = breakevenOverMonths(planOf(scenario({ ...rented, people: undefined })), [1, 60], 0);
    expect(atOnce[0]).toMatchObject({ kind: 'none', cheaper: 'self' });
  });
});

describe('break-even over the horizon', () => {
  test('is the winner of a run with that horizon, nodes sold at its end', () => {
    const own: Raw = {
      serving: { gpu: 'h100-sxm5-80gb', replicas: 8 },
      capacity: { rent: undefined, own: {} },
      compare: [OFFER],
      traffic: { requests_per_day: 60_000 },
    };
    const rows = breakevenOverHorizons(planOf(scenario(own)), months(36), 0).filter((row) => row['kind'] === 'curve');
    for (const length of [1, 7, 24, 36]) {
      const [horizon] = comparison(runWith({ ...own, horizons: [`${length} months`] })).horizons;
      const row = rows[length - 1];
      expect(row?.['self_npv_usd']).toBeCloseTo(horizon?.self_npv_usd as number, 6);
      expect(row?.['api_npv_usd']).toBeCloseTo(horizon?.api_npv_usd as number, 6);
      expect(row?.['cheaper']).toBe(horizon?.winner);
    }
  });
});

test('a horizon turns at the same length however few are shown', () => {
  const crossings = (lengths: readonly number[]) =>
    breakevenOverHorizons(planOf(scenario(rented)), lengths, 0).filter((row) => row['kind'] === 'crossing');
  const all = crossings(months(60));
  expect(all).toHaveLength(1);
  expect(crossings([1, 60])).toEqual(all);
});

test('over time nobody is cheaper once a fleet of a given size is outgrown', () => {
  const outgrown: Raw = {
    serving: { gpu: 'h100-sxm5-80gb', replicas: 1 },
    traffic: { utilization: 0.9, growth: '10 %/month' },
    compare: [OFFER],
  };
  const plan = planOf(scenario(outgrown));
  for (const over of [breakevenOverMonths, breakevenOverHorizons]) {
    const sides = over(plan, months(12), 0).filter(({ kind }) => kind === 'curve');
    expect([sides[0]?.['cheaper'], sides[11]?.['cheaper']]).toEqual(['self', 'neither']);
    expect(over(plan, [1, 12], 0).filter(({ kind }) => kind === 'crossing')).toMatchObject([{ cheaper: 'neither' }]);
  }
});

test('nor over a value at which a fleet of a given size cannot carry the load', () => {
  const raw = scenario({ ...rented, people: undefined, serving: { gpu: 'h100-sxm5-80gb', replicas: 1 } });
  const axis = { path: 'traffic.output_tokens', whole: true };
  const settings = (value: unknown) => [{ path: axis.path, value }];
  const source = { raw, axis, settings, lookups: openLookups(), seed: 0 };
  const rows = breakevenOverValues(source, [300, 100_000], [12], () => undefined);
  expect(rows.map(({ kind, cheaper }) => [kind, cheaper])).toEqual([
    ['crossing', 'neither'],
    ['curve', 'self'],
    ['curve', 'neither'],
  ]);
});

describe('share of output', () => {
  const raw = scenario({ compare: [OFFER] });
  const at = (share: number, from = raw) =>
    outputShareSettings(from, planOf(from), share).reduce<unknown>(
      (changed, { path, value }) => applyOverride(changed, path, value),
      from,
    ) as Raw;

  test('leaves the tokens of a request alone and moves its price between both', () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const result = run(at(share));
      expect(metric(result, 'output_tokens_per_month')).toBeCloseTo((share * 1300 * 1000 * 730) / 24, 3);
      expect(metric(result, 'input_tokens_per_month')).toBeCloseTo(((1 - share) * 1300 * 1000 * 730) / 24, 3);
      expect(comparison(result).usd_per_request).toBeCloseTo((1300 * (3 + 12 * share)) / 1e6, 12);
    }
  });

  test('stretches spreads with their shape, and is what it was at the share it was', () => {
    const spread = scenario({
      compare: [OFFER],
      traffic: { input_tokens: { p50: 700, p95: 3000 }, output_tokens: { mean: 300, cv: 0.7 } },
    });
    const { input, output } = planOf(spread).traffic.mix;
    const same = planOf(at(output.mean / (input.mean + output.mean), spread)).traffic.mix;
    expect(same.input.mean).toBeCloseTo(input.mean, 6);
    expect(same.output.mean).toBeCloseTo(output.mean, 6);
    expect(at(0.5, spread)['traffic']).toMatchObject({ output_tokens: { cv: 0.7 } });
  });

  test('is refused where lengths are not stated, or it is no share', () => {
    const inSessions = scenario({
      traffic: {
        requests_per_day: undefined,
        sessions_per_day: 100,
        input_tokens: undefined,
        session: { turns: 3, first_input: 500, added_per_turn: 300, pause: '5 s' },
      },
    });
    expect(() => at(0.5, inSessions)).toThrow(/needs input_tokens as numbers/);
    expect(() => at(1)).toThrow(InputError);
  });
});
