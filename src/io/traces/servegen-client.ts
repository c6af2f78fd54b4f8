import { printable, shown } from '../../schema/printable.ts';
import type { LocatedError } from '../located-error.ts';
import { readRegular, refusedFile } from '../regular-file.ts';
import { CsvRows, MOST_TOKENS } from './csv-rows.ts';
import { quoted, TextLines } from './text-lines.ts';

const FAMILIES = ['Exponential', 'Gamma', 'Weibull'] as const;
export type ArrivalFamily = (typeof FAMILIES)[number];

/** How one client's requests arrive for a while: a renewal process of this family and shape, at this mean rate. */
export interface RateWindow {
  start: number;
  end: number;
  perSecond: number;
  family: ArrivalFamily;
  /** Shape parameter of the fitted gamma or Weibull distribution; 1 for exponential. */
  shape: number;
}

/** Token counts and the shares of requests that have at most so many. */
export interface Histogram {
  tokens: Int32Array;
  cumulative: Float64Array;
}

/** Lengths from a moment on, until the next ones. */
export interface LengthWindow {
  start: number;
  /** Read when first asked for: most of a client's text is histograms. */
  input(): Histogram;
  output(): Histogram;
}

export interface ServeGenClient {
  /** The N of its files. */
  number: number;
  start: number;
  end: number;
  windows: readonly RateWindow[];
  lengths: readonly LengthWindow[];
}

/** Columns of `chunk-N-trace.csv`, which has no header. */
const COLUMNS = ['start', 'rate', 'cv', 'family', 'arg1', 'arg2'] as const;
const LATEST = 1e11;
const LARGEST = 64 * 1024 * 1024;

/** Both files of a client: its rate window by window, and its lengths. */
export function readServeGenClient(number: number, tracePath: string, dataPath: string): ServeGenClient {
  const windows = readWindows(tracePath);
  const last = windows.at(-1);
  const lengths = readLengths(dataPath);
  return { number, start: windows[0]?.start ?? 0, end: last?.end ?? 0, windows, lengths };
}

/** Every row of the file, silent windows too, which the requests' reader passes over. */
function readWindows(path: string): RateWindow[] {
  const lines = new TextLines(path);
  try {
    const rows = new CsvRows(lines, COLUMNS);
    const windows: RateWindow[] = [];
    while (rows.next()) {
      const window = readWindow(rows);
      const before = windows.at(-1);
      if (before !== undefined) {
        if (window.start <= before.start) throw rows.fault(0, `expected more than the ${before.start} s above it`);
        before.end = window.start;
      }
      windows.push(window);
    }
    const [beforeLast, last] = windows.slice(-2);
    if (beforeLast === undefined || last === undefined) {
      throw lines.fault('expected at least two windows, which tell how long one is');
    }
    last.end = last.start + (last.start - beforeLast.start);
    return windows;
  } finally {
    lines.close();
  }
}

function readWindow(rows: CsvRows): RateWindow {
  const start = rows.decimal(0, LATEST);
  const perSecond = rows.decimal(1, MOST_TOKENS);
  if (perSecond === 0) return { start, end: start, perSecond, family: 'Exponential', shape: 1 };
  const name = rows.text(3);
  const family = FAMILIES.find((known) => known === name);
  if (family === undefined) throw rows.fault(3, `expected one of ${FAMILIES.join(', ')}`);
  const shape = family === 'Exponential' ? 1 : rows.decimal(4, 1e6);
  if (!(shape > 0)) throw rows.fault(4, 'expected a shape above 0');
  return { start, end: start, perSecond, family, shape };
}

/** A block of keys; anything else has none. */
function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/**
 * Lengths by the second they begin at. A reasoning model's `output_tokens` count what it thinks too, of which
 * `reason_ratio` says the share; that split is not needed here.
 */
function readLengths(path: string): LengthWindow[] {
  const name = printable(path);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(readRegular(path, name, LARGEST)));
  } catch (error) {
    throw error instanceof SyntaxError || error instanceof TypeError
      ? refusedFile(name, 'the file is not valid JSON')
      : error;
  }
  const windows = entriesOf(value).flatMap(([key, lengths]): LengthWindow[] => {
    const start = /^\d{1,12}$/.test(key) ? Number(key) : undefined;
    if (start === undefined) throw refusedFile(name, `expected the second a window begins at, got ${shown(key)}`);
    const of = new Map(entriesOf(lengths));
    const text = (what: string): string => {
      const histogram = of.get(what);
      if (typeof histogram === 'string') return histogram;
      throw refusedFile(name, `${key}.${what}: expected a histogram as text, got ${shown(histogram)}`);
    };
    const [input, output] = [text('input_tokens'), text('output_tokens')];
    if (input === '{}' || output === '{}') return [];
    const refuse = (what: string) => (problem: string) => refusedFile(name, `${key}.${what}: ${problem}`);
    return [
      {
        start,
        input: once(() => readHistogram(input, refuse('input_tokens'))),
        output: once(() => readHistogram(output, refuse('output_tokens'))),
      },
    ];
  });
  if (windows.length === 0) throw refusedFile(name, 'there are no lengths in it');
  return windows.toSorted((a, b) => a.start - b.start);
}

function once<T>(read: () => T): () => T {
  let known: T | undefined;
  return () => {
    known ??= read();
    return known;
  };
}

const ENTRY = /^ ?(\d{1,9}): ?(\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?)$/;

/** `{45: 0.0097, 46: 0.0117}`: token counts with their shares, as Python prints them. */
function readHistogram(text: string, refuse: (problem: string) => LocatedError): Histogram {
  const entries = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1).split(',') : [text];
  const tokens = new Int32Array(entries.length);
  const cumulative = new Float64Array(entries.length);
  let sum = 0;
  for (const [index, entry] of entries.entries()) {
    const match = ENTRY.exec(entry);
    const count = Number(match?.[1]);
    if (match === null || count > MOST_TOKENS)
      throw refuse(`expected entries such as 45: 0.0097, got ${quoted(entry.trim())}`);
    sum += Number(match[2]);
    tokens[index] = count;
    cumulative[index] = sum;
  }
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) throw refuse('the shares must add up to more than 0');
  return { tokens, cumulative };
}
