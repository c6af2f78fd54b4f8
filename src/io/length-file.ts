import { parse } from 'csv-parse/sync';
import type { ColumnAnswer, ColumnSource } from '../scenario/column-source.ts';
import { printable, shown } from '../schema/printable.ts';
import { LocatedError } from './located-error.ts';
import { readRegular } from './regular-file.ts';

/** Lists longer than this say no more of a distribution than a sample of them would. */
const MOST_ROWS = 1_000_000;
const LARGEST = 64 * 2 ** 20;
const MOST_TOKENS = 1e8;

type Row = readonly string[];

function rowsOf(file: string): Row[] {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(readRegular(file, printable(file), LARGEST));
  return parse(text, { bom: true, skip_empty_lines: true, trim: true, to_line: MOST_ROWS + 2 });
}

/** Messages name the row and what was asked for, never what stands in the file. */
function columnOf(rows: readonly Row[], name: string): number[] | string {
  const [header = [], ...body] = rows;
  const at = header.indexOf(name);
  if (at < 0) return `the file has no column ${shown(name)}`;
  const values: number[] = [];
  for (const [index, row] of body.entries()) {
    const text = row[at] ?? '';
    const value = Number(text);
    if (text === '' || !(value >= 1 && value <= MOST_TOKENS)) {
      return `row ${index + 1} of column ${shown(name)} is not a number of tokens from 1 to ${MOST_TOKENS}`;
    }
    values.push(value);
  }
  return values;
}

function readColumns(file: string, names: readonly string[]): ColumnAnswer {
  let rows: Row[];
  try {
    rows = rowsOf(file);
  } catch (error) {
    const reason = error instanceof LocatedError ? error.problems[0]?.message : 'is not a CSV file of UTF-8 text';
    return { found: false, problem: `${printable(file)}: ${reason ?? 'the file cannot be read'}` };
  }
  if (rows.length < 2) return { found: false, problem: `${printable(file)}: the file has no rows` };
  if (rows.length - 1 > MOST_ROWS) {
    return { found: false, problem: `${printable(file)}: more than ${MOST_ROWS.toLocaleString('en-US')} rows` };
  }
  const columns: number[][] = [];
  for (const [column, name] of names.entries()) {
    const values = columnOf(rows, name);
    if (typeof values === 'string') return { found: false, problem: `${printable(file)}: ${values}`, column };
    columns.push(values);
  }
  return { found: true, columns };
}

/** Columns of CSV files, each read once however often a sweep asks. Paths are relative to the working folder. */
export function openColumns(): ColumnSource {
  const known = new Map<string, ColumnAnswer>();
  return (file, names) => {
    const key = JSON.stringify([file, ...names]);
    const answer = known.get(key) ?? readColumns(file, names);
    known.set(key, answer);
    return answer;
  };
}
