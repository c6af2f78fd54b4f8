import type { ErrorGroup } from '../analysis/accuracy/error-groups.ts';
import type { Predictions } from '../analysis/accuracy/predict-rows.ts';
import { answer, groupTables, skipCounts, summaryTables, type TitledTable } from './accuracy-tables.ts';
import { markdownTable, textTable } from './table.ts';

/** Reasons and their counts that are worth a line of the screen. */
const MOST_REASONS = 10;

function skippedLines(predictions: Predictions): string[] {
  const counts = skipCounts(predictions);
  if (counts.length === 0) return [];
  const more = counts.length - MOST_REASONS;
  return [
    'Skipped',
    ...counts.slice(0, MOST_REASONS).map(([why, count]) => `  ${count} x ${why}`),
    ...(more > 0 ? [`  and ${more} more reasons; --json has them all`] : []),
    '',
  ];
}

/** Predicted against measured for people: the summary, with `verbose` every group, what was left out, the answer. */
export function accuracyText(
  predictions: Predictions,
  groups: readonly ErrorGroup[],
  verbose: boolean | undefined,
): string {
  const lines = ({ title, table }: TitledTable) =>
    title === undefined ? [...textTable(table, ''), ''] : [title, ...textTable(table), ''];
  return [
    ...(verbose === true ? groupTables(predictions.rows, groups).flatMap(lines) : []),
    ...summaryTables(predictions, groups).flatMap(lines),
    ...skippedLines(predictions),
    answer(predictions),
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
    ...summaryTables(predictions, groups).flatMap(lines),
    ...groupTables(predictions.rows, groups).flatMap(lines),
    ...(reasons.length === 0 ? [] : lines(skipped)),
  ].join('\n');
}
