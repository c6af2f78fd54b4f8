import type { Result } from '../result/record.ts';
import {
  apiBillTable,
  apiTerms,
  basisTable,
  billTable,
  comparisonTable,
  errorSentence,
  facts,
  headline,
  metricTable,
  notCountedSentence,
  priceUnits,
  utilizationSpark,
  waterfallTable,
} from './run-sections.ts';
import { markdownTable, type Table, textTable } from './table.ts';
import { verdictSentence } from './verdict-sentence.ts';

export interface TextOptions {
  verbose: boolean;
  bold: (text: string) => string;
  /** The file's name, for the next command to try. */
  file: string;
}

/** A default as read: a computed fraction to six digits, anything else as it is. */
function shortValue<T>(value: T): T | number {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

function defaultsTable(result: Result): Table {
  return {
    columns: [
      { label: 'Default used', align: 'left' },
      { label: 'value', align: 'left' },
      { label: 'from', align: 'left' },
    ],
    rows: result.defaults_used.map((entry) => [
      entry.path,
      `${shortValue(entry.value)}${entry.unit === undefined ? '' : ` ${entry.unit}`}`,
      entry.source,
    ]),
  };
}

function detail(result: Result): string[] {
  const units = priceUnits(result);
  const apiBill = apiBillTable(result);
  return [
    ...textTable(billTable(result)),
    '',
    ...textTable(basisTable(result)),
    '',
    ...(apiBill === undefined ? [] : [...textTable(apiBill), ...apiTerms(result).map((line) => `  ${line}`), '']),
    ...(units === undefined ? [] : [`  ${units}`]),
    `  ${utilizationSpark(result)}`,
    '',
    ...textTable(metricTable(result)),
    '',
    ...textTable(defaultsTable(result)),
  ];
}

/** Facts begin in this column and break before the other. */
const FACT_INDENT = 11;
const WIDTH = 120;

/** A text broken between words, its first line behind `head` and the others below its start. */
function wrapped(text: string, head: string): string[] {
  const lines: string[] = [];
  let line = head;
  for (const word of text.split(' ')) {
    const isStart = line.length <= FACT_INDENT;
    if (!isStart && [...line].length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' '.repeat(FACT_INDENT) + word;
    } else {
      line += isStart ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}

/** A run on a terminal. The last line is the answer. */
export function runText(result: Result, options: TextOptions): string {
  const { title, when, what } = headline(result);
  const table = (content: Table) => {
    const [header, ...rows] = textTable(content);
    return [options.bold(header ?? ''), ...rows];
  };
  const missing = notCountedSentence(result);
  const error = result.waterfall.length > 0 ? errorSentence(result) : undefined;
  const more = options.verbose
    ? ''
    : `Defaults used: ${result.defaults_used.length}. More: rackrate run ${options.file} -v`;
  const lines = [
    `${options.bold(title)}${' '.repeat(Math.max(3, 100 - title.length - when.length))}${when}`,
    what,
    '',
    ...facts(result).flatMap(([label, text]) => wrapped(text, `  ${label}`.padEnd(FACT_INDENT))),
    '',
    ...(result.waterfall.length > 0 ? [...table(waterfallTable(result)), ''] : []),
    ...(result.comparisons.length > 0 ? [...table(comparisonTable(result)), ''] : []),
    ...(options.verbose ? [...detail(result), ''] : []),
    ...(error === undefined ? [] : [error]),
    ...(missing === undefined ? [] : [missing]),
    ...(more === '' ? [] : [more]),
    options.bold(verdictSentence(result)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same run as Markdown, to paste into a document. */
export function runMarkdown(result: Result): string {
  const { title, when, what } = headline(result);
  const missing = notCountedSentence(result);
  const lines = [
    `# ${title}`,
    '',
    `${when}. ${what}.`,
    '',
    `**${verdictSentence(result)}**`,
    '',
    ...facts(result).map(([label, text]) => `- **${label}** ${text}`),
    '',
    ...(result.waterfall.length > 0 ? [...markdownTable(waterfallTable(result)), ''] : []),
    ...(result.comparisons.length > 0 ? [...markdownTable(comparisonTable(result)), ''] : []),
    ...markdownTable(billTable(result)),
    '',
    ...(missing === undefined ? [] : [missing, '']),
    ...result.warnings.map((warning) => `> ${warning}`),
    '## Defaults used',
    '',
    ...markdownTable(defaultsTable(result)),
  ];
  return `${lines.join('\n')}\n`;
}
