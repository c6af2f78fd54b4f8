// Leaves runs, GPUs, models and engines out of the fit in turn, and writes how wrong it then is of them.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { errorEvidence, type RowError } from '../src/analysis/accuracy/error-evidence.ts';
import { textOf } from '../src/analysis/accuracy/measured-row.ts';
import { rowPredictor, sortOut } from '../src/analysis/accuracy/predict-rows.ts';
import { pointOf } from '../src/analysis/fit/coefficient.ts';
import { fitCoefficients, leaveOut } from '../src/analysis/fit/fit.ts';
import type { FittedRow } from '../src/analysis/fit/fitted-rows.ts';
import { openCatalog } from '../src/io/catalog-folder.ts';
import { readMeasured } from '../src/io/measured-file.ts';
import { openFit, predictor } from './fit/the-fit.ts';

const [file = '', target = 'hardware/errors/shared-2026.yaml'] = process.argv.slice(2);

const catalog = openCatalog();
const { fit, values } = openFit(file, catalog);
const { runs, rows, coefficients } = fit;
const table = readMeasured(file);

const say = (what: string) => process.stderr.write(`${what}\n`);
say(`${rows.length} rows of ${runs.length} runs, ${coefficients.length} coefficients`);
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
    // A reader's own numbers are those of another laboratory: rows count as one sees them who never saw their table.
    runs: leftOut(({ row }) => textOf(row, 'source_id')),
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
