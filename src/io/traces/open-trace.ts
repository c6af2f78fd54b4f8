import { statSync } from 'node:fs';
import { didYouMean } from '../../math/edit-distance.ts';
import type { TraceRequest } from '../../traffic/trace-request.ts';
import { ofAnotherKind } from '../file-likeness.ts';
import { AZURE_COLUMNS, azureRequests } from './azure.ts';
import { CsvRows } from './csv-rows.ts';
import { looksLikeMooncake, mooncakeRequests } from './mooncake.ts';
import { OWN_COLUMNS, OWN_EXTRAS, ownRequests } from './own-columns.ts';
import { openServeGen, type ServeGenChoice } from './servegen.ts';
import { quoted, TextLines } from './text-lines.ts';
import type { Trace } from './trace.ts';

export type { Trace };

const WEEK = 7 * 86_400;
/** 1 January 1970 was a Thursday. */
const THURSDAY = 3 * 86_400;
const MEGABYTE = 1e6;

const KNOWN =
  `the header ${AZURE_COLUMNS.join(',')} (Azure) or ${OWN_COLUMNS.join(',')} (our own), ` +
  'a JSON object a line with timestamp, input_length and output_length (Mooncake), or a folder (ServeGen)';

/**
 * Opens a trace of any known format, told apart by what the file begins with, not by its name. Reads as far as the
 * first request, so that a file that is no trace is refused here.
 *
 * @param choice for ServeGen, whose requests are drawn: the seed and the part of its time
 */
export function openTrace(path: string, choice: ServeGenChoice = { seed: 0 }): Trace {
  if (isFolder(path)) return openServeGen(path, choice);
  const lines = new TextLines(path);
  try {
    return openFile(lines, path);
  } catch (error) {
    lines.close();
    throw error;
  }
}

/** Only chooses the way to open it, which looks again. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function openFile(lines: TextLines, path: string): Trace {
  const head = lines.next()?.replace(/^ï»¿/, '');
  if (head === undefined) throw lines.fault(ofAnotherKind(path, KNOWN));
  const extent = {
    unit: 'MB' as const,
    total: lines.size / MEGABYTE,
    done: () => lines.bytesRead / MEGABYTE,
  };
  if (head.startsWith('{')) {
    if (!looksLikeMooncake(head)) throw lines.fault(ofAnotherKind(path, KNOWN));
    return { format: 'mooncake', extent, requests: opened(mooncakeRequests(head, lines), lines) };
  }
  const columns = head.split(',').map((name) => name.trim());
  const rows = new CsvRows(lines, columns);
  const at = (names: readonly string[]) => names.map((name) => columns.indexOf(name));
  if (formatOf(columns, lines, path) === 'rackrate') {
    checkHeader(columns, OWN_COLUMNS, OWN_EXTRAS, lines);
    return {
      format: 'rackrate',
      extent,
      requests: opened(ownRequests(rows, at([...OWN_COLUMNS, ...OWN_EXTRAS])), lines),
    };
  }
  checkHeader(columns, AZURE_COLUMNS, [], lines);
  let start = 0;
  const requests = opened(
    azureRequests(rows, at(AZURE_COLUMNS), (seconds) => {
      start = seconds;
    }),
    lines,
  );
  const secondsOfWeek = (((start + THURSDAY) % WEEK) + WEEK) % WEEK;
  return { format: 'azure', extent, requests, clock: { secondsOfWeek, zone: 'UTC', weekday: 'known' } };
}

/** The format that has one of the header's columns. */
function formatOf(columns: readonly string[], lines: TextLines, path: string): 'azure' | 'rackrate' {
  const known = (names: readonly string[]) => columns.some((column) => names.includes(column));
  if (known([...OWN_COLUMNS, ...OWN_EXTRAS])) return 'rackrate';
  if (known(AZURE_COLUMNS)) return 'azure';
  throw lines.fault(ofAnotherKind(path, KNOWN));
}

function checkHeader(
  columns: readonly string[],
  needed: readonly string[],
  extra: readonly string[],
  lines: TextLines,
): void {
  const known = [...needed, ...extra];
  let col = 1;
  for (const [index, column] of columns.entries()) {
    if (!known.includes(column))
      throw lines.fault(`there is no column ${quoted(column)}${didYouMean(column, known)}`, col);
    if (columns.indexOf(column) !== index) throw lines.fault(`the column ${column} is there twice`, col);
    col += column.length + 1;
  }
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length > 0) throw lines.fault(`the header lacks ${missing.join(', ')}`);
}

/**
 * The requests with the first of them read. The file is closed once they end, fail or are left (`break` in a loop
 * over them).
 */
function opened(requests: Generator<TraceRequest>, lines: TextLines): IterableIterator<TraceRequest> {
  const read = (): IteratorResult<TraceRequest> => {
    try {
      const step = requests.next();
      if (step.done === true) lines.close();
      return step;
    } catch (error) {
      lines.close();
      throw error;
    }
  };
  let first: IteratorResult<TraceRequest> | undefined = read();
  if (first.done === true) throw lines.fault('there are no requests below the header');
  return {
    next() {
      const step = first ?? read();
      first = undefined;
      return step;
    },
    return() {
      lines.close();
      return requests.return(undefined);
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}
