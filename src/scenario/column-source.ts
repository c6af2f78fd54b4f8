/** Columns of numbers of a file, row by row, or why they cannot be had and which column is at fault, if one is. */
export type ColumnAnswer =
  | { found: true; columns: readonly (readonly number[])[] }
  | { found: false; problem: string; column?: number };

/** Where lists of token counts come from: files beside a scenario, or whatever a page carries. */
export type ColumnSource = (file: string, columns: readonly string[]) => ColumnAnswer;
