import { nonDecreasing } from '../math/monotone.ts';
import type { LatencyTarget } from '../scenario/plan.ts';
import { InfeasibleError } from '../schema/problem.ts';
import { behindFrontEnd, frontEndRate, perAnswer } from '../traffic/front-end.ts';
import { formatShare } from '../units/format.ts';
import type { Seconds, Share } from '../units/quantity.ts';
import { answeringInstances, instancesOf, type RunTotals } from './engine-spec.ts';
import { type Envelope, type EnvelopeLimit, type EnvelopePoint, QUANTILES } from './envelope.ts';
import { type Latencies, LatencyRecorder } from './latency-recorder.ts';
import { engineSpec, type Limit, type Replica } from './replica.ts';
import { runReplica } from './run-replica.ts';
import { Throughput } from './throughput.ts';
import { type SourceTraffic, trafficSource } from './traffic-source.ts';

/**
 * Requests a load point rests on: their noise is a per cent or two at p95. Fewer where each takes long to simulate, more
 * where so many run at once that the replica would only just fill.
 */
const REQUESTS = 12_000;
const FEWEST_REQUESTS = 2_000;
const MOST_REQUESTS = 200_000;
const FILLINGS = 12;
/** Of requests that belong together it is their sessions that are independent. */
const FEWEST_SESSIONS = 600;

/** Iterations that a run should not go far beyond, and how many of them a request's named blocks count as. */
const ITERATIONS = 1_200_000;
const ITERATIONS_WITH_PREFIXES = 300;

/** Requests run before they are counted, over those that are. */
const WARM_UP_SHARE = 1 / 6;

/** Runs from this share of saturation on are longer by this: there a queue remembers for thousands of requests. */
const CROWDED = 0.8;
const CROWDED_LENGTH = 2;

/** Loads at which a curve is first looked at, over saturation. */
const LEVELS = [0.002, 0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.85, 0.92, 0.96];

/** Times that the gap between a load that meets the target and one that does not is halved. */
const HALVINGS = 4;

/** How far a replica is overloaded to see what it serves while requests are sent back for others. */
const OVERLOAD = 1.3;

/** That it has settled there takes a run longer by this: throwing away sets in late. */
const OVERLOAD_LENGTH = 6;

/** A curve that rises more than this between neighbours is looked at in between. */
const STEEP = 1.5;

/** Of the requests offered in a run, the share that may wait at its last arrival while the load still counts as borne. */
const BACKLOG = 0.05;

/** What a replica is run under. Plain data. */
export interface CurveTraffic extends SourceTraffic {
  slo: readonly LatencyTarget[];
}

/** A replica at one load, as simulated: its point on the curve and what judges it. */
interface Probe {
  point: EnvelopePoint;
  /** By priority: those of the second are judged by their own target. */
  latencies: readonly [Latencies, Latencies];
  isStable: boolean;
}

interface Runs {
  replica: Replica;
  traffic: CurveTraffic;
  seed: number;
  requests: number;
  warmUp: number;
  samples: number;
}

/** Iterations that a request costs: its prompt's chunks, and its passes where the engine cannot leap over them. */
function iterationsPerRequest({ means, engine }: Replica): number {
  const leaps = engine.scheduling.kind !== 'disaggregated' && engine.tokensPerPass === 1;
  const chunks = Math.ceil(means.newPrompt / engine.tokenBudget);
  return 1 + chunks + (leaps ? 1 : means.decodePasses) + (engine.prefixCache ? ITERATIONS_WITH_PREFIXES : 0);
}

/** Most sequences that may run at once. */
function together(replica: Replica): number {
  const { scheduling } = replica.engine;
  return scheduling.kind === 'static' ? scheduling.batch : replica.slots * answeringInstances(scheduling);
}

/** Requests that each run of the curve counts. */
export function requestsPerRun(replica: Replica, { session }: Pick<CurveTraffic, 'session'>): number {
  const affordable = Math.min(REQUESTS, Math.floor(ITERATIONS / iterationsPerRequest(replica)));
  const inSessions = session === undefined ? 0 : Math.ceil(FEWEST_SESSIONS * session.turns.mean);
  return Math.min(MOST_REQUESTS, Math.max(FEWEST_REQUESTS, affordable, inSessions, FILLINGS * together(replica)));
}

