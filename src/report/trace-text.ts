import type { LengthFigures, TraceFigures } from '../traffic/trace-statistics.ts';
import type { TrafficBlock } from '../traffic/traffic-block.ts';
import { formatCount, formatSeconds, formatShare, significant } from '../units/format.ts';
import { sparkline } from './bars.ts';
import { textTable } from './table.ts';

/** What a trace amounts to, ready to print. */
export interface TraceReport {
  /** Safe to print. */
  file: string;
  format: string;
  figures: TraceFigures;
  block: TrafficBlock;
  notes: readonly string[];
}

const HOURS_PER_DAY = 24;
const LABEL = 11;

/** The statistics, and last the block that goes into a scenario. */
export function traceText(report: TraceReport): string {
  const { file, format, figures, notes } = report;
  return [
    `${file} (${format})`,
    '',
    ...facts(figures),
    '',
    ...lengthTable(figures),
    '',
    ...(notes.length === 0 ? [] : [...notes.map((note) => `  Note: ${note}.`), '']),
    'As the traffic of a scenario:',
    '',
    blockText(report.block),
  ].join('\n');
}

/** The block as a file of its own, which a scenario can extend or take in; what it stands for is its comment. */
export function traceBlockFile({ file, figures, block, notes }: TraceReport): string {
  const head = `${file}: ${formatCount(figures.requests)} requests over ${formatSeconds(figures.arrivals.span)}`;
  return `${[head, ...notes].map((line) => `# ${line}`).join('\n')}\n${blockText(block)}`;
}

function fact(label: string, text: string): string {
  return `  ${label.padEnd(LABEL)}${text}`;
}

function facts({ requests, arrivals, hourlyRates, repeats, cached, sessions, ...lengths }: TraceFigures): string[] {
  const { rate, peakMinuteRate: peak, cv, cvWithinHour } = arrivals;
  const rates = [
    ...(rate === undefined ? [] : [`${significant(rate)}/s on average`]),
    ...(peak === undefined ? [] : [`${significant(peak)}/s in the busiest minute`]),
  ];
  const hasHours = cvWithinHour !== undefined && hourlyRates !== undefined;
  const within = hasHours ? `, ${significant(cvWithinHour)} within an hour` : '';
  const { correlation, logCorrelation } = lengths;
  const lines = [fact('requests', `${formatCount(requests)} over ${formatSeconds(arrivals.span)}`)];
  if (rates.length > 0) lines.push(fact('rate', rates.join(', ')));
  if (cv !== undefined) lines.push(fact('gaps', `CV ${significant(cv)}${within} (1 is Poisson)`));
  if (correlation !== undefined && logCorrelation !== undefined) {
    const values = `${significant(correlation, 2)}, of their logarithms ${significant(logCorrelation, 2)}`;
    lines.push(fact('lengths', `correlation of input and output ${values}`));
  }
  if (repeats !== undefined) {
    const tokens = `${formatShare(repeats.prefixTokens)} of prompt tokens continue an earlier prompt's beginning`;
    lines.push(fact('repeats', `${formatShare(repeats.blocks)} of blocks were seen before; ${tokens}`));
  }
  if (cached !== undefined) lines.push(fact('cached', `${formatShare(cached)} of prompt tokens`));
  if (sessions !== undefined) {
    lines.push(fact('sessions', `${formatCount(sessions.count)} of ${significant(sessions.requestsEach)} requests`));
  }
  return [...lines, ...shapeLines(hourlyRates)];
}

/** One line a day, each hour relative to the busiest of all. */
function shapeLines(rates: readonly number[] | undefined): string[] {
  if (rates === undefined) return [];
  const line = sparkline(rates);
  const names = rates.length === HOURS_PER_DAY ? ['day'] : ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  return names.map((name, day) => fact(name, line.slice(day * HOURS_PER_DAY, (day + 1) * HOURS_PER_DAY)));
}

const LENGTH_COLUMNS = ['mean', 'cv', 'p50', 'p90', 'p95', 'p99', 'max'] as const;

function lengthTable({ input, output }: TraceFigures): string[] {
  const row = (name: string, length: LengthFigures) => [
    name,
    ...LENGTH_COLUMNS.map((key) => (key === 'cv' ? significant(length.cv) : formatCount(length[key]))),
  ];
  return textTable({
    columns: [
      { label: 'tokens', align: 'left' },
      ...LENGTH_COLUMNS.map((label) => ({ label: label === 'cv' ? 'CV' : label, align: 'right' as const })),
    ],
    rows: [row('input', input), row('output', output)],
  });
}

function blockText(block: TrafficBlock): string {
  const lines = Object.entries(block).map(([key, value]: [string, unknown]) => `  ${key}: ${flow(value)}`);
  return `${['traffic:', ...lines].join('\n')}\n`;
}

/** A value in one line of YAML; a shape a line a day. */
function flow(value: unknown): string {
  if (Array.isArray(value)) {
    const days = Array.from({ length: value.length / HOURS_PER_DAY }, (_, day) =>
      value.slice(day * HOURS_PER_DAY, (day + 1) * HOURS_PER_DAY).join(', '),
    );
    return days.length === 1 ? `[${days[0]}]` : `[\n    ${days.join(',\n    ')},\n  ]`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`);
  return `{ ${entries.join(', ')} }`;
}
