import { closeSync, existsSync, ftruncateSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { openRegular, readNext, refusedFile } from './regular-file.ts';
import { WriteError } from './write-file.ts';

/** Rows of a long run as they come, each one line of JSON. */
export interface RowStore {
  /** Rows that it holds, those of an earlier run included. */
  readonly rows: number;
  /** Columns of its rows, in the order in which they first came. */
  readonly columns: ReadonlySet<string>;
  add(lines: readonly string[], columns: readonly string[]): void;
  lines(): Iterable<string>;
  /** Forgets the rows, once they are written elsewhere. */
  discard(): void;
  close(): void;
}

/** Rows held in memory, for a result that goes to the standard output. */
export function memoryStore(): RowStore {
  const held: string[] = [];
  const columns = new Set<string>();
  return {
    get rows() {
      return held.length;
    },
    columns,
    add(lines, more) {
      for (const line of lines) held.push(line);
      for (const column of more) columns.add(column);
    },
    lines: () => held,
    discard: () => {},
    close: () => {},
  };
}

const HEADER = 'rackrate.rows/v1';

/**
 * Rows held in a file, so that a run that was cut off, however it was, goes on where it stopped. The first line names
 * the run; a list among the rows names columns that the next rows bring, since a row lacks those it has no value for. A
 * last line that was cut short is dropped.
 *
 * @param run what tells this run from every other
 * @throws LocatedError where the file holds something else
 */
export function fileStore(path: string, run: string): RowStore {
  const columns = new Set<string>();
  const header = JSON.stringify({ schema: HEADER, run });
  const held = existsSync(path) ? heldRows(path, header, columns) : { rows: 0, bytes: 0 };
  const handle = openAt(path, held.bytes);
  const write = (lines: readonly string[]) => {
    try {
      if (lines.length > 0) writeFileSync(handle, `${lines.join('\n')}\n`);
    } catch (error) {
      throw new WriteError(`cannot write ${path}: ${(error as Error).message}`);
    }
  };
  if (held.bytes === 0) write([header]);
  let rows = held.rows;
  return {
    get rows() {
      return rows;
    },
    columns,
    add(lines, more) {
      const brought = more.filter((column) => !columns.has(column));
      write(brought.length > 0 ? [JSON.stringify(brought), ...lines] : lines);
      rows += lines.length;
      for (const column of brought) columns.add(column);
    },
    *lines() {
      let isHeader = true;
      for (const { line } of wholeLines(path)) {
        if (!isHeader && !isColumns(line)) yield line;
        isHeader = false;
      }
    },
    discard: () => rmSync(path, { force: true }),
    close: () => closeSync(handle),
  };
}

/** The file for more lines after its first so many bytes. */
function openAt(path: string, bytes: number): number {
  try {
    const handle = openSync(path, 'a', 0o666);
    ftruncateSync(handle, bytes);
    return handle;
  } catch (error) {
    throw new WriteError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/** Rows of an earlier run, their columns, and up to which byte the file is whole. */
function heldRows(path: string, header: string, columns: Set<string>): { rows: number; bytes: number } {
  let rows = 0;
  let bytes = 0;
  for (const { line, end } of wholeLines(path)) {
    if (bytes === 0 && line !== header) {
      throw refusedFile(path, 'holds an unfinished sweep of something else; delete it, or write to another file');
    }
    if (isColumns(line)) for (const column of JSON.parse(line) as string[]) columns.add(column);
    else if (bytes > 0) rows += 1;
    bytes = end;
  }
  return { rows, bytes };
}

const isColumns = (line: string) => line.startsWith('[');

const BLOCK = 1 << 16;

/** Lines that are ended, each with the number of bytes up to its end. */
function* wholeLines(path: string): Generator<{ line: string; end: number }> {
  const { handle } = openRegular(path, path);
  try {
    let rest = Buffer.alloc(0);
    let end = 0;
    const block = Buffer.alloc(BLOCK);
    for (let read = readNext(handle, block, 0, path); read > 0; read = readNext(handle, block, 0, path)) {
      let text = Buffer.concat([rest, block.subarray(0, read)]);
      for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10)) {
        end += at + 1;
        yield { line: text.toString('utf8', 0, at), end };
        text = text.subarray(at + 1);
      }
      rest = text;
    }
  } finally {
    closeSync(handle);
  }
}