function sourceAt(runs: Runs, sequencesPerSecond: number) {
  const limit = Math.ceil((runs.requests + runs.warmUp) / runs.samples);
  const { prefixCache: keepsPrefixes, maxContext: longest } = runs.replica.engine;
  const options = { limit, keepsPrefixes, longest, evenOver: limit };
  return trafficSource(runs.traffic, sequencesPerSecond / runs.samples, runs.seed, options);
}

/** Share of what an overloaded replica serves at which it works off its crowd within a run, rather than some day. */
const RECOVERY = 0.95;

/** What ran out when the replica was given more than it can do. */
function limitOf(replica: Replica, running: number, totals: RunTotals): Limit {
  const { slots, kvBlocks, scheduling } = replica.engine;
  const most = scheduling.kind === 'disaggregated' ? slots * scheduling.decodeInstances : slots;
  if (running > 0.95 * most || scheduling.kind === 'static') return 'max_batch';
  return totals.peakBlocks > 0.98 * kvBlocks ? 'kv_cache' : 'token_budget';
}

/**
 * The rate at which a replica works off a backlog that never ends: beyond it any backlog grows. Taken from the middle
 * of a run whose requests are all there at its start.
 */
function saturate(runs: Runs, offeredPerSecond = ALL_AT_ONCE): EnvelopeLimit & { refusedShare: Share } {
  const { replica } = runs;
  const offered = runs.requests;
  const throughput = new Throughput(offered, offeredPerSecond === ALL_AT_ONCE ? together(replica) : undefined);
  const source = sourceAt(runs, offeredPerSecond);
  const totals = runReplica(engineSpec(replica), source, throughput);
  const refusedShare = totals.refused / totals.offered;
  if (refusedShare > MOST_REFUSED) {
    throw new InfeasibleError(
      'no_fit',
      `${formatShare(refusedShare)} of requests are longer than the whole KV cache, or than the model's context`,
    );
  }
  const { perSecond, running } = throughput.rates();
  const limitedBy = limitOf(replica, running, totals);
  // Loads are of all requests, those that are refused among them.
  return { refusedShare, requestsPerSecond: perSecond / (1 - refusedShare), running, limitedBy };
}

/**
 * The rate at which a replica is full whatever happened before.
 *
 * Where requests are sent back for others, a backlog that was there from the start does not show it: work is thrown away
 * only as others come in, and once enough is, throwing away keeps the replica overloaded at loads it would else bear.
 * Below what it serves while it is overloaded it always recovers.
 */
function engineSaturation(runs: Runs): EnvelopeLimit & { refusedShare: Share } {
  const worked = saturate(runs);
  if (runs.traffic.background === undefined) return worked;
  const longer = { ...runs, requests: OVERLOAD_LENGTH * runs.requests };
  const overloaded = saturate(longer, OVERLOAD * worked.requestsPerSecond);
  const recovers = RECOVERY * overloaded.requestsPerSecond;
  return recovers < worked.requestsPerSecond ? { ...overloaded, requestsPerSecond: recovers } : worked;
}

/** That of the engine, or of the one process in front of it, whichever is full first. */
function saturation(runs: Runs): EnvelopeLimit & { refusedShare: Share } {
  const { replica, samples } = runs;
  const engine = engineSaturation(runs);
  const passed = frontEndRate(perAnswer(replica.frontEnd, samples), replica.means.input);
  if (passed >= engine.requestsPerSecond) return engine;
  const running = (engine.running * passed) / engine.requestsPerSecond;
  return { ...engine, requestsPerSecond: passed, running, limitedBy: 'front_end' };
}

/** Behind a full front end the engine is not full: what runs follows from the last load that was simulated (Little). */
function settled(full: EnvelopeLimit, last: Probe | undefined): EnvelopeLimit {
  if (full.limitedBy !== 'front_end' || last === undefined) return full;
  const { requestsPerSecond, running } = last.point;
  return { ...full, running: (running * full.requestsPerSecond) / requestsPerSecond };
}

/**
 * The same calls as single requests. Conversations wait for their own answers, so no backlog can be made of them; but
 * the work of a call does not depend on who waits for whom, and so neither does the rate at which a replica is full.
 *
 * Where prefixes are kept, the mix says what share of a prompt comes again: this is then the rate with a cache that
 * never has to give way, and errs high where it does.
 */
