import type { Comparison } from '../analysis/comparison.ts';
import type { Result } from '../result/record.ts';
import { METRICS } from '../schema/metric-table.ts';
import {
  formatCount,
  formatPrice,
  formatQuantity,
  formatSeconds,
  formatShare,
  formatTokens,
  formatUsd,
  formatUsdPerMtok,
  significant,
} from '../units/format.ts';
import { sparkline } from './bars.ts';
import type { Table } from './table.ts';
import { offeredTokens } from './verdict-sentence.ts';

/** The parts of a run's report, as finished texts, for any medium. */

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** How one replica is made up, and how it schedules where that is not what engines do by themselves. */
function replicaPhrase({ layout, pools, scheduling }: Result['subject']): string {
  if (pools !== undefined) return `${pools.prefill} + ${pools.decode} ${layout} for prompts and answers`;
  return scheduling === 'static' ? `${layout} in static batches` : layout;
}

export function headline(result: Result): { title: string; when: string; what: string } {
  const { subject, metrics } = result;
  const [year, month] = subject.start.split('-');
  const when = `${MONTHS[Number(month) - 1]} ${year}, month 1 of ${subject.horizon_months} · ${subject.hours_per_month} h/month`;
  const replicas = `${metrics.replicas} replica${metrics.replicas === 1 ? '' : 's'}`;
  const formats = `${subject.weights.toUpperCase()} weights, ${subject.kv_cache.toUpperCase()} KV`;
  const what = `${metrics.gpus} x ${subject.gpu}, ${subject.capacity === 'own' ? 'owned' : 'rented'} · ${replicas} of ${replicaPhrase(subject)} · ${subject.model}, ${formats}, ${subject.engine}`;
  return { title: subject.name, when, what };
}

const LIMITS: Record<Result['subject']['limited_by'], string> = {
  max_batch: 'the batch limit',
  kv_cache: 'KV memory',
  token_budget: 'the token budget',
  front_end: "the server's front end, one process that reads prompts",
  ttft: 'time to first token',
  tpot: 'time per output token',
};

function latencyFact(result: Result): string {
  const { metrics, subject } = result;
  const none = subject.requests_per_day > 0 ? 'unbounded' : 'without requests';
  const part = (metric: 'ttft' | 'tpot') => {
    const value = metrics[`${metric}_p95_s`];
    const target = subject.slo.find((entry) => entry.metric === metric && entry.quantile === 0.95);
    const limit = target === undefined ? '' : ` of ${formatSeconds(target.seconds)}`;
    return `${metric.toUpperCase()} p95 ${value === undefined ? none : formatSeconds(value)}${limit}`;
  };
  const peak = metrics.batch_at_peak ?? 0;
  return `${part('ttft')} · ${part('tpot')} · ${significant(peak)} of ${formatCount(result.physics.sequence_slots)} sequences at peak`;
}

function bindsFact(result: Result): string {
  const { shares } = result.physics.decode_at_peak;
  const named: [string, number][] = [
    ['reading weights', shares.weights],
    ['compute', shares.compute],
    ['attention to the KV cache', shares.kv],
    ['all-reduce', shares.all_reduce],
    ['fixed', shares.fixed],
  ];
  const parts = named.sort((a, b) => b[1] - a[1]).map(([name, share]) => `${name} ${Math.round(share * 100)} %`);
  return `${parts.join(', ')} of a decode step at peak; at full load a replica is limited by ${LIMITS[result.subject.limited_by]}`;
}

function loadFact(result: Result): string {
  const { subject } = result;
  const cached = subject.cached_input > 0 ? ` (${formatShare(subject.cached_input)} cached)` : '';
  const answers = subject.samples > 1 ? `${formatCount(subject.samples)} x ` : '';
  const tokens = `${formatCount(subject.input_tokens)} in${cached} + ${answers}${formatCount(subject.output_tokens)} out`;
  const { requests_per_day: requests, requests_per_session: perSession } = subject;
  const sessions = perSession > 1 ? ` in ${formatCount(requests / perSession)} sessions` : '';
  const { growth_per_month: growth } = subject;
  const growing =
    growth === 0 ? '' : `, ${growth > 0 ? 'growing' : 'falling'} by ${formatShare(Math.abs(growth))} a month`;
  const perMonth = `${formatTokens(offeredTokens(result))} tokens/month${growing}`;
  return `${formatCount(requests)} requests/day${sessions}, ${tokens}: ${perMonth}; busiest hour ${significant(subject.peak_over_mean)} x the mean`;
}

