import manifest from '../../../package.json' with { type: 'json' };
import { offeredRate, peakOverMean, simulateFleet } from '../../fleet/simulate-fleet.ts';
import { toCsv } from '../../io/csv.ts';
import { openTrace } from '../../io/traces/open-trace.ts';
import type { Trace } from '../../io/traces/trace.ts';
import { writeOutput } from '../../io/write-file.ts';
import { replayMarkdown, replayText } from '../../report/replay-text.ts';
import { type ReplayRecord, replay } from '../../result/replay.ts';
import { replayRow } from '../../result/replay-row.ts';
import { chromeTrace, TimelineRecorder } from '../../result/timeline.ts';
import type { Plan } from '../../scenario/plan.ts';
import { instanceGpus, layoutName } from '../../scenario/replica-gpus.ts';
import { InfeasibleError, InputError } from '../../schema/problem.ts';
import { settlePools } from '../../serving/pools.ts';
import { engineSpec, type Replica } from '../../serving/replica.ts';
import { replicaOf, serviceCurve } from '../../serving/service-curve.ts';
import { trafficSource } from '../../serving/traffic-source.ts';
import { iteratorSource } from '../../traffic/list-source.ts';
import type { RequestSource } from '../../traffic/request-source.ts';
import { formatCount, formatSeconds, significant } from '../../units/format.ts';
import { parseQuantity } from '../../units/parse.ts';
import { loadPlan } from '../load-plan.ts';
import { formOf, type GlobalOptions, note, result, surfaceOf } from '../output.ts';
import { type Progress, startProgress } from '../progress.ts';

export interface ReplayOptions {
  trace?: string;
  requests?: string;
  rate?: string;
  speed?: string;
  sample?: string;
  until?: string;
  timeline?: string;
}

/** Requests between two looks at the clock and the bar. */
const BETWEEN_LOOKS = 4096;

const HOUR = 3600;

/** A request in three years; a clock of seconds loses its milliseconds in the gaps of anything slower. */
const SLOWEST = 1e-8;
const FORMS = ['md', 'csv'] as const;

function fault(message: string): InputError {
  return new InputError([{ path: [], message }]);
}

function numberOf(flag: string, text: string | undefined, range: { above: number; most: number }): number | undefined {
  if (text === undefined) return undefined;
  const match = /^\s*([\d.eE+-]+)\s*(%?)\s*$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (value > range.above && value <= range.most) return value;
  throw fault(`${flag} ${text}: expected a number above ${range.above}, at most ${range.most.toLocaleString('en-US')}`);
}

/** A span of simulated time: with a unit, or a bare number of seconds. */
function secondsOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bare = Number(text);
  const parsed = Number.isFinite(bare) ? { ok: true as const, value: bare } : parseQuantity(text, 's', '1 h');
  if (parsed.ok && parsed.value > 0) return parsed.value;
  throw fault(`${flag} ${text}: expected a span of time such as "1 h" or 3600`);
}

/** Where the requests come from, in words, and how far through them the run is. */
interface Requests {
  source: RequestSource;
  words: string;
  total: number;
  unit: string;
  done(ended: number): number;
  /** The busiest hour of the shape they follow: when it begins, and its requests a second. */
  busiest?: { from: number; rate: number };
}

function fromTrace(path: string, options: ReplayOptions, seed: number, plan: Plan): Requests {
  if (options.requests !== undefined || options.rate !== undefined) {
    throw fault('--trace brings its own requests: --requests and --rate do not go with it');
  }
  const speed = numberOf('--speed', options.speed, { above: 0, most: 1e6 }) ?? 1;
  const sample = numberOf('--sample', options.sample, { above: 0, most: 1 }) ?? 1;
  const trace: Trace = openTrace(path, { seed });
  const named = trace.format === 'rackrate' ? 'trace' : `${trace.format} trace`;
  const changes = [
    ...(speed === 1 ? [] : [`at ${speed} times its speed`]),
    ...(sample === 1 ? [] : [`${+(100 * sample).toPrecision(3)} % of its requests`]),
  ];
  const cached = plan.serving.prefixCache ? 'prefixes kept by the engine' : 'no prefix cache';
  return {
    source: iteratorSource(trace.requests, { speed, sample, seed }),
    words: [`${named} ${path}`, ...changes, cached].join(', '),
    total: trace.extent.total,
    unit: trace.extent.unit,
    done: () => trace.extent.done(),
  };
}

