import { describe, expect, test } from 'vitest';
import { metricNamed } from '../../src/analysis/accuracy/metric.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import { calibrate } from '../../src/analysis/calibrate/calibrate.ts';
import { loadOf, type OwnBenchmark, tpotOf } from '../../src/analysis/calibrate/own-benchmark.ts';
import { errorsAt, fitFactors, type OwnRun, UNCHANGED } from '../../src/analysis/calibrate/own-fit.ts';
import { measuredScenario, ownRun } from '../../src/analysis/calibrate/own-runs.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { withFactors } from '../../src/scenario/own-calibration.ts';
import { resolveScenario } from '../../src/scenario/resolve.ts';
import { validateScenario } from '../../src/scenario/validate.ts';
import type { CalibrationFactors } from '../../src/schema/own-calibration.ts';

const catalog = openCatalog();
const SCENARIO = {
  rackrate: 1,
  name: 'own',
  model: 'llama-3.1-8b',
  serving: {
    gpu: 'h100-sxm5-80gb',
    weights: 'bf16',
    max_batch: 256,
    calibrated: { measurements: 1, error: 0.1, source: 'x' },
  },
  traffic: { requests_per_day: 1000, input_tokens: 100, output_tokens: 100 },
  slo: { ttft_p95: '1 s' },
  capacity: { rent: { price: '2 USD/h' } },
};
const METRICS = ['tpot_ms_mean', 'ttft_ms_p50', 'output_tok_s'];
const BENCHMARKS: readonly Omit<OwnBenchmark, 'values'>[] = [
  [256, 256, 1],
  [1024, 256, 4],
  [4096, 128, 8],
  [1024, 256, 32],
  [512, 512, 128],
  [8192, 64, 4],
].map(([input = 1, output = 1, users = 1]) => ({
  place: `${input}/${output} x ${users}`,
  input,
  output,
  load: { kind: 'closed', users, rounds: 6 },
}));

/** Runs as a deployment with these factors would have measured them. */
function measuredWith(factors: CalibrationFactors, scale: (metric: string) => number = () => 1): OwnRun[] {
  return BENCHMARKS.map((benchmark) => {
    const raw = measuredScenario(SCENARIO, benchmark);
    const plan = resolveScenario(validateScenario(raw), raw, {
      catalog,
      prices: () => ({ found: false, problem: 'none' }),
    });
    const bare = ownRun({ ...benchmark, values: [] }, plan, 1);
    const own = withFactors({ calibration: plan.calibration, host: plan.engine.host }, factors);
    const moved = { ...plan, calibration: own.calibration, engine: { ...plan.engine, host: own.host } };
    const figures = replayFigures(bare.run, moved);
    const values = METRICS.map((metric) => ({
      metric,
      value: (metricNamed(metric)?.of(figures, 1) ?? Number.NaN) * scale(metric),
    }));
    return ownRun({ ...benchmark, values }, plan, 1);
  });
}

const BEFORE = { error: 0.2, floor: 0.07 };

describe('factors found on own measurements', () => {
  const truth = { memory_efficiency: 0.9, compute_efficiency: 0.8, fixed_time: 1.5, front_end: 2 };
  const runs = measuredWith(truth);

  test('are those that the measurements were made with', () => {
    const found = fitFactors(runs, replayFigures);
    for (const [name, value] of Object.entries(truth)) {
      expect(Math.abs(Math.log(found[name as keyof typeof truth] / value)), name).toBeLessThan(0.1);
    }
  });

  test('make every metric better, and the band narrower than it was', () => {
    const found = calibrate(runs, replayFigures, BEFORE);
    expect(found?.held).toEqual([]);
    for (const { before, after } of found?.metrics ?? []) expect(after).toBeLessThanOrEqual(before);
    expect(found?.all.after).toBeLessThan(0.03);
    expect(found?.measurements).toBe(BENCHMARKS.length);
    expect(found?.error).toBeLessThan(BEFORE.error);
    expect(found?.error).toBeGreaterThanOrEqual(BEFORE.floor);
  });

  test('stay nearer 1 the less often the same was measured', () => {
    const strayed = (some: OwnRun[]) =>
      Math.hypot(...Object.values(fitFactors(some, replayFigures)).map((factor) => Math.log(factor)));
    expect(strayed(runs.slice(0, 2))).toBeLessThan(strayed(runs.slice(0, 2).flatMap((run) => [run, run, run, run])));
    expect(strayed(runs)).toBeLessThan(strayed([...runs, ...runs, ...runs]) + 1e-3);
  });

  test('are 1 where nothing differs, and then nothing is to be done', () => {
    const same = measuredWith(UNCHANGED);
    for (const factor of Object.values(fitFactors(same, replayFigures))) expect(factor).toBeCloseTo(1, 3);
    expect(calibrate(same, replayFigures, BEFORE)).toBeUndefined();
  });

  test('never make a metric worse, even where metrics contradict each other', () => {
    const odd = measuredWith(UNCHANGED, (metric) => (metric === 'output_tok_s' ? 1.4 : 1));
    const found = calibrate(odd, replayFigures, BEFORE);
    for (const { before, after } of found?.metrics ?? []) expect(after).toBeLessThanOrEqual(before + 0.005);
  });

  test('do not let an efficiency pass the datasheet', () => {
    const { calibration, host } =
      runs[0]?.plan === undefined ? ({} as never) : { ...runs[0].plan, host: runs[0].plan.engine.host };
    const moved = withFactors({ calibration, host }, { ...UNCHANGED, memory_efficiency: 4, compute_efficiency: 4 });
    expect(moved.calibration.memory_efficiency).toEqual({ bits_16: 1, bits_8: 1, bits_4: 1 });
    expect(moved.calibration.compute_efficiency).toBe(1);
  });

  test('a run that cannot be predicted takes no part', () => {
    const [first] = runs as [OwnRun];
    const huge = {
      ...first,
      plan: {
        ...first.plan,
        serving: { ...first.plan.serving, memory: { ...first.plan.serving.memory, usable: 1e9 } },
      },
    };
    expect(errorsAt([huge], replayFigures, UNCHANGED)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe('what a benchmark sent', () => {
  test.each([
    [
      { users: 16, requests: 160 },
      { kind: 'closed', users: 16, rounds: 10 },
    ],
    [
      { users: 16, perSecond: Number.POSITIVE_INFINITY, requests: 160 },
      { kind: 'closed', users: 16, rounds: 10 },
    ],
    [
      { perSecond: Number.POSITIVE_INFINITY, requests: 160 },
      { kind: 'offline', rounds: 1, requests: 160 },
    ],
    [
      { users: 500, requests: 160 },
      { kind: 'offline', rounds: 1, requests: 160 },
    ],
    [
      { perSecond: 4, users: 16, requests: 160 },
      { kind: 'open', requestsPerSecond: 4, requests: 160 },
    ],
  ])('%j', (stated, load) => {
    expect(loadOf(stated)).toEqual(load);
  });

  test('time per output token counts the tokens after the first', () => {
    expect(tpotOf(2000, 200, 101)).toBe(18);
    expect(tpotOf(2000, 200, 1)).toBeUndefined();
  });
});
