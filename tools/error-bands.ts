// Leaves runs, GPUs, models and engines out of the fit in turn, and writes how wrong it then is of them.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parse, parseDocument } from 'yaml';
import { closedFormFigures } from '../src/analysis/accuracy/closed-form-run.ts';
import { errorEvidence, type RowError } from '../src/analysis/accuracy/error-evidence.ts';
import { textOf } from '../src/analysis/accuracy/measured-row.ts';
import { type RunPredictor, rowPredictor, sortOut } from '../src/analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../src/analysis/accuracy/replay-run.ts';
import { type Coefficient, pointOf } from '../src/analysis/fit/coefficient.ts';
import { type Fit, fitCoefficients, leaveOut } from '../src/analysis/fit/fit.ts';
import { type FittedRow, fittedRuns } from '../src/analysis/fit/fitted-rows.ts';
import { rowWeights } from '../src/analysis/fit/row-weights.ts';
import { openCatalog } from '../src/io/catalog-folder.ts';
import { readMeasured } from '../src/io/measured-file.ts';

const flags = process.argv.slice(2);
const [file = '', target = 'hardware/errors/shared-2026.yaml'] = flags.filter((flag) => !flag.startsWith('--'));
/** In closed form it takes a minute, and times to first token come out worse than runs have them. */
const isQuick = flags.includes('--closed-form');
const FOLDS = 5;

/** Everything queued at once is the long run's rate, which the closed form has at a thousandth of the cost. */
const predictor: RunPredictor = (run, plan) =>
  isQuick || run.load.kind === 'offline' ? closedFormFigures(run, plan) : replayFigures(run, plan);

/** Runs that beat what the memory can deliver. */
const isImpossible = ({ row }: Pick<FittedRow, 'row'>) =>
  textOf(row, 'model') === 'gpt-oss-120b' &&
  textOf(row, 'gpu') === 'H100-SXM' &&
  textOf(row, 'concurrency_or_batch') === '512';

const catalog = openCatalog();
const table = readMeasured(file).filter((row) => !isImpossible({ row }));
const runs = fittedRuns(table, catalog);
const rows = runs.flatMap((run) => run.rows).sort((a, b) => a.at - b.at);
const coefficients = parse(readFileSync('tools/fit/coefficients.yaml', 'utf8')) as Coefficient[];
const fit: Fit = { runs, rows, coefficients, predictor, weights: rowWeights(rows) };

/** Values as the cards have them. */
function present({ targets: [target], prior }: Coefficient): number {
  if (target === undefined) return prior;
  const [engine] = target.engines ?? [];
  const card = engine === undefined ? catalog.find('calibration', 'shared-2026') : catalog.find('engine', engine)?.host;
  const value = target.path.split('.').reduce<unknown>((tree, key) => (tree as Record<string, unknown>)?.[key], card);
  return value as number;
}

const say = (what: string) => process.stderr.write(`${what}\n`);
say(`${rows.length} rows of ${runs.length} runs, ${coefficients.length} coefficients`);
const values = coefficients.map(present);
const started = fitCoefficients(fit, values, 1);
// The cards' own point is where each fold starts from; one step gave its Jacobian.
const full = { ...started, point: pointOf(coefficients, values), predicted: started.predicted };

function errorOf(row: FittedRow, predicted: number): RowError[] {
  if (!Number.isFinite(predicted)) return [];
  const { run, isMoe, metric, measured } = row;
  return [{ run, isMoe, kind: metric.kind, error: predicted - Math.log(measured) }];
}

function leftOut(labelOf: (row: FittedRow) => string): RowError[] {
  return [...new Set(rows.map(labelOf))].flatMap((label) => {
    const { places, predicted } = leaveOut(fit, full, (row) => labelOf(row) === label);
    say(`  without ${label}: ${places.length} rows`);
    return places.flatMap((place, i) => errorOf(rows[place] as FittedRow, predicted[i] as number));
  });
}

const foldOf = new Map(runs.flatMap((run, i) => run.rows.map((row) => [row.at, `fold ${i % FOLDS}`])));
const family = (id: string) => /^[a-z]+/.exec(id)?.[0] ?? id;

/** An engine that was not measured is predicted as the generic one of its year. */
function genericErrors(): RowError[] {
  const predict = rowPredictor(catalog, predictor);
  const generic = table.map((row) => ({ ...row, cells: { ...row.cells, engine: '' } }));
  const byLine = new Map(rows.map((row) => [row.row.line, row]));
  return sortOut(generic.map(predict)).rows.flatMap((one) => {
    const own = byLine.get(one.row.line);
    if (own === undefined || own.run.engine === one.run.engine) return [];
    return errorOf(own, Math.log(one.predicted));
  });
}

const evidence = errorEvidence(
  {
    runs: leftOut(({ at }) => foldOf.get(at) ?? 'fold 0'),
    gpu: leftOut(({ run }) => run.gpu),
    model: leftOut(({ run }) => family(run.model)),
    engine: genericErrors(),
  },
  catalog,
);
const document = parseDocument(readFileSync(target, 'utf8'));
document.set('left_out', document.createNode(evidence.left_out, { flow: false }));
document.set('cells', document.createNode(evidence.cells.map((cell) => document.createNode(cell, { flow: true }))));
writeFileSync(`${target}.tmp`, document.toString({ lineWidth: 0, flowCollectionPadding: true }));
renameSync(`${target}.tmp`, target);
say(`wrote ${target}`);
