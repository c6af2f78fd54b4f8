import type { ErrorGroup } from '../analysis/accuracy/error-groups.ts';
import type { Predictions } from '../analysis/accuracy/predict-rows.ts';
import {
  answer,
  facetTables,
  groupTables,
  skipCounts,
  type TitledTable,
  totalsTable,
  worstTable,
} from './accuracy-tables.ts';
import type { Surface } from './surface.ts';
import { markdownTable, textTable } from './table.ts';

/** Reasons and their counts that are worth a line of the screen. */
const MOST_REASONS = 3;

function skippedLines(predictions: Predictions, most: number): string[] {
  const counts = skipCounts(predictions);
  if (counts.length === 0) return [];
  const more = counts.length - most;
  return [
    'Skipped',
    ...counts.slice(0, most).map(([why, count]) => `  ${count} x ${why}`),
    ...(more > 0 ? [`  and ${more} more reasons; --json has them all`] : []),
    '',
  ];
}

const MORE = 'More: -v by metric, engine, GPU, model and every group; -o FILE.csv every row; -o FILE.svg a picture.';

/** Predicted against measured on one screen: the errors, the worst groups, what was left out; with `verbose` all of it. */
export function accuracyText(
  predictions: Predictions,
  groups: readonly ErrorGroup[],
  verbose: boolean,
  surface: Surface,
): string {
  const lines = ({ title, table }: TitledTable) =>
    title === undefined
      ? [...textTable(table, '', surface), '']
      : [surface.ink('bold', title), ...textTable(table, '  ', surface), ''];
  return [
    ...(verbose ? groupTables(predictions.rows, groups).flatMap(lines) : []),
    ...totalsTable(predictions).flatMap(lines),
    ...(verbose ? facetTables(predictions).flatMap(lines) : []),
    ...worstTable(groups).flatMap(lines),
    ...skippedLines(predictions, verbose ? Number.POSITIVE_INFINITY : MOST_REASONS),
    ...(verbose ? [] : [MORE]),
    surface.ink('bold', answer(predictions)),
  ].join('\n');
}

/** The same as a document, every group and every reason in it. */
export function accuracyMarkdown(predictions: Predictions, groups: readonly ErrorGroup[]): string {
  const lines = ({ title, table }: TitledTable) => [
    ...(title === undefined ? [] : [`## ${title}`, '']),
    ...markdownTable(table),
    '',
  ];
  const reasons = skipCounts(predictions).map(([why, count]) => [String(count), why]);
  const skipped: TitledTable = {
    title: 'Skipped',
    table: {
      columns: [
        { label: 'rows', align: 'right' },
        { label: 'why', align: 'left' },
      ],
      rows: reasons,
    },
  };
  return [
    '# Predicted against measured',
    '',
    answer(predictions),
    '',
    ...totalsTable(predictions).flatMap(lines),
    ...facetTables(predictions).flatMap(lines),
    ...worstTable(groups).flatMap(lines),
    ...groupTables(predictions.rows, groups).flatMap(lines),
    ...(reasons.length === 0 ? [] : lines(skipped)),
  ].join('\n');
}
