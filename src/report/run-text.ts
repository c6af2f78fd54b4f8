import type { Result } from '../result/record.ts';
import { formatQuantity } from '../units/format.ts';
import { assertionTable } from './assertion-table.ts';
import { comparisonNote, comparisonTable } from './comparison-table.ts';
import {
  apiBillTable,
  apiTerms,
  basisTable,
  billTable,
  errorSentence,
  facts,
  headline,
  metricTable,
  notCountedSentence,
  priceUnits,
  utilizationSpark,
} from './run-sections.ts';
import type { Surface } from './surface.ts';
import { brokenText, markdownTable, type Table, textTable } from './table.ts';
import { verdictSentence } from './verdict-sentence.ts';
import { waterfallFigures, waterfallTable } from './waterfall-table.ts';
import { weekLines } from './week-lines.ts';

export interface TextOptions {
  verbose: boolean;
  surface: Surface;
  /** The file's name, for the next command to try. */
  file: string;
  /** Where a promise of the scenario is written. */
  placeOf: (index: number) => string;
}

/** A default as read: bytes with their prefix, a computed fraction to six digits, anything else as it is. */
function shortValue(value: unknown, unit: string | undefined): string {
  if (typeof value === 'number' && unit === 'B') return formatQuantity(value, unit);
  const short = typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  return `${short}${unit === undefined ? '' : ` ${unit}`}`;
}

function defaultsTable(result: Result): Table {
  return {
    columns: [
      { label: 'Default used', align: 'left' },
      { label: 'value', align: 'left' },
      { label: 'from', align: 'left' },
    ],
    rows: result.defaults_used.map((entry) => [entry.path, shortValue(entry.value, entry.unit), entry.source]),
  };
}

function detail(result: Result, surface: Surface): string[] {
  const units = priceUnits(result);
  const apiBill = apiBillTable(result);
  const table = (content: Table) => textTable(content, '  ', surface);
  return [
    ...table(billTable(result)),
    '',
    ...table(basisTable(result)),
    '',
    ...(apiBill === undefined ? [] : [...table(apiBill), ...apiTerms(result).map((line) => `  ${line}`), '']),
    ...(units === undefined ? [] : [`  ${units}`]),
    `  ${utilizationSpark(result)}`,
    '',
    ...table(metricTable(result)),
    '',
    ...table(defaultsTable(result)),
  ];
}

/** Facts begin in this column and break before the edge. */
const FACT_INDENT = 11;
/** The date of a run stands at the right of its title, no farther out than here. */
const HEAD_WIDTH = 100;

/** A text broken between words, its first line behind a label and the others below its start. */
function factLines(label: string, text: string, { width }: Surface): string[] {
  const lines = brokenText(text, width - FACT_INDENT);
  return lines.map((line, i) => `  ${i === 0 ? label : ''}`.padEnd(FACT_INDENT) + line);
}

function headLines(result: Result, surface: Surface): string[] {
  const { title, when, what } = headline(result);
  const gap = Math.min(HEAD_WIDTH, surface.width) - [...title].length - when.length;
  const name = surface.ink('bold', title);
  const first = gap >= 3 ? [`${name}${' '.repeat(gap)}${when}`] : [name, when];
  return [...first, ...brokenText(what, surface.width)];
}

/** A run on a terminal. The last line is the answer. */
export function runText(result: Result, { verbose, surface, file, placeOf }: TextOptions): string {
  const block = (content: Table | undefined, ...after: string[]) =>
    content === undefined ? [] : [...textTable(content, '  ', surface), ...after, ''];
  const missing = notCountedSentence(result);
  const error = result.waterfall.length > 0 ? errorSentence(result) : undefined;
  const [days, marks] = weekLines(result);
  const note = () =>
    brokenText(comparisonNote(result), surface.width - 2).map((line) => surface.ink('faint', `  ${line}`));
  const prose = [
    ...(error === undefined ? [] : [error]),
    ...(missing === undefined ? [] : [missing]),
    ...(verbose ? [] : [`Defaults used: ${result.defaults_used.length}. More: rackrate run ${file} -v`]),
  ];
  const lines = [
    ...headLines(result, surface),
    '',
    ...facts(result).flatMap(([label, text]) => factLines(label, text, surface)),
    ...(result.subject.requests_per_day > 0
      ? ['  week     '.padEnd(FACT_INDENT) + days, ' '.repeat(FACT_INDENT) + marks]
      : []),
    '',
    ...(result.waterfall.length > 0 ? block(waterfallTable(result, surface.width)) : []),
    ...(result.comparisons.length > 0 ? block(comparisonTable(result), ...note()) : []),
    ...block(assertionTable(result.assertions, placeOf)),
    ...(verbose ? [...detail(result, surface), ''] : []),
    ...prose,
    surface.ink('bold', verdictSentence(result)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Where the numbers of a bill come from, each source once. */
function sourceLines({ ledger }: Result): string[] {
  return [...new Set(ledger.filter(({ month }) => month <= 1).map(({ source }) => source))].map(
    (source) => `- ${source}`,
  );
}

/** The same run as Markdown, to paste into a memo. */
export function runMarkdown(result: Result, placeOf: (index: number) => string): string {
  const { title, when, what } = headline(result);
  const missing = notCountedSentence(result);
  const error = result.waterfall.length > 0 ? errorSentence(result) : undefined;
  const section = (name: string, body: readonly string[]) => (body.length === 0 ? [] : [`## ${name}`, '', ...body, '']);
  const promised = assertionTable(result.assertions, placeOf);
  const note = () => ['', comparisonNote(result).replace(' * ', ' \\* ')];
  const lines = [
    `# ${title}`,
    '',
    `${when}. ${what}.`,
    '',
    `**${verdictSentence(result)}**`,
    '',
    ...result.warnings.flatMap((warning) => [`> Warning: ${warning}`, '']),
    ...section(
      'Who is cheaper',
      result.comparisons.length > 0 ? [...markdownTable(comparisonTable(result)), ...note()] : [],
    ),
    ...section('What makes the price', result.waterfall.length > 0 ? markdownTable(waterfallFigures(result)) : []),
    ...(error === undefined ? [] : [error, '']),
    ...section('Bill of month 1', markdownTable(billTable(result))),
    ...(missing === undefined ? [] : [missing, '']),
    ...section(
      'The fleet',
      facts(result).map(([label, text]) => `- **${label}** ${text}`),
    ),
    ...section('Promises of the scenario', promised === undefined ? [] : markdownTable(promised)),
    ...section('Defaults used', markdownTable(defaultsTable(result))),
    ...section('Sources of the bill', sourceLines(result)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
