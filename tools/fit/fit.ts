// Fits the shared coefficients to a table of measurements, prints how wrong they are in and out of sample, and writes them into their cards.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { closedFormFigures } from '../../src/analysis/accuracy/closed-form-run.ts';
import { textOf } from '../../src/analysis/accuracy/measured-row.ts';
import type { RunPredictor } from '../../src/analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../src/analysis/accuracy/replay-run.ts';
import { type Coefficient, valuesAt } from '../../src/analysis/fit/coefficient.ts';
import { type Fit, fitCoefficients, leaveOut } from '../../src/analysis/fit/fit.ts';
import { type FittedRow, fittedRuns } from '../../src/analysis/fit/fitted-rows.ts';
import { rowWeights } from '../../src/analysis/fit/row-weights.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { readMeasured } from '../../src/io/measured-file.ts';
import { writeCards } from './write-cards.ts';

const [file = '', startFile] = process.argv.slice(2);
const env = (name: string) => process.env[name];

/** Everything queued at once is the long run's rate, which the closed form has at a thousandth of the cost. */
const predictor: RunPredictor = (run, plan) =>
  run.load.kind === 'offline' ? closedFormFigures(run, plan) : replayFigures(run, plan);

const isImpossible = (r: FittedRow) =>
  textOf(r.row, 'model') === 'gpt-oss-120b' &&
  textOf(r.row, 'gpu') === 'H100-SXM' &&
  textOf(r.row, 'concurrency_or_batch') === '512';

const coefficients = parse(readFileSync('tools/fit/coefficients.yaml', 'utf8')) as Coefficient[];
const catalog = openCatalog();
const runs = fittedRuns(readMeasured(file), catalog);
const rows: FittedRow[] = runs.flatMap((r) => r.rows).sort((a, b) => a.at - b.at);
const weights = rowWeights(rows).map((w, i) => (isImpossible(rows[i] as FittedRow) ? 0 : w));
const fit: Fit = { runs, rows, coefficients, predictor, weights };

const quantile = (a: number[], q: number) =>
  a.sort((x, y) => x - y)[Math.min(a.length - 1, Math.floor(q * a.length))] ?? Number.NaN;
const source = (r: FittedRow) => (/inferencex/.test(textOf(r.row, 'source_id')) ? '2025' : textOf(r.row, 'source_id'));
const kindOf = (r: FittedRow) => (r.metric.kind === 'ttft' ? `ttft${r.metricName.slice(7)}` : r.metric.kind);

function table(errors: Map<string, number[]>): void {
  for (const [key, e] of [...errors].sort()) {
    const ape = e.map((x) => Math.abs(Math.exp(x) - 1));
    const p = (x: number) => (100 * x).toFixed(1).padStart(6);
    console.log(
      `  ${key.padEnd(60)} n ${String(e.length).padStart(4)}  med ${p(quantile(ape, 0.5))}  p80 ${p(quantile(ape, 0.8))}  p90 ${p(quantile(ape, 0.9))}  bias ${p(Math.exp(quantile(e, 0.5)) - 1)}`,
    );
  }
}
function push(map: Map<string, number[]>, key: string, e: number): void {
  const list = map.get(key) ?? [];
  list.push(e);
  map.set(key, list);
}
function report(predicted: Float64Array): void {
  const groups = new Map<string, number[]>();
  rows.forEach((r, i) => {
    if (isImpossible(r) || r.metric.kind === 'power') return;
    push(
      groups,
      `${source(r)} ${kindOf(r)} ${r.isMoe ? 'moe' : 'dense'}`,
      (predicted[i] as number) - Math.log(r.measured),
    );
  });
  table(groups);
}
function presentValues(): number[] {
  const stored =
    startFile === undefined ? undefined : (JSON.parse(readFileSync(startFile, 'utf8')) as Record<string, number>);
  if (stored !== undefined) return coefficients.map((c) => stored[c.name] ?? c.prior);
  const leaf = (tree: unknown, path: string) =>
    path.split('.').reduce<unknown>((t, k) => (t as Record<string, unknown>)?.[k], tree) as number;
  return coefficients.map(({ targets: [target], prior }) => {
    if (target === undefined) return prior;
    const [engine] = target.engines ?? [];
    return engine === undefined
      ? leaf(catalog.find('calibration', 'shared-2026'), target.path)
      : leaf(catalog.find('engine', engine)?.host, target.path);
  });
}

const full = fitCoefficients(fit, presentValues(), Number(env('STEPS') ?? 6));
console.log('loss', full.loss.toFixed(5));
report(full.predicted);
const values = valuesAt(coefficients, full.point);
const sens = full.jacobian.map((column) =>
  Math.sqrt(column.reduce((s, x, i) => s + (weights[i] as number) * x * x, 0)),
);
if (env('QUIET') === undefined)
  coefficients.forEach((c, j) =>
    console.log(
      c.name.padEnd(36),
      (values[j] as number).toPrecision(4).padStart(10),
      ' prior',
      c.prior.toPrecision(3).padStart(9),
      ' sens',
      (sens[j] ?? 0).toFixed(3),
    ),
  );
writeFileSync(
  env('OUT') ?? '/tmp/fit.json',
  JSON.stringify(Object.fromEntries(coefficients.map((c, j) => [c.name, values[j]])), undefined, 1),
);
writeFileSync(
  '/tmp/fit-rows.json',
  JSON.stringify({
    rows: rows.map((r, i) => ({ ...r.row.cells, predicted: Math.exp(full.predicted[i] as number), isMoe: r.isMoe })),
  }),
);

if (env('WRITE') !== undefined) writeCards(coefficients, values, 'hardware/calibration/shared-2026.yaml');

if (env('LEFT_OUT') !== undefined) {
  const family = (r: FittedRow) => /^[a-z]+(?:-[a-z]+)?(?:-?\d+(?=[.-]))?/.exec(r.run.model)?.[0] ?? r.run.model;
  const folds: [string, (r: FittedRow) => string][] = [
    ['source', (r) => textOf(r.row, 'source_id')],
    ['model family', family],
    ['GPU', (r) => r.run.gpu],
  ];
  for (const [name, labelOf] of folds) {
    const errors = new Map<string, number[]>();
    const overall = new Map<string, number[]>();
    for (const label of new Set(rows.map(labelOf))) {
      const { places, predicted } = leaveOut(fit, full, (r) => labelOf(r) === label);
      places.forEach((place, k) => {
        const r = rows[place] as FittedRow;
        if (isImpossible(r) || !Number.isFinite(predicted[k] as number)) return;
        if (r.metric.kind === 'ttft' || r.metric.kind === 'power') return;
        const e = (predicted[k] as number) - Math.log(r.measured);
        push(errors, `${label} ${r.isMoe ? 'moe' : 'dense'}`, e);
        push(overall, r.isMoe ? 'moe' : 'dense', e);
      });
    }
    console.log(`leave one ${name} out`);
    table(errors);
    table(overall);
  }
}
