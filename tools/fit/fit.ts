// Fits the shared coefficients to a table of measurements and prints how wrong they are, in the fit and left out of it.
import { textOf } from '../../src/analysis/accuracy/measured-row.ts';
import { valuesAt } from '../../src/analysis/fit/coefficient.ts';
import { fitCoefficients, leaveOut } from '../../src/analysis/fit/fit.ts';
import type { FittedRow } from '../../src/analysis/fit/fitted-rows.ts';
import { openCatalog } from '../../src/io/catalog-folder.ts';
import { ErrorTable } from './error-tables.ts';
import { CALIBRATION, openFit } from './the-fit.ts';
import { writeCards } from './write-cards.ts';

const [file = '', ...options] = process.argv.slice(2);
const isAsked = (option: string) => options.includes(option);
const say = (text: string) => process.stdout.write(`${text}\n`);

const { fit, values: before } = openFit(file, openCatalog());
const { rows, coefficients, weights } = fit;
say(`${rows.length} rows of ${fit.runs.length} runs, ${coefficients.length} coefficients`);

const sourceOf = ({ row }: FittedRow) => textOf(row, 'source_id');
const sizeOf = (row: FittedRow) => (row.isMoe ? 'MoE' : 'dense');
const nameOf = ({ metric, metricName }: FittedRow) => (metric.kind === 'ttft' ? metricName : metric.kind);
const familyOf = ({ run }: FittedRow) => /^[a-z]+/.exec(run.model)?.[0] ?? run.model;

function errorOf({ measured }: FittedRow, predicted: number): number {
  return predicted - Math.log(measured);
}

const fitted = fitCoefficients(fit, before, isAsked('--evaluate') ? Number(isAsked('--left-out')) : 9);
const inFit = new ErrorTable();
rows.forEach((row, i) => {
  if (row.metric.kind === 'power') return;
  inFit.add(`${sourceOf(row)}, ${nameOf(row)}, ${sizeOf(row)}`, errorOf(row, fitted.predicted[i] as number));
});
say(`In the fit, loss ${fitted.loss.toFixed(5)}\n${inFit.text()}`);

const values = valuesAt(coefficients, fitted.point);
coefficients.forEach(({ name, prior, spread }, j) => {
  const column = fitted.jacobian[j];
  const known = column?.reduce((sum, x, i) => sum + (weights[i] as number) * x * x, 0) ?? 0;
  const [now, was, believed] = [values[j], before[j], prior].map((value) => (value as number).toPrecision(3));
  say(
    `  ${name.padEnd(40)}${now?.padStart(10)}  was ${was}, prior ${believed} x/÷ ${Math.exp(spread).toFixed(2)}, weight of the rows ${Math.sqrt(known).toFixed(3)}`,
  );
});
if (isAsked('--write')) writeCards(coefficients, values, `hardware/calibration/${CALIBRATION}.yaml`);

if (isAsked('--left-out')) {
  const folds: [string, (row: FittedRow) => string][] = [
    ['source', sourceOf],
    ['model family', familyOf],
    ['GPU', ({ run }) => run.gpu],
  ];
  for (const [name, labelOf] of folds) {
    const each = new ErrorTable();
    for (const label of new Set(rows.map(labelOf))) {
      const { places, predicted } = leaveOut(fit, fitted, (row) => labelOf(row) === label);
      places.forEach((place, k) => {
        const row = rows[place] as FittedRow;
        const error = errorOf(row, predicted[k] as number);
        if (!Number.isFinite(error) || row.metric.kind === 'ttft' || row.metric.kind === 'power') return;
        each.add(`${label}, ${sizeOf(row)}`, error);
        each.add(` all, ${sizeOf(row)}`, error);
      });
    }
    say(`Each ${name} left out of the fit, all rows but first tokens and power\n${each.text()}`);
  }
}
