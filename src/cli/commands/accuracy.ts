import { accuracyRecord, predictedCells } from '../../analysis/accuracy/accuracy-record.ts';
import { closedFormFigures } from '../../analysis/accuracy/closed-form-run.ts';
import { errorGroups } from '../../analysis/accuracy/error-groups.ts';
import { type Predictions, type RunPredictor, rowPredictor, sortOut } from '../../analysis/accuracy/predict-rows.ts';
import { replayFigures } from '../../analysis/accuracy/replay-run.ts';
import { toCsv } from '../../io/csv.ts';
import { readMeasured } from '../../io/measured-file.ts';
import { didYouMean } from '../../math/edit-distance.ts';
import { accuracyText } from '../../report/accuracy-text.ts';
import { InputError } from '../../schema/problem.ts';
import { openLookups } from '../load-plan.ts';
import { type GlobalOptions, result, wantsJsonRows } from '../output.ts';
import { startProgress } from '../progress.ts';

const ENGINES: ReadonlyMap<string, RunPredictor> = new Map([
  ['closed-form', closedFormFigures],
  ['replay', replayFigures],
]);
const DEFAULT_ENGINE = 'closed-form';

/** Rows between two looks at the event loop, so that the bar moves and Ctrl-C is heard. */
const BETWEEN_TURNS = 16;

function engineNamed(name: string): RunPredictor {
  const engine = ENGINES.get(name);
  if (engine !== undefined) return engine;
  const names = [...ENGINES.keys()];
  const message = `--engine ${name}: expected ${names.join(' or ')}${didYouMean(name, names)}`;
  throw new InputError([{ path: [], message }]);
}

function rowsAsCsv({ rows }: Predictions): string {
  const cells = rows.map(predictedCells);
  const columns = new Set(cells.flatMap((row) => Object.keys(row)));
  return toCsv([...columns], cells);
}

/** Predicted against measured: every row of a table of measurements predicted, or skipped with a reason. */
export async function showAccuracy(options: GlobalOptions & { measured?: string; engine?: string }): Promise<void> {
  if (options.measured === undefined) {
    const message =
      'accuracy needs a table of measurements: --measured FILE.csv, one measured value a row, with at least the ' +
      'columns engine, gpu, model, metric and value';
    throw new InputError([{ path: [], message }]);
  }
  const asJson = wantsJsonRows(options);
  const name = options.engine ?? DEFAULT_ENGINE;
  const predictor = engineNamed(name);
  const rows = readMeasured(options.measured);
  const { catalog } = openLookups();
  const progress = await startProgress('accuracy', rows.length, options.quiet === true);
  const predict = rowPredictor(catalog, predictor);
  const results: ReturnType<typeof predict>[] = [];
  for (const row of rows) {
    results.push(predict(row));
    progress.to(results.length);
    if (results.length % BETWEEN_TURNS === 0) await new Promise(setImmediate);
  }
  progress.stop();
  const predictions = sortOut(results);
  if (asJson) await result(options, JSON.stringify(accuracyRecord(predictions, name), undefined, 2));
  else if (options.output !== undefined && options.output !== '-') await result(options, rowsAsCsv(predictions));
  else await result(options, accuracyText(predictions, errorGroups(predictions.rows)));
}
