/** The columns of a table of measurements, in its order; all but the first few may be blank or missing. */
export const COLUMNS = [
  'source_id',
  'source',
  'source_date',
  'engine',
  'gpu',
  'num_gpus',
  'tp',
  'pp',
  'ep',
  'dp',
  'model',
  'weight_dtype',
  'kv_dtype',
  'scenario',
  'isl',
  'osl',
  'concurrency_or_batch',
  'request_rate',
  'metric',
  'value',
  'notes',
] as const;
type Column = (typeof COLUMNS)[number];

/** Columns without which there is nothing to predict. */
export const NEEDED: readonly Column[] = ['engine', 'gpu', 'model', 'metric', 'value'];

/** Columns whose cells are numbers where they are not blank. */
export const NUMERIC: readonly Column[] = [
  'num_gpus',
  'tp',
  'pp',
  'ep',
  'dp',
  'isl',
  'osl',
  'concurrency_or_batch',
  'value',
];

/** One line of the table as it stands there: every cell as text, also those of columns we do not know. */
export interface MeasuredRow {
  line: number;
  cells: Readonly<Record<string, string>>;
}

/** Why a row is left out; thrown by whatever finds that it cannot be predicted. */
export class Skip extends Error {}

export function textOf(row: MeasuredRow, column: Column): string {
  return (row.cells[column] ?? '').trim();
}

/** The number in a cell; undefined where it is blank. */
export function numberOf(row: MeasuredRow, column: Column): number | undefined {
  const text = textOf(row, column);
  if (text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Skip(`${column} is "${text}", not a number`);
  return value;
}

/** A whole number of at least one; `blank` where the cell is blank. */
export function countOf(row: MeasuredRow, column: Column, blank: number): number {
  const value = numberOf(row, column) ?? blank;
  if (!Number.isInteger(value) || value < 1) throw new Skip(`${column} is ${value}, not a number of things`);
  return value;
}