function asSingleRequests(runs: Runs): Runs {
  const { session: _, ...traffic } = runs.traffic;
  const { replica } = runs;
  return { ...runs, traffic, replica: { ...replica, engine: { ...replica.engine, prefixCache: false } } };
}

/** A replica that refuses more than this of its traffic is not one to size a fleet of. */
const MOST_REFUSED = 0.2;

/** A rate so high that a whole run arrives before the first iteration has ended. */
const ALL_AT_ONCE = 1e9;

function probe(runs: Runs, requestsPerSecond: number): Probe {
  const { replica } = runs;
  const warm = runs.warmUp / requestsPerSecond;
  const source = behindFrontEnd(sourceAt(runs, requestsPerSecond), perAnswer(replica.frontEnd, runs.samples));
  const recorder = new LatencyRecorder((tag) => source.delayOf(tag), warm);
  const totals = runReplica(engineSpec(replica), source, recorder);
  const [first, second] = recorder.byPriority;
  const shown = first.ttft.count > 0 ? first : second;
  const instances = instancesOf(replica.engine.scheduling);
  const busy = totals.end > 0 ? totals.busySeconds / totals.end / instances : 0;
  return {
    point: {
      requestsPerSecond,
      running: requestsPerSecond * recorder.meanInService(),
      busy: Math.min(1, busy),
      promptShare: totals.busySeconds > 0 ? totals.promptSeconds / totals.busySeconds : 0,
      ttft: QUANTILES.map((share) => shown.ttft.quantile(share) ?? 0),
      tpot: QUANTILES.map((share) => shown.tpot.quantile(share) ?? 0),
    },
    latencies: [first, second],
    isStable: isStable(runs, recorder.waited.quantile(0.99) ?? 0, requestsPerSecond),
  };
}

/** Whether the longest waits are small beside the run: by Little's law, so is the backlog they stood in. */
function isStable(runs: Runs, longestWait: Seconds, requestsPerSecond: number): boolean {
  if (runs.replica.engine.scheduling.kind === 'static') return true;
  const span = (runs.requests + runs.warmUp) / requestsPerSecond;
  return longestWait < BACKLOG * span;
}

function meets(target: LatencyTarget, latencies: Latencies): boolean {
  return (latencies[target.metric].quantile(target.quantile) ?? 0) <= target.seconds;
}

/** The first target that a load breaks, its own for each priority, and what it is instead. */
function broken(runs: Runs, { latencies }: Probe): Required<Envelope>['missed'] | undefined {
  const targets = [runs.traffic.slo, runs.traffic.background?.slo ?? []] as const;
  for (const priority of [0, 1] as const) {
    const seen = latencies[priority];
    const target = targets[priority].find((one) => !meets(one, seen));
    if (target !== undefined) return { target, seconds: seen[target.metric].quantile(target.quantile) ?? 0 };
  }
  return undefined;
}

/** Where the median or the 95th percentile of TTFT turns up fastest, if steeply: the load between those two points. */
function steepest(probes: readonly Probe[]): number | undefined {
  let most = STEEP;
  let at: number | undefined;
  for (let i = 1; i < probes.length; i++) {
    const [low, high] = [probes[i - 1] as Probe, probes[i] as Probe];
    const gap = high.point.requestsPerSecond / low.point.requestsPerSecond;
    const rise = Math.max(...[0.5, 0.95].map((share) => quantileOf(high, share) / quantileOf(low, share)));
    if (!(rise > most && gap > 1.02)) continue;
    most = rise;
    at = (low.point.requestsPerSecond + high.point.requestsPerSecond) / 2;
  }
  return at;
}

const quantileOf = ({ point }: Probe, share: number) => point.ttft[QUANTILES.indexOf(share as 0.5)] as number;

/** A limit at a load that was simulated. */
const limitAt = ({ point }: Probe, limitedBy: Limit): EnvelopeLimit => ({
  requestsPerSecond: point.requestsPerSecond,
  running: point.running,
  limitedBy,
});

/** Keeps probes in order of load; what it is asked for is simulated. */
class Curve {
  readonly probes: Probe[] = [];
  private readonly runs: Runs;
  private readonly saturation: number;

  constructor(runs: Runs, saturation: number) {
    this.runs = runs;
    this.saturation = saturation;
  }

