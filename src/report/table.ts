import { type Ink, PAPER, type Surface } from './surface.ts';

/** A table of finished texts, printed alike on screen and in Markdown. */
export interface Table {
  /** A label may run over the columns behind it whose own labels are empty. */
  columns: readonly { label: string; align: 'left' | 'right' }[];
  rows: readonly (readonly string[])[];
  /** What a cell is written in, where the surface shows it. */
  inkOf?: (row: number, column: number) => Ink | undefined;
}

const BETWEEN = 2;
/** A last column of prose is broken between words while it keeps this room; with less the table is folded. */
const LEAST_PROSE = 24;

const widthOf = (text: string): number => [...text].length;

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** As wide as the widest cell, and wide enough for each label over the columns it runs over. */
function columnWidths({ columns, rows }: Table): number[] {
  const widths = columns.map((_, i) => Math.max(0, ...rows.map((row) => widthOf(row[i] ?? ''))));
  columns.forEach(({ label }, i) => {
    const end = labelEnd(columns, i);
    const span = sum(widths.slice(i, end)) + BETWEEN * (end - i - 1);
    widths[i] = (widths[i] as number) + Math.max(0, widthOf(label) - span);
  });
  return widths;
}

/** The column behind the last that the label of column `i` may run over. */
function labelEnd(columns: Table['columns'], i: number): number {
  const next = columns.findIndex(({ label }, j) => j > i && label !== '');
  if (columns[i]?.label === '') return i + 1;
  return next === -1 ? columns.length : next;
}

function headerLine({ columns }: Table, widths: readonly number[]): string {
  let line = '';
  let at = 0;
  columns.forEach(({ label, align }, i) => {
    if (label !== '') {
      const room = Math.max(widths[i] as number, widthOf(label));
      line = line.padEnd(line.length + at - widthOf(line)) + pad(label, room, align);
    }
    at += (widths[i] as number) + BETWEEN;
  });
  return line;
}

/** Texts of at most `width` characters, broken between words, never before a per cent; a longer word stands alone. */
export function brokenText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ (?!%)/)) {
    const last = lines.at(-1);
    if (last === undefined || widthOf(last) + 1 + widthOf(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** The columns of a table in groups that fit side by side, the first column in each. */
function foldedColumns(widths: readonly number[], room: number): number[][] {
  const groups: number[][] = [];
  for (let i = 1; i < widths.length; i++) {
    const group = groups.at(-1);
    const wider = group === undefined ? [] : [...group, i];
    const width = sum(wider.map((j) => widths[j] as number)) + BETWEEN * (wider.length - 1);
    if (group === undefined || width > room) groups.push([0, i]);
    else group.push(i);
  }
  return groups.length === 0 ? [[0]] : groups;
}

function columnsOf(table: Table, chosen: readonly number[]): Table {
  const { inkOf } = table;
  return {
    columns: chosen.map((i) => table.columns[i] as Table['columns'][number]),
    rows: table.rows.map((row) => chosen.map((i) => row[i] ?? '')),
    ...(inkOf === undefined ? {} : { inkOf: (row, column) => inkOf(row, chosen[column] as number) }),
  };
}

function blockLines(table: Table, widths: readonly number[], indent: string, surface: Surface): string[] {
  const last = widths.length - 1;
  const prose = table.columns[last]?.align === 'left' ? (widths[last] as number) : Number.POSITIVE_INFINITY;
  const cellText = (cell: string, row: number, column: number) => {
    const text = pad(cell, widths[column] as number, table.columns[column]?.align ?? 'left');
    const shown = column === last ? text.trimEnd() : text;
    const ink = table.inkOf?.(row, column);
    return ink === undefined || shown.trim() === '' ? shown : surface.ink(ink, shown);
  };
  const line = (cells: readonly string[], row: number) =>
    (indent + cells.map((cell, column) => cellText(cell, row, column)).join(' '.repeat(BETWEEN))).trimEnd();
  const header = (indent + headerLine(table, widths)).trimEnd();
  return [
    surface.ink('bold', header),
    ...table.rows.flatMap((row, i) => {
      const [first = '', ...more] = brokenText(row[last] ?? '', prose);
      const blanks = row.slice(0, -1).map(() => '');
      return [[...row.slice(0, -1), first], ...more.map((text) => [...blanks, text])].map((cells) => line(cells, i));
    }),
  ];
}

/**
 * Columns two spaces apart, as wide as their widest cell; the header in the same alignment. A table too wide for the
 * surface is broken in its last column, if that is prose, and else folded: the columns that do not fit stand below,
 * behind the first column again.
 */
export function textTable(table: Table, indent = '  ', surface: Surface = PAPER): string[] {
  const room = surface.width - indent.length;
  const widths = columnWidths(table);
  const last = widths.length - 1;
  const before = sum(widths.slice(0, -1)) + BETWEEN * last;
  if (before + (widths[last] ?? 0) <= room) return blockLines(table, widths, indent, surface);
  if (table.columns[last]?.align === 'left' && room - before >= LEAST_PROSE) {
    return blockLines(table, [...widths.slice(0, -1), room - before], indent, surface);
  }
  return foldedColumns(widths, room).flatMap((chosen, i) => {
    const part = columnsOf(table, chosen);
    return [...(i === 0 ? [] : ['']), ...blockLines(part, columnWidths(part), indent, surface)];
  });
}

/** Padded too, so that it reads as a table before it is rendered; what Markdown or HTML would obey is escaped. */
export function markdownTable(table: Table): string[] {
  const escaped = (cell: string) => cell.replaceAll(/[\\|<]/g, (character) => `\\${character}`);
  const columns = table.columns.map((column) => ({ ...column, label: escaped(column.label) }));
  const rows = table.rows.map((row) => row.map(escaped));
  const widths = columns.map(({ label }, i) =>
    Math.max(3, widthOf(label), ...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => pad(cell, widths[i] as number, columns[i]?.align ?? 'left')).join(' | ')} |`;
  const rule = columns.map(({ align }, i) => {
    const dashes = '-'.repeat((widths[i] as number) - (align === 'right' ? 1 : 0));
    return align === 'right' ? `${dashes}:` : dashes;
  });
  return [line(columns.map(({ label }) => label)), `| ${rule.join(' | ')} |`, ...rows.map(line)];
}