function fleetFact(result: Result): string {
  const { metrics, subject } = result;
  const needed = subject.needed_replicas;
  const spare = (metrics.replicas ?? 0) - needed;
  const carry = `${formatCount(needed)} replica${needed === 1 ? ' carries' : 's carry'} the ${subject.sized_for}`;
  const target = subject.target_availability === null ? '' : ` for ${formatShare(subject.target_availability)}`;
  const reached = `reaches ${formatShare(metrics.availability ?? 0)}`;
  const more =
    spare > 0
      ? `, ${spare} more${target} (${reached})`
      : spare < 0
        ? `, ${-spare} missing`
        : subject.target_availability === null
          ? ''
          : ` (${reached}${target})`;
  const busy = `busy ${formatShare(metrics.utilization_mean ?? 0)} on average, ${formatShare(metrics.utilization_peak ?? 0)} at peak`;
  return `${carry}${more}; ${busy}`;
}

/** Label and text of each line of facts. */
export function facts(result: Result): [label: string, text: string][] {
  const { metrics } = result;
  const room = metrics.kv_capacity_tokens_per_replica;
  const memory = `${formatQuantity(metrics.weight_bytes_per_gpu ?? 0, 'B')} of weights per GPU; KV room ${room === undefined ? 'unknown' : `${formatTokens(room)} tokens`} per replica`;
  return [
    ['load', loadFact(result)],
    ['fleet', fleetFact(result)],
    ['latency', latencyFact(result)],
    ['memory', memory],
    ['binds', bindsFact(result)],
  ];
}

/** What the error beside the price is. */
export function errorSentence(result: Result): string | undefined {
  if (result.price_error <= 0) return undefined;
  const { tpot, ttft } = result.latency_error;
  const latencies = [
    ...(ttft === null ? [] : [`± ${Math.round(ttft * 100)} % of TTFT`]),
    ...(tpot === null ? [] : [`± ${Math.round(tpot * 100)} % of TPOT`]),
  ];
  const beside = latencies.length === 0 ? '' : `, ${latencies.join(' and ')}`;
  return `± ${Math.round(result.price_error * 100)} % is the expected error of a price${beside}: ${result.price_error_basis}.`;
}

/** The bill of month 1, line by line. */
export function billTable(result: Result): Table {
  const lines = result.ledger.filter((entry) => entry.month === 1);
  const rows = lines.map((entry) => [
    entry.label,
    significant(entry.quantity, 4),
    entry.unit,
    significant(entry.rate, 4),
    formatUsd(entry.amount),
  ]);
  rows.push(['Total', '', '', '', formatUsd(result.metrics.cost_usd_per_month ?? 0)]);
  return {
    columns: [
      { label: 'Bill of month 1', align: 'left' },
      { label: 'quantity', align: 'right' },
      { label: 'unit', align: 'left' },
      { label: 'USD/unit', align: 'right' },
      { label: 'USD', align: 'right' },
    ],
    rows,
  };
}