  /** Undefined where the load turns out to be more than the replica bears. */
  at(requestsPerSecond: number): Probe | undefined {
    const { runs, saturation } = this;
    const length = requestsPerSecond < CROWDED * saturation ? 1 : CROWDED_LENGTH;
    const found = probe({ ...runs, requests: length * runs.requests }, requestsPerSecond);
    if (!found.isStable) return undefined;
    const behind = this.probes.findLastIndex((other) => other.point.requestsPerSecond < requestsPerSecond);
    this.probes.splice(behind + 1, 0, found);
    return found;
  }
}

/** The largest load inside the target, between the last that met it and the first that did not. */
function searchTarget(runs: Runs, curve: Curve, saturation: EnvelopeLimit): Omit<Envelope, 'points' | 'saturation'> {
  const { probes } = curve;
  const bad = probes.findIndex(
    (one, i) => broken(runs, one) !== undefined && !probes.slice(i).some((later) => broken(runs, later) === undefined),
  );
  const last = probes.at(-1);
  if (bad === -1 && (runs.traffic.slo.length === 0 || last === undefined))
    return { target: saturation, targetMet: true };
  // At saturation itself no latency is known: the largest load that was seen to meet the target counts.
  if (bad === -1 && last !== undefined) return { target: limitAt(last, saturation.limitedBy), targetMet: true };
  const limit = broken(runs, probes[bad] as Probe) as Required<Envelope>['missed'];
  if (bad === 0) return { target: saturation, targetMet: false, missed: limit };
  let good = probes[bad - 1] as Probe;
  let high = (probes[bad] as Probe).point.requestsPerSecond;
  let limitedBy: Limit = limit.target.metric;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = curve.at((good.point.requestsPerSecond + high) / 2);
    const missed = middle === undefined ? limit : broken(runs, middle);
    if (missed === undefined && middle !== undefined) good = middle;
    else {
      high = (good.point.requestsPerSecond + high) / 2;
      limitedBy = missed?.target.metric ?? limitedBy;
    }
  }
  return { target: limitAt(good, limitedBy), targetMet: true };
}

/** Sampling noise out: latencies rise with load, unless a batch is waited for, which few arrivals make longer. */
function smoothed(points: readonly EnvelopePoint[], isRising: boolean): EnvelopePoint[] {
  if (!isRising) return [...points];
  const column = (metric: 'ttft' | 'tpot', quantile: number) =>
    nonDecreasing(points.map((point) => point[metric][quantile] as number));
  const ttft = QUANTILES.map((_, i) => column('ttft', i));
  const tpot = QUANTILES.map((_, i) => column('tpot', i));
  const running = nonDecreasing(points.map((point) => point.running));
  return points.map((point, i) => ({
    ...point,
    running: running[i] as number,
    ttft: ttft.map((values) => values[i] as number),
    tpot: tpot.map((values) => values[i] as number),
  }));
}

/**
 * The service curve of a replica by simulation, request by request, at a dozen loads and more where it turns and where
 * the target lies. Loads see the same requests, only closer together, so that neighbours differ by the load alone; the
 * crowded ones, whose runs are longer, see others.
 *
 * Loads are of sequences, like those of the closed form; beyond saturation there is no curve.
 */
export function simulateEnvelope(replica: Replica, traffic: CurveTraffic, seed: number): Envelope {
  const requests = requestsPerRun(replica, traffic);
  const runs: Runs = {
    replica,
    traffic,
    seed,
    requests,
    warmUp: Math.ceil(WARM_UP_SHARE * requests),
    samples: traffic.mix.samples ?? 1,
  };
  const { refusedShare, ...most } = saturation(traffic.session === undefined ? runs : asSingleRequests(runs));
  const curve = new Curve(runs, most.requestsPerSecond);
  for (const level of LEVELS) {
    if (curve.at(level * most.requestsPerSecond) === undefined) break;
  }
  const full = settled(most, curve.probes.at(-1));
  const turn = steepest(curve.probes);
  if (turn !== undefined) curve.at(turn);
  const target = searchTarget(runs, curve, full);
  const points = smoothed(
    curve.probes.map(({ point }) => point),
    replica.engine.scheduling.kind !== 'static',
  );
  const [idle] = points;
  const start = idle === undefined ? [] : [{ ...idle, requestsPerSecond: 0, running: 0, busy: 0 }];
  return { points: [...start, ...points], saturation: full, ...target, ...(refusedShare > 0 ? { refusedShare } : {}) };
}