/** One replica's share of the scenario's load, all billed replicas up. */
function shareOfLoad(plan: Plan, seed: number): number {
  const { envelope } = serviceCurve(plan, seed);
  try {
    const [first] = simulateFleet(plan, envelope, 1);
    return offeredRate(plan, envelope) / Math.max(1, first?.size.replicas ?? 1);
  } catch (error) {
    if (!(error instanceof InfeasibleError)) throw error;
    throw new InfeasibleError(error.status, `${error.message}; --rate replays one replica at a rate of your own`);
  }
}

function drawn(plan: Plan, replica: Replica, options: ReplayOptions, seed: number): Requests {
  if (options.speed !== undefined || options.sample !== undefined) {
    throw fault('--speed and --sample go with --trace');
  }
  const limit = numberOf('--requests', options.requests, { above: 0, most: 1e10 });
  if (limit === undefined || !Number.isInteger(limit)) throw fault('--requests: expected a whole number above 0');
  const { prefixCache: keepsPrefixes, maxContext: longest } = replica.engine;
  const given = numberOf('--rate', options.rate, { above: SLOWEST, most: 1e9 });
  const isClosed = plan.traffic.arrivals.kind === 'closed';
  if (isClosed && given !== undefined) throw fault('--rate: users who wait for their answers make a rate of their own');
  const rate = given ?? (isClosed ? 0 : shareOfLoad(plan, seed));
  if (!isClosed && rate <= 0) throw fault('the scenario has no load to draw requests from; --rate gives one');
  const rateShape = given === undefined ? { rateShape: { step: HOUR, multipliers: plan.traffic.shape } } : {};
  const source = trafficSource(plan.traffic, rate, seed, { limit, keepsPrefixes, longest, ...rateShape });
  const hasShape = given === undefined && !isClosed;
  const busiest = { from: busiestHour(plan) * HOUR, rate: rate * peakOverMean(plan) };
  const pace = isClosed
    ? 'users who wait for their answers'
    : `${+rate.toPrecision(3)} requests/s${hasShape ? ` on average, ${significant(busiest.rate)} in the busiest hour, from Monday 00:00 UTC on` : ''}`;
  return {
    source,
    words: `${formatCount(limit)} requests drawn from the scenario, ${pace}`,
    total: limit,
    unit: 'requests',
    done: (ended) => ended,
    ...(hasShape ? { busiest } : {}),
  };
}

function busiestHour({ traffic: { shape } }: Plan): number {
  return shape.indexOf(shape.reduce((most, one) => Math.max(most, one), 0));
}

/** A run that ends in the quiet hours says nothing of the latency target at the peak. */
function noteQuietHours(options: GlobalOptions, { busiest }: Requests, { simulated_s: end }: ReplayRecord): void {
  if (busiest === undefined || end > busiest.from) return;
  const at = `the busiest hour, which begins after ${formatSeconds(busiest.from)}`;
  const how = `--rate ${significant(busiest.rate).replaceAll(',', '')} replays that`;
  note(options, `warning: the requests end after ${formatSeconds(end)}, before ${at}; ${how}`);
}

function requestsOf(plan: Plan, replica: Replica, options: ReplayOptions, seed: number): Requests {
  if (options.trace !== undefined) return fromTrace(options.trace, options, seed, plan);
  if (options.requests !== undefined) return drawn(plan, replica, options, seed);
  throw fault('a replay needs requests: --trace FILE, or --requests N to draw them from the scenario');
}

function replicaWords(plan: Plan): string {
  const { weights, scheduling } = plan.serving;
  const gpus = instanceGpus(plan.serving);
  const spread = gpus === plan.serving.tensorParallel ? '' : ` (${layoutName(plan.serving)})`;
  const layout = `${gpus} x ${plan.gpuName}${spread}`;
  const pools =
    scheduling.kind === 'disaggregated'
      ? `, ${scheduling.prefillInstances} + ${scheduling.decodeInstances} instances for prompts and answers`
      : '';
  return `${plan.modelName} on ${layout}, ${weights.toUpperCase()} weights, ${plan.engineName}${pools}`;
}