/** Month 1 on every basis, a month, a GPU-hour and a million tokens served. */
export function basisTable(result: Result): Table {
  const [month] = result.months;
  const gpuHours = (month?.gpus ?? 0) * result.subject.hours_per_month;
  const mtok = (month?.served_tokens ?? 0) / 1e6;
  const before = result.ledger.filter((entry) => entry.month === 0).reduce((sum, entry) => sum + entry.amount, 0);
  const bases: [string, number | undefined][] = [
    ['marginal: energy and what is paid per token', month?.marginal_usd],
    [`cash: what is paid in month 1, after ${formatUsd(before)} USD before it`, month?.cash_usd],
    ['books: nodes on a straight line', month?.book_usd],
    ['loaded: nodes at their annuity', month?.cost_usd],
  ];
  // So few tokens may be served that a price of a million of them is no number.
  const over = (usd: number, amount: number) => (Number.isFinite(usd / amount) ? significant(usd / amount) : '—');
  return {
    columns: [
      { label: 'Basis', align: 'left' },
      { label: 'USD/month', align: 'right' },
      { label: 'USD/GPU-h', align: 'right' },
      { label: 'USD/Mtok', align: 'right' },
    ],
    rows: bases.map(([label, usd = 0]) => [label, formatUsd(usd), over(usd, gpuHours), over(usd, mtok)]),
  };
}

const BILL_PARTS: [part: keyof Comparison['request_bill'], label: string][] = [
  ['new_input', 'input'],
  ['cache_write', 'into cache'],
  ['cached_input', 'from cache'],
  ['cache_storage', 'kept there'],
  ['output', 'output'],
  ['hidden_output', 'hidden thought'],
  ['per_request', 'fees'],
];

/** A thousand requests at each API by what is paid for; parts that no offer charges are left out. */
export function apiBillTable({ comparisons }: Result): Table | undefined {
  if (comparisons.length === 0) return undefined;
  const parts = BILL_PARTS.filter(([part]) => comparisons.some((entry) => entry.request_bill[part] > 0));
  const thousand = (usd: number) => formatUsdPerMtok(usd * 1000);
  return {
    columns: [
      { label: '1,000 requests at an API, USD', align: 'left' },
      ...[...parts.map(([, label]) => label), 'total'].map((label) => ({ label, align: 'right' as const })),
    ],
    rows: comparisons.map((entry) => [
      entry.name,
      ...parts.map(([part]) => thousand(entry.request_bill[part])),
      thousand(entry.usd_per_request),
    ]),
  };
}

/** What makes each API's bill other than tokens times price. */
export function apiTerms({ comparisons }: Result): string[] {
  return comparisons.filter(({ terms }) => terms.length > 0).map(({ name, terms }) => `${name}: ${terms.join('; ')}`);
}

/** Every metric with its unit and definition: the glossary is the table. */
export function metricTable(result: Result): Table {
  const value = (id: (typeof METRICS)[number]['id']) => {
    const found = result.metrics[id];
    return found === undefined ? 'unknown' : significant(found, 5);
  };
  return {
    columns: [
      { label: 'Metric', align: 'left' },
      { label: 'value', align: 'right' },
      { label: 'unit', align: 'left' },
      { label: 'definition', align: 'left' },
    ],
    rows: METRICS.map((metric) => [metric.id, value(metric.id), metric.unit, metric.definition]),
  };
}

/** The own price in every unit it may be quoted in, so that none is taken for another. */
export function priceUnits(result: Result): string | undefined {
  const price = result.metrics.usd_per_mtok_total;
  if (price === undefined) return undefined;
  const perRequest =
    (price * (result.subject.input_tokens + result.subject.samples * result.subject.output_tokens)) / 1e6;
  const perDay = ((result.metrics.cost_usd_per_month ?? 0) / result.subject.hours_per_month) * 24;
  const units = (['Mtok', '1K tokens', 'token'] as const).map((per) => formatPrice(price, per));
  return [
    ...units,
    `${significant(perRequest)} USD/request`,
    `${significant(perRequest * 1000)} USD/1K requests`,
    `${formatUsd(perDay)} USD/day`,
  ].join(' = ');
}

export function utilizationSpark(result: Result): string {
  return `${sparkline(result.subject.utilization_histogram)}  share of time at 0-10 % … 90-100 % utilisation`;
}

/** What the bill leaves out, with the typical figure beside each. */
export function notCountedSentence(result: Result): string | undefined {
  if (result.not_counted.length === 0) return undefined;
  const parts = result.not_counted.map(
    (entry) => `${entry.label.toLowerCase()} (typical ${formatUsd(entry.typical_usd_per_month)} USD/month)`,
  );
  return `Not counted: ${parts.join(', ')}.`;
}
