import { largestWhere } from '../math/root.ts';
import type { LatencyTarget } from '../scenario/plan.ts';
import type { Seconds, Share } from '../units/quantity.ts';
import { tpotQuantile, ttftQuantile } from './latency.ts';
import type { Limit, Replica } from './replica.ts';
import {
  budgetLimitedDecoding,
  inFlight,
  prefillOnlyState,
  promptShareOf,
  type SteadyState,
  steadyState,
} from './steady-state.ts';

/** Quantiles an envelope carries for each load. */
export const QUANTILES = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999] as const;

/** One load of a replica's service curve. */
export interface EnvelopePoint {
  requestsPerSecond: number;
  /** Mean sequences in flight. */
  running: number;
  /** Share of time that the GPUs work on something. */
  busy: number;
  /** Share of that time spent on prompts. */
  promptShare: number;
  /** Seconds at each of QUANTILES. */
  ttft: readonly Seconds[];
  tpot: readonly Seconds[];
}

export interface EnvelopeLimit {
  requestsPerSecond: number;
  running: number;
  limitedBy: Limit;
}

/** A replica's service curve: what the fleet knows of it, however it was computed. */
export interface Envelope {
  /** Rising loads, from 0 to just below saturation. */
  points: readonly EnvelopePoint[];
  /** Beyond this the backlog grows and there is no finite latency. */
  saturation: EnvelopeLimit;
  /** The largest load inside the latency target; saturation where there is none, or none can be met. */
  target: EnvelopeLimit;
  /** Requests that are refused, being longer than the cache or the context; absent where there are none. */
  refusedShare?: Share;
  /** False where not even the lightest load meets the target. */
  targetMet: boolean;
  /** Then: the first target that it misses, and by how much. */
  missed?: { target: LatencyTarget; seconds: Seconds };
}

/** The steady state at a level 0..1 of saturation, whatever drives the replica there. */
type StateAt = (level: number) => SteadyState;

function saturation(replica: Replica): { stateAt: StateAt; limitedBy: Limit } {
  if (replica.means.decodePasses === 0) {
    const fits = (load: number) => inFlight(prefillOnlyState(replica, load)) <= replica.slots;
    const top = largestWhere(fits, 0, 1) ?? 0;
    return {
      stateAt: (level) => prefillOnlyState(replica, level * top),
      limitedBy: top < 1 ? replica.slotLimit : 'token_budget',
    };
  }
  const byBudget = budgetLimitedDecoding(replica);
  const fits = (decoding: number) => inFlight(steadyState(replica, decoding)) <= replica.slots;
  const top = largestWhere(fits, 0, Math.min(byBudget, replica.slots)) ?? 0;
  return {
    stateAt: (level) => steadyState(replica, level * top),
    limitedBy: byBudget < replica.slots && top >= byBudget ? 'token_budget' : replica.slotLimit,
  };
}

function latencyAt(replica: Replica, state: SteadyState, target: LatencyTarget): Seconds {
  return target.metric === 'ttft'
    ? ttftQuantile(replica, state, target.quantile)
    : tpotQuantile(replica, state, target.quantile);
}

/** Loads that show the knee: even in the middle, closing in on both ends. */
function gridLevels(): number[] {
  const low = [0, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075];
  const middle = Array.from({ length: 18 }, (_, i) => 0.1 + i * 0.05);
  const high = [0.97, 0.98, 0.99, 0.995, 0.999];
  return [...low, ...middle, ...high];
}

function point(replica: Replica, state: SteadyState): EnvelopePoint {
  return {
    requestsPerSecond: state.requestsPerSecond,
    running: inFlight(state),
    busy: 1 - Math.exp(-inFlight(state)),
    promptShare: promptShareOf(replica, state),
    ttft: QUANTILES.map((quantile) => ttftQuantile(replica, state, quantile)),
    tpot: QUANTILES.map((quantile) => tpotQuantile(replica, state, quantile)),
  };
}

/** A replica that may do no more than this share of what it can, to be on time, is no use at any number. */
const LIGHTEST = 1e-6;

/** The largest level whose latencies all meet their targets, and the first target to break beyond it. */
function targetLevel(
  replica: Replica,
  stateAt: StateAt,
  slo: readonly LatencyTarget[],
): { level: number; limitedBy: Limit } | undefined {
  let level = 1;
  let limitedBy: Limit | undefined;
  for (const target of slo) {
    const meets = (x: number) => latencyAt(replica, stateAt(x), target) <= target.seconds;
    const found = largestWhere(meets, LIGHTEST, 1);
    if (found === undefined) return undefined;
    if (found < level) {
      level = found;
      limitedBy = target.metric;
    }
  }
  return limitedBy === undefined ? { level: 1, limitedBy: 'max_batch' } : { level, limitedBy };
}

function missedTarget(replica: Replica, stateAt: StateAt, slo: readonly LatencyTarget[]): Pick<Envelope, 'missed'> {
  const idle = stateAt(LIGHTEST);
  for (const target of slo) {
    const seconds = latencyAt(replica, idle, target);
    if (!(seconds <= target.seconds)) return { missed: { target, seconds } };
  }
  return {};
}

/** The replica's two limits without the curve between them: cheap, for the search of a scale. */
export function envelopeLimits(
  replica: Replica,
  slo: readonly LatencyTarget[],
): Omit<Envelope, 'points'> & { stateAt: StateAt } {
  const { stateAt, limitedBy } = saturation(replica);
  const full = stateAt(1);
  const top: EnvelopeLimit = { requestsPerSecond: full.requestsPerSecond, running: inFlight(full), limitedBy };
  const found = slo.length === 0 ? { level: 1, limitedBy } : targetLevel(replica, stateAt, slo);
  if (found === undefined)
    return { stateAt, saturation: top, target: top, targetMet: false, ...missedTarget(replica, stateAt, slo) };
  if (found.level === 1) return { stateAt, saturation: top, target: top, targetMet: true };
  const state = stateAt(found.level);
  const target = { requestsPerSecond: state.requestsPerSecond, running: inFlight(state), limitedBy: found.limitedBy };
  return { stateAt, saturation: top, target, targetMet: true };
}

/**
 * The service curve of a replica in closed form.
 *
 * @param slo targets judged at every load; an empty list means throughput alone counts
 */
export function buildEnvelope(replica: Replica, slo: readonly LatencyTarget[]): Envelope {
  const { stateAt, ...limits } = envelopeLimits(replica, slo);
  return { points: gridLevels().map((level) => point(replica, stateAt(level))), ...limits };
}

/**
 * The replica whose largest output rate inside the target is the one somebody measured: all its step times are
 * multiplied by one factor. Throughput falls monotonically with the factor, so bisection finds it.
 */
export function scaleToMeasured(
  replica: Replica,
  slo: readonly LatencyTarget[],
  outputTokensPerSecond: number,
): Replica {
  const scaled = (log: number): Replica => ({ ...replica, step: { ...replica.step, scale: 2 ** log } });
  const rate = (log: number) => envelopeLimits(scaled(log), slo).target.requestsPerSecond * replica.means.output;
  if (slo.length === 0) return scaled(Math.log2(rate(0) / outputTokensPerSecond));
  const log = largestWhere((x) => rate(x) >= outputTokensPerSecond, -20, 20) ?? -20;
  return scaled(log);
}
