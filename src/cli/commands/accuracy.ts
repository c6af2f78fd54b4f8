import { accuracyRecord, predictedCells } from '../../analysis/accuracy/accuracy-record.ts';
import { closedFormFigures } from '../../analysis/accuracy/closed-form-run.ts';
import type { Facet } from '../../analysis/accuracy/error-facets.ts';
import { errorGroups } from '../../analysis/accuracy/error-groups.ts';
import { type Predictions, type RunPredictor, rowPredictor, sortOut } from '../../analysis/accuracy/predict-rows.ts';
import { publishedRows } from '../../analysis/accuracy/published-rows.ts';
import { replayFigures } from '../../analysis/accuracy/replay-run.ts';
import { toCsv } from '../../io/csv.ts';
import { readMeasured } from '../../io/measured-file.ts';
import { didYouMean } from '../../math/edit-distance.ts';
import { accuracyPicture } from '../../report/accuracy-picture.ts';
import { accuracyMarkdown, accuracyText } from '../../report/accuracy-text.ts';
import { openLookups } from '../../run/open-lookups.ts';
import { InputError } from '../../schema/problem.ts';
import { type GlobalOptions, result, surfaceOf } from '../output.ts';
import { startProgress } from '../progress.ts';

export interface AccuracyOptions {
  measured?: string;
  engine?: string;
  by?: string;
}

const ENGINES: ReadonlyMap<string, RunPredictor> = new Map([
  ['replay', replayFigures],
  ['closed-form', closedFormFigures],
]);
/** What a run asks too: the run of each row played request by request. */
const DEFAULT_ENGINE = 'replay';

const COLOURED_BY: ReadonlyMap<string, Facet> = new Map([
  ['engine', 'engine'],
  ['gpu', 'gpu'],
  ['model', 'model'],
]);

const FORMS = ['csv', 'json', 'md', 'svg', 'txt'] as const;
type Form = (typeof FORMS)[number];

/** Rows between two looks at the event loop, so that the bar moves and Ctrl-C is heard. */
const BETWEEN_TURNS = 16;

function refuse(message: string): never {
  throw new InputError([{ path: [], message }]);
}

function named<T>(option: string, name: string, known: ReadonlyMap<string, T>): T {
  const found = known.get(name);
  if (found !== undefined) return found;
  const names = [...known.keys()];
  return refuse(`${option} ${name}: expected ${names.join(' or ')}${didYouMean(name, names)}`);
}

function formOf(options: GlobalOptions): Form {
  const { output } = options;
  if (output === undefined || output === '-') return options.json === true ? 'json' : 'txt';
  const ending = /\.([a-z]+)$/i.exec(output)?.[1]?.toLowerCase();
  const form = FORMS.find((known) => known === ending);
  if (form === undefined) refuse(`cannot tell the form of ${output}; end it in .csv, .json, .md, .svg or .txt`);
  if (options.json === true && form !== 'json') refuse(`--json and ${output} ask for two forms; keep one`);
  return form;
}

function rowsAsCsv({ rows }: Predictions): string {
  const cells = rows.map(predictedCells);
  const columns = new Set(cells.flatMap((row) => Object.keys(row)));
  return toCsv([...columns], cells);
}

function written(form: Form, predictions: Predictions, engine: string, colour: Facet, options: GlobalOptions): string {
  const groups = errorGroups(predictions.rows);
  switch (form) {
    case 'json':
      return JSON.stringify(accuracyRecord(predictions, engine), undefined, 2);
    case 'csv':
      return rowsAsCsv(predictions);
    case 'md':
      return accuracyMarkdown(predictions, groups);
    case 'svg':
      return accuracyPicture(predictions, colour);
    case 'txt':
      return accuracyText(predictions, groups, options.verbose === true, surfaceOf(options));
  }
}

/** Predicted against measured: every row of a table of measurements predicted, or skipped with a reason. */
export async function showAccuracy(options: GlobalOptions & AccuracyOptions): Promise<void> {
  const form = formOf(options);
  const name = options.engine ?? DEFAULT_ENGINE;
  const predictor = named('--engine', name, ENGINES);
  const colour = named('--by', options.by ?? 'engine', COLOURED_BY);
  const { catalog } = openLookups();
  const rows = options.measured === undefined ? publishedRows(catalog) : readMeasured(options.measured);
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
  if (form === 'svg' && predictions.rows.length === 0) refuse('no row could be predicted, so there is nothing to draw');
  await result(options, written(form, predictions, name, colour, options));
}
