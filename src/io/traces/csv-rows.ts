import { formatCount } from '../../units/format.ts';
import type { LocatedError } from '../located-error.ts';
import { quoted, type TextLines } from './text-lines.ts';

/** More tokens than any prompt or answer has; beyond it a column holds something else. */
export const MOST_TOKENS = 1e8;

const COMMA = 44;
const ZERO = 48;
const DECIMAL = /^\d+(\.\d+)?([eE][+-]?\d{1,3})?$/;

/**
 * Rows of numbers divided by commas. Nothing is quoted in such a file, so a quote is a fault like any other character
 * that is not part of a number.
 */
export class CsvRows {
  readonly lines: TextLines;
  private readonly columns: readonly string[];
  /** Where each field of the row ends. */
  private readonly ends: Int32Array;
  private row = '';

  constructor(lines: TextLines, columns: readonly string[]) {
    this.lines = lines;
    this.columns = columns;
    this.ends = new Int32Array(columns.length);
  }

  /** Reads the next row; whether there was one. */
  next(): boolean {
    const row = this.lines.next();
    if (row === undefined) return false;
    this.row = row;
    const width = this.columns.length;
    let found = 0;
    for (let i = 0; i < row.length; i++) {
      if (row.charCodeAt(i) !== COMMA) continue;
      if (found < width) this.ends[found] = i;
      found++;
    }
    if (found < width) this.ends[found] = row.length;
    if (found + 1 !== width) throw this.wrongWidth(found + 1);
    return true;
  }

  text(column: number): string {
    return this.row.slice(this.start(column), this.ends[column]);
  }

  /** A whole number between two limits; `undefined` never stands for a number, so an empty field is a fault. */
  whole(column: number, least: number, most: number): number {
    const start = this.start(column);
    const end = this.ends[column] as number;
    let value = end > start && end - start <= 15 ? 0 : Number.NaN;
    for (let i = start; i < end; i++) {
      const digit = this.row.charCodeAt(i) - ZERO;
      if (digit < 0 || digit > 9) value = Number.NaN;
      value = value * 10 + digit;
    }
    if (value >= least && value <= most) return value;
    throw this.fault(column, `expected a whole number from ${formatCount(least)} to ${formatCount(most)}`);
  }

  /** A number that is not negative. */
  decimal(column: number, most: number): number {
    const text = this.text(column);
    const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
    if (value <= most) return value;
    throw this.fault(column, `expected a number from 0 to ${formatCount(most)}`);
  }

  /** A fault of one field, which the message quotes. */
  fault(column: number, expected: string): LocatedError {
    const text = this.text(column);
    return this.faultAt(column, `${expected}, got ${text === '' ? 'nothing' : quoted(text)}`);
  }

  /** A fault of one field whose message says all there is to say. */
  faultAt(column: number, message: string): LocatedError {
    return this.lines.fault(`${this.columns[column]}: ${message}`, this.start(column) + 1);
  }

  private start(column: number): number {
    return column === 0 ? 0 : (this.ends[column - 1] as number) + 1;
  }

  private wrongWidth(found: number): LocatedError {
    const cut = this.lines.isUnfinished ? '; the file seems to be cut off here' : '';
    const wanted = `${this.columns.length} fields (${this.columns.join(',')})`;
    return this.lines.fault(`expected ${wanted}, got ${found}${cut}`);
  }
}
