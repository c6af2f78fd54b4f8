import { parse } from 'csv-parse/sync';
import { COLUMNS, type MeasuredRow, NEEDED } from '../analysis/accuracy/measured-row.ts';
import { nearestName } from '../math/edit-distance.ts';
import { printable, shown } from '../schema/printable.ts';
import { ofAnotherKind } from './file-likeness.ts';
import { LocatedError } from './located-error.ts';
import { readRegular, refusedFile } from './regular-file.ts';

const LARGEST = 256 * 2 ** 20;

interface Line {
  line: number;
  record: readonly string[];
}

const KNOWN = `a CSV with a header of at least ${NEEDED.join(', ')}`;

function linesOf(path: string, name: string, known: string): Line[] {
  const bytes = readRegular(path, name, LARGEST);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const lines: Line[] = [];
    const keep = (record: string[], { lines: line }: { lines: number }) => {
      lines.push({ line, record });
      return null;
    };
    parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true, on_record: keep });
    return lines;
  } catch (error) {
    const line = (error as { lines?: number }).lines;
    if (line === undefined || line === 1) throw refusedFile(name, ofAnotherKind(path, known));
    const message = 'is not a CSV file of UTF-8 text';
    throw new LocatedError([{ file: name, line, path: [], message }]);
  }
}

/** Every column that is missing or stands twice, with the header that was probably meant for it. */
function refuseBadHeader(path: string, name: string, header: readonly string[], expected: string): void {
  if (!header.some((column) => COLUMNS.some((known) => known === column))) {
    throw new LocatedError([{ file: name, line: 1, col: 1, path: [], message: ofAnotherKind(path, expected) }]);
  }
  const refuse = (message: string, at: number) => ({ file: name, line: 1, col: at, path: [], message });
  const unknown = header.filter((column) => !COLUMNS.some((known) => known === column));
  const missing = NEEDED.filter((column) => !header.includes(column)).map((column) => {
    const near = nearestName(column, unknown);
    return refuse(`no column "${column}"${near === undefined ? '' : `; is it ${shown(near)}?`}`, 1);
  });
  const twice = header.filter((column, at) => header.indexOf(column) !== at);
  const problems = [...missing, ...twice.map((column) => refuse(`the column ${shown(column)} stands twice`, 1))];
  if (problems.length > 0) throw new LocatedError(problems);
}

/**
 * A table of measurements: a header line and one measured value a line. Columns may come in any order, those that a
 * prediction can do without may be missing, and others are kept as they are.
 *
 * @param known what the caller reads, to be told where the file is none of it
 */
export function readMeasured(path: string, known: string = KNOWN): MeasuredRow[] {
  const name = printable(path);
  const [head, ...body] = linesOf(path, name, known);
  const header = (head?.record ?? []).map((column) => column.trim());
  refuseBadHeader(path, name, header, known);
  if (body.length === 0) throw refusedFile(name, 'the file has no rows');
  return body.map(({ line, record }) => ({
    line,
    cells: Object.fromEntries(header.map((column, i) => [column, record[i] ?? ''])),
  }));
}
