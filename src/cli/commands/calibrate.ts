import { basename, dirname, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { closedFormFigures } from '../../analysis/accuracy/closed-form-run.ts';
import type { RunPredictor } from '../../analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../analysis/accuracy/replay-run.ts';
import { type Calibration, calibrate } from '../../analysis/calibrate/calibrate.ts';
import type { OwnBenchmark } from '../../analysis/calibrate/own-benchmark.ts';
import { measuredScenario, ownRun } from '../../analysis/calibrate/own-runs.ts';
import { readBenchmarks } from '../../io/benchmark-file.ts';
import { LocatedError } from '../../io/located-error.ts';
import { writeOutput } from '../../io/write-file.ts';
import { calibrationText } from '../../report/calibration-text.ts';
import { expectedErrors } from '../../result/expected-error.ts';
import { resolveScenario } from '../../scenario/resolve.ts';
import { validateScenario } from '../../scenario/validate.ts';
import { printable } from '../../schema/printable.ts';
import { InfeasibleError, InputError } from '../../schema/problem.ts';
import { type LoadedPlan, loadPlan } from '../load-plan.ts';
import { type GlobalOptions, note, result } from '../output.ts';

export interface CalibrateOptions {
  measured: readonly string[];
  replicas?: number;
}

function refuse(message: string): never {
  throw new InputError([{ path: [], message }]);
}

/** Everything queued at once is the long run's rate, which the closed form has at a thousandth of the cost. */
const predictor: RunPredictor = (run, plan) =>
  run.load.kind === 'offline' && run.load.requests === undefined
    ? closedFormFigures(run, plan)
    : replayFigures(run, plan);

function runOf({ loaded, lookups }: LoadedPlan, benchmark: OwnBenchmark, replicas: number) {
  const raw = measuredScenario(loaded.raw, benchmark);
  try {
    return ownRun(benchmark, resolveScenario(validateScenario(raw), raw, lookups), replicas);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new LocatedError(
      error.problems.map(({ path, message }) => ({
        file: benchmark.place,
        path: [],
        message: `${path.join('.')}: ${message}`,
      })),
    );
  }
}

/** Three digits are as much as a fit on a few values knows. */
const rounded = (value: number) => Number(value.toPrecision(3));

/** The block that a scenario takes, with where it comes from. */
function calibratedBlock({ factors, measurements, error }: Calibration, files: readonly string[]) {
  const names = [...new Set(files.map((file) => printable(basename(file))))].join(', ');
  return {
    ...Object.fromEntries(Object.entries(factors).map(([name, value]) => [name, rounded(value)])),
    measurements,
    error: `${Number((100 * error).toFixed(1))} %`,
    source: names.slice(0, 200),
  };
}

/** A scenario that extends the calibrated one, as seen from where it will lie. */
function overrideFile(scenario: string, target: string | undefined, calibrated: object): string {
  const from = target === undefined ? '.' : dirname(resolve(target));
  const base = relative(from, resolve(scenario)).replaceAll('\\', '/');
  return stringify({ rackrate: 1, extends: base, serving: { calibrated } }, { lineWidth: 0 });
}

/**
 * Moves the coefficients of a scenario to its own benchmarks, and writes a scenario that extends it with them: to the
 * file of `-o`, else below the report.
 */
export async function calibrateScenario(file: string, options: GlobalOptions & CalibrateOptions): Promise<void> {
  const files = options.measured;
  if (files.length === 0) {
    refuse('calibrate needs your measurements: --measured FILE, from vllm bench serve, guidellm, AIPerf or our CSV');
  }
  const target = options.output === '-' ? undefined : options.output;
  if (target !== undefined && !/\.ya?ml$/i.test(target)) refuse(`the override is a scenario: end ${target} in .yaml`);
  if (target !== undefined && resolve(target) === resolve(file)) refuse('-o would overwrite the scenario itself');
  const loaded = loadPlan(file, options);
  const { plan, lookups } = loaded;
  const { model, serving } = loaded.loaded.scenario;
  const idOf = (kind: 'model' | 'gpu', named: unknown) =>
    typeof named === 'string' ? lookups.catalog.find(kind, named)?.id : undefined;
  const own = { model: idOf('model', model), gpu: idOf('gpu', serving.gpu) };
  const benchmarks = files.flatMap((name) => readBenchmarks(name, lookups.catalog, own));
  const runs = benchmarks.map((benchmark) => runOf(loaded, benchmark, options.replicas ?? 1));
  const bare = { ...plan };
  delete bare.calibrated;
  const before = {
    error: expectedErrors(bare).price,
    floor: plan.evidence?.table.noise_floor ?? plan.calibration.error,
  };
  const found = calibrate(runs, predictor, before);
  if (found === undefined) {
    throw new InfeasibleError(
      'slo_missed',
      `${file}: no change of the coefficients meets these measurements better without making some metric worse; nothing is written`,
    );
  }
  const calibrated = calibratedBlock(found, files);
  const yaml = overrideFile(file, target, calibrated);
  if (target !== undefined) {
    await writeOutput(target, yaml);
    note(options, `wrote ${target}`);
  }
  const text =
    options.json === true
      ? JSON.stringify({ schema: 'rackrate.calibration/v1', ...found, calibrated }, undefined, 2)
      : `${calibrationText(found)}${target === undefined ? `\n\n${yaml}` : ''}`;
  await result({ ...(options.quiet === true ? { quiet: true as const } : {}) }, text);
}
