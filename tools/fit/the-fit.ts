import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { closedFormFigures } from '../../src/analysis/accuracy/closed-form-run.ts';
import type { RunPredictor } from '../../src/analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import type { Coefficient } from '../../src/analysis/fit/coefficient.ts';
import type { Fit } from '../../src/analysis/fit/fit.ts';
import { fittedRuns } from '../../src/analysis/fit/fitted-rows.ts';
import { rowWeights } from '../../src/analysis/fit/row-weights.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { readMeasured } from '../../src/io/measured-file.ts';

export const CALIBRATION = 'shared-2026';

/** Everything queued at once is the long run's rate, which the closed form has at a thousandth of the cost. */
export const predictor: RunPredictor = (run, plan) =>
  run.load.kind === 'offline' ? closedFormFigures(run, plan) : replayFigures(run, plan);

/** The fit of a table of measurements, and the values that the cards have now. */
export function openFit(file: string, catalog: Catalog): { fit: Fit; values: number[] } {
  const runs = fittedRuns(readMeasured(file), catalog);
  const rows = runs.flatMap((run) => run.rows).sort((a, b) => a.at - b.at);
  const coefficients = parse(readFileSync('tools/fit/coefficients.yaml', 'utf8')) as Coefficient[];
  const fit = { runs, rows, coefficients, predictor, weights: rowWeights(rows) };
  return { fit, values: coefficients.map((coefficient) => present(coefficient, catalog)) };
}

function present({ targets: [target], prior }: Coefficient, catalog: Catalog): number {
  if (target === undefined) return prior;
  const [engine] = target.engines ?? [];
  const card = engine === undefined ? catalog.find('calibration', CALIBRATION) : catalog.find('engine', engine)?.host;
  const value = target.path.split('.').reduce<unknown>((tree, key) => (tree as Record<string, unknown>)?.[key], card);
  return typeof value === 'number' ? value : prior;
}
