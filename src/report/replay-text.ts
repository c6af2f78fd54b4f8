import type { LatencySummary, ReplayRecord } from '../result/replay.ts';
import { formatCount, formatSeconds, formatShare, formatTokens } from '../units/format.ts';
import type { Surface } from './surface.ts';
import { brokenText, markdownTable, type Table, textTable } from './table.ts';

/** What the text says beside the record. */
export interface ReplayHeading {
  title: string;
  replica: string;
  source: string;
}

const LATENCIES = [
  ['time to first token', 'ttft_s'],
  ['time per output token', 'tpot_s'],
  ['end to end', 'e2e_s'],
  ['of it, in the queue', 'queue_s'],
] as const;

function latencyTable(record: ReplayRecord): Table {
  const rows = LATENCIES.flatMap(([label, key]) => {
    const found: LatencySummary | undefined = record[key];
    if (found === undefined) return [];
    return [[label, ...[found.mean, found.p50, found.p95, found.p99].map(formatSeconds)]];
  });
  const columns = ['', 'mean', 'p50', 'p95', 'p99'].map((label, i) => ({
    label,
    align: i === 0 ? ('left' as const) : ('right' as const),
  }));
  return { columns, rows };
}

function requestsLine({ requests }: ReplayRecord): string {
  const { offered, completed, refused, unfinished } = requests;
  const rest = [
    ...(refused > 0 ? [`${formatCount(refused)} refused`] : []),
    ...(unfinished > 0 ? [`${formatCount(unfinished)} unfinished when the run was cut off`] : []),
  ];
  return [`${formatCount(offered)} offered`, `${formatCount(completed)} answered`, ...rest].join(', ');
}

function useFacts(record: ReplayRecord): [label: string, text: string][] {
  const kv = record.kv_peak_share === undefined ? '' : `, KV cache at most ${formatShare(record.kv_peak_share)} full`;
  const cached = record.cached_share > 0 ? `, ${formatShare(record.cached_share)} of prompt tokens cached` : '';
  return [
    ['requests', `${requestsLine(record)}`],
    [
      'rates',
      `${formatTokens(record.output_tok_per_s)} output and ${formatTokens(record.input_tok_per_s)} input tokens/s over ${formatSeconds(record.simulated_s)}${cached}`,
    ],
    [
      'use',
      `busy ${formatShare(record.busy_share)} of the time, ${formatShare(record.prompt_share)} of that on prompts; ${record.running_mean.toFixed(1)} running and ${record.waiting_mean.toFixed(1)} waiting on average${kv}`,
    ],
    ['engine', `${formatCount(record.iterations)} iterations, ${formatCount(record.preemptions)} preemptions`],
  ];
}

function verdict(record: ReplayRecord): string {
  const { ttft_s: ttft, tpot_s: tpot, targets } = record;
  if (ttft === undefined) return 'No request was answered.';
  const seen = `TTFT p95 ${formatSeconds(ttft.p95)}${tpot === undefined ? '' : `, TPOT p95 ${formatSeconds(tpot.p95)}`}`;
  if (targets.length === 0) return `${seen}.`;
  const missed = targets.filter(({ met }) => !met);
  const names = missed.map(
    ({ metric, percentile, target_s, background }) =>
      `${metric.toUpperCase()} p${percentile} of ${formatSeconds(target_s)}${background ? ' in the background' : ''}`,
  );
  return missed.length === 0 ? `${seen}: inside every latency target.` : `${seen}: misses ${names.join(' and ')}.`;
}

const LABEL_WIDTH = 12;

/** A replay on screen; the last line is the answer. */
export function replayText(
  heading: ReplayHeading,
  record: ReplayRecord,
  wallSeconds: number,
  surface: Surface,
): string {
  const rate = wallSeconds > 0 ? record.requests.offered / wallSeconds : 0;
  const lines = useFacts(record).flatMap(([label, text]) =>
    brokenText(text, surface.width - LABEL_WIDTH).map(
      (line, i) => `  ${i === 0 ? label : ''}`.padEnd(LABEL_WIDTH) + line,
    ),
  );
  return [
    surface.ink('bold', heading.title),
    `${heading.replica} · one replica`,
    heading.source,
    '',
    ...lines,
    '',
    ...textTable(latencyTable(record), '  ', surface),
    '',
    `Simulated in ${formatSeconds(wallSeconds)}, ${formatCount(Math.round(rate))} requests/s.`,
    surface.ink('bold', verdict(record)),
  ].join('\n');
}

/** The same as Markdown, without what the clock said. */
export function replayMarkdown(heading: ReplayHeading, record: ReplayRecord): string {
  return [
    `# ${heading.title}`,
    '',
    `${heading.replica}, one replica. ${heading.source}.`,
    '',
    `**${verdict(record)}**`,
    '',
    ...record.warnings.flatMap((warning) => [`> Warning: ${warning}`, '']),
    ...useFacts(record).map(([label, text]) => `- **${label}** ${text}`),
    '',
    ...markdownTable(latencyTable(record)),
  ].join('\n');
}
