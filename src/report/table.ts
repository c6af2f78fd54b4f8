/** A table of finished texts, printed alike on screen and in Markdown. */
export interface Table {
  columns: readonly { label: string; align: 'left' | 'right' }[];
  rows: readonly (readonly string[])[];
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - [...text].length));
  return align === 'left' ? text + space : space + text;
}

/** Columns two spaces apart, as wide as their widest cell; the header in the same alignment. */
export function textTable(table: Table, indent = '  '): string[] {
  const widths = table.columns.map((column, i) =>
    Math.max([...column.label].length, ...table.rows.map((row) => [...(row[i] ?? '')].length)),
  );
  const line = (cells: readonly string[]) =>
    (
      indent + cells.map((cell, i) => pad(cell, widths[i] as number, table.columns[i]?.align ?? 'left')).join('  ')
    ).trimEnd();
  return [line(table.columns.map((column) => column.label)), ...table.rows.map(line)];
}

export function markdownTable(table: Table): string[] {
  const escaped = (cell: string) => cell.replaceAll('|', '\\|');
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  const rule = table.columns.map((column) => (column.align === 'right' ? '---:' : '---'));
  return [line(table.columns.map((column) => column.label)), `| ${rule.join(' | ')} |`, ...table.rows.map(line)];
}
