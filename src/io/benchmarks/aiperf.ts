import * as z from 'zod';
import { loadOf, type OwnBenchmark, tpotOf, valuesOf } from '../../analysis/calibrate/own-benchmark.ts';
import { validate } from '../../schema/issues.ts';

/** Milliseconds in each unit that a metric may come in; the field says which. */
const MS_IN = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, sec: 1000 } as const;

const latency = z
  .object({
    unit: z.enum(['ns', 'us', 'ms', 's', 'sec']),
    avg: z.number().positive(),
    p50: z.number().nullish(),
    p99: z.number().nullish(),
  })
  .transform(({ unit, avg, p50, p99 }) => {
    const scale = MS_IN[unit];
    const scaled = (value: number | null | undefined) => (value ? value * scale : undefined);
    return { avg: avg * scale, p50: scaled(p50), p99: scaled(p99) };
  });
const figure = z.object({ avg: z.number().positive() });

/**
 * What AIPerf writes as profile_export_aiperf.json and GenAI-Perf as profile_export_genai_perf.json: one object a run,
 * a block of statistics with its unit a metric. Both call (latency − first token)/(tokens − 1) an inter token latency.
 *
 * Fields as in ai-dynamo/aiperf, docs on its JSON export, and triton-inference-server/perf_analyzer, genai-perf.
 */
const profile = z.object({
  request_throughput: figure,
  request_latency: latency,
  time_to_first_token: latency.nullish(),
  inter_token_latency: latency.nullish(),
  input_sequence_length: figure,
  output_sequence_length: figure,
  request_count: figure.nullish(),
  input_config: z.unknown().optional(),
});

export function isAiperfProfile(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'request_throughput' in value && 'request_latency' in value;
}

/** Settings lie some blocks deep, in places that differ from version to version. */
const DEEPEST = 4;

/** The first positive number under a key, wherever in the settings it stands. */
function setting(node: unknown, key: string, depth = 0): number | undefined {
  if (typeof node !== 'object' || node === null || depth > DEEPEST) return undefined;
  const own = (node as Record<string, unknown>)[key];
  if (typeof own === 'number' && own > 0) return own;
  return Object.values(node)
    .map((child) => setting(child, key, depth + 1))
    .find((value) => value !== undefined);
}

/** Requests of a run whose number is not given: enough for its mean to have settled. */
const REQUESTS = 1000;

export function readAiperfProfile(value: unknown, place: string): OwnBenchmark {
  const run = validate(profile, value);
  const perSecond = run.request_throughput.avg;
  const output = run.output_sequence_length.avg;
  const ttft = run.time_to_first_token ?? undefined;
  const requests = Math.max(1, Math.round(run.request_count?.avg ?? REQUESTS));
  // In flight by Little's law where the settings are not in the file.
  const inFlight = Math.max(1, Math.round((perSecond * run.request_latency.avg) / 1000));
  const rate = setting(run.input_config, 'request_rate');
  const users = setting(run.input_config, 'concurrency') ?? inFlight;
  const tpot = ttft === undefined ? undefined : tpotOf(run.request_latency.avg, ttft.avg, output);
  return {
    place,
    input: run.input_sequence_length.avg,
    output,
    load: loadOf(rate === undefined ? { users, requests } : { perSecond: rate, requests }),
    values: valuesOf([
      ['ttft_ms_mean', ttft?.avg],
      ['ttft_ms_p50', ttft?.p50],
      ['ttft_ms_p99', ttft?.p99],
      ['tpot_ms_mean', tpot ?? run.inter_token_latency?.avg],
      ['tpot_ms_p50', run.inter_token_latency?.p50],
      ['tpot_ms_p99', run.inter_token_latency?.p99],
      ['req_s', perSecond],
      ['output_tok_s', perSecond * output],
    ]),
  };
}

/** "Time To First Token (ms)" as the JSON has it: time_to_first_token, and its unit. */
function header(cell: string): { key: string; unit: string } {
  const match = /^(.*?)\s*(?:\(([^)]*)\))?$/.exec(cell.trim());
  return { key: (match?.[1] ?? '').toLowerCase().replaceAll(/[\s-]+/g, '_'), unit: match?.[2] ?? '' };
}

export function isAiperfTable(rows: readonly (readonly string[])[]): boolean {
  return rows[0]?.[0]?.trim() === 'Metric';
}

/** The same from the CSV beside it: blocks of lines under a heading, a metric a line, thousands with commas. */
export function profileOfTable(rows: readonly (readonly string[])[]): Record<string, unknown> {
  const profile: Record<string, unknown> = {};
  let columns: readonly string[] = [];
  for (const row of rows) {
    const [first = '', ...cells] = row;
    if (first.trim() === 'Metric') {
      columns = cells.map((cell) => (cell.trim() === 'Value' ? 'avg' : cell.trim()));
      continue;
    }
    const { key, unit } = header(first);
    const numbers = cells.map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell.replaceAll(',', ''))));
    const entries = columns.flatMap((column, i) => (Number.isFinite(numbers[i]) ? [[column, numbers[i]]] : []));
    profile[key] = { unit, ...Object.fromEntries(entries) };
  }
  return profile;
}