async function writeTimeline(path: string, timeline: TimelineRecorder, replica: Replica): Promise<void> {
  const rows = timeline.list();
  const { kvBlocks } = engineSpec(replica);
  if (/\.json$/i.test(path)) return writeOutput(path, `${JSON.stringify(chromeTrace(rows, kvBlocks))}\n`);
  const columns = ['start_s', 'seconds', 'iterations', 'decoding', 'prompt_tokens', 'waiting', 'kv_share'];
  const share = (blocks: number) => (Number.isFinite(kvBlocks) ? { kv_share: blocks / kvBlocks } : {});
  return writeOutput(
    path,
    toCsv(
      columns,
      rows.map(({ kv_blocks, ...row }) => ({ ...row, ...share(kv_blocks) })),
    ),
  );
}

function watched(requests: Requests, progress: Progress): () => void {
  let ended = 0;
  return () => {
    ended += 1;
    if (ended % BETWEEN_LOOKS === 0) progress.to(Math.floor(requests.done(ended)));
  };
}

/** Runs one replica of a scenario through a trace, or through requests drawn from the scenario, one by one. */
export async function replayScenario(file: string, options: GlobalOptions & ReplayOptions): Promise<void> {
  if (options.timeline !== undefined && !/\.(json|csv)$/i.test(options.timeline)) {
    throw fault(`--timeline ${options.timeline}: end it in .json (for Perfetto or chrome://tracing) or .csv`);
  }
  formOf(options, FORMS);
  const { loaded, plan: asked } = loadPlan(file, options);
  const plan = settlePools(asked);
  const replica = replicaOf(plan);
  const seed = options.seed ?? 0;
  const until = secondsOf('--until', options.until);
  const requests = requestsOf(plan, replica, options, seed);
  const timeline = options.timeline === undefined ? undefined : new TimelineRecorder();
  const progress = await startProgress('replay', Math.ceil(requests.total), options.quiet === true);
  const started = performance.now();
  const record = replay(replica, requests.source, plan.slo, {
    ...(until === undefined ? {} : { until }),
    ...(timeline === undefined ? {} : { timeline }),
    ...(plan.traffic.background === undefined ? {} : { background: plan.traffic.background.slo }),
    onEnd: watched(requests, progress),
  });
  const wallSeconds = (performance.now() - started) / 1000;
  progress.stop();
  for (const warning of record.warnings) note(options, `warning: ${warning}`);
  noteQuietHours(options, requests, record);
  if (timeline !== undefined && options.timeline !== undefined) {
    await writeTimeline(options.timeline, timeline, replica);
    note(options, `wrote ${options.timeline}`);
  }
  await print(options, loaded, plan, requests.words, record, wallSeconds);
}

async function print(
  options: GlobalOptions,
  loaded: { path: string; sha256: string },
  plan: Plan,
  words: string,
  record: ReplayRecord,
  wallSeconds: number,
): Promise<void> {
  const form = formOf(options, FORMS);
  if (form === 'json') {
    const head = {
      schema: 'rackrate.replay/v1',
      version: manifest.version,
      scenario: { path: loaded.path, sha256: loaded.sha256 },
      seed: options.seed ?? 0,
    };
    const wall = { wall_s: wallSeconds, requests_per_wall_s: record.requests.offered / Math.max(wallSeconds, 1e-9) };
    await result(options, JSON.stringify({ ...head, ...record, ...wall }, undefined, 2));
    return;
  }
  const heading = { title: plan.name, replica: replicaWords(plan), source: words };
  switch (form) {
    case 'md':
      return result(options, replayMarkdown(heading, record));
    case 'csv': {
      const row = replayRow(record);
      return result(options, toCsv(Object.keys(row), [row]));
    }
    case 'text':
      return result(options, replayText(heading, record, wallSeconds, surfaceOf(options)));
  }
}
