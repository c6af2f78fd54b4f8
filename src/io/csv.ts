/** A cell: numbers keep all their digits, undefined is an empty cell. */
export type Cell = string | number | boolean | undefined;

/**
 * One line of RFC 4180 without its line end.
 *
 * A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers never do, so a negative number
 * stays one. NaN and infinity throw: a metric that cannot be known is absent, and a program must not write it.
 */
export function csvLine(cells: readonly Cell[]): string {
  const line = cells.map(csvCell).join(',');
  return line === '' ? '""' : line;
}

function csvCell(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') {
    if (!Number.isFinite(cell)) throw new RangeError(`${cell} cannot stand in a CSV file`);
    return String(cell);
  }
  if (typeof cell === 'boolean') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table with a heading line. Rows may lack columns; what they have beyond the columns is left out. */
export function toCsv(columns: readonly string[], rows: Iterable<Readonly<Record<string, Cell>>>): string {
  return [...csvParts(columns, rows)].join('');
}

/** The same table in parts, for one that is too long to hold as a text. */
export function* csvParts(
  columns: readonly string[],
  rows: Iterable<Readonly<Record<string, Cell>>>,
): Generator<string> {
  yield `${csvLine(columns)}\n`;
  for (const row of rows) yield `${csvLine(columns.map((column) => row[column]))}\n`;
}
