import { normalQuantile } from '../math/normal.ts';
import { stepSeconds } from '../perf/step-time.ts';
import { lengthQuantile } from '../traffic/lengths.ts';
import type { Seconds } from '../units/quantity.ts';
import type { Replica } from './replica.ts';
import { inFlight, iteration, prefillSeconds, type SteadyState, steadyState } from './steady-state.ts';

/** One independent part of a latency: its mean and its value at a quantile. */
interface Part {
  mean: Seconds;
  at: Seconds;
}

/**
 * Quantile of a sum of independent parts from their own: means add, and deviations from the mean add as squares, those
 * above it and those below it apart.
 *
 * Exact for one varying part and for normal parts; in between it errs by a few per cent either way. Keeping the signs
 * apart makes it rise with every part's mean and quantile, so latency never falls as load grows.
 */
function sumQuantile(parts: readonly Part[]): Seconds {
  let mean = 0;
  let above = 0;
  let below = 0;
  for (const part of parts) {
    const deviation = part.at - part.mean;
    mean += part.mean;
    if (deviation > 0) above += deviation ** 2;
    else below += deviation ** 2;
  }
  return Math.max(0, mean + Math.sqrt(above) - Math.sqrt(below));
}

/** A wait that is zero with probability 1 − `waits` and exponential with mean `ifWaiting` otherwise. */
function waitPart(waits: number, ifWaiting: Seconds, quantile: number): Part {
  const tail = waits > 1 - quantile ? Math.log(waits / (1 - quantile)) : 0;
  return { mean: waits * ifWaiting, at: tail * ifWaiting };
}

/** Standard deviations of the number busy beyond which a queue is too rare to matter, or a start too early to. */
const FAR = 12;

/**
 * Erlang's probability that an arrival finds all `servers` busy, by the stable recurrence on Erlang B.
 *
 * The recurrence forgets its start, so it begins a dozen deviations below the offered load, where nearly all that is
 * offered beyond the servers is blocked: the cost grows with the root of the servers.
 *
 * @source Erlang 1917; recurrence: Jagerman 1974
 */
export function erlangC(servers: number, offered: number): number {
  if (offered >= servers) return 1;
  const spread = FAR * Math.sqrt(offered + 1);
  if (servers > offered + spread + FAR ** 2) return 0;
  const start = Math.max(0, Math.floor(offered - spread - FAR ** 2));
  let blocked = 1 - start / Math.max(offered, 1);
  for (let n = start + 1; n <= servers; n++) blocked = (offered * blocked) / (n + offered * blocked);
  return blocked / (1 - (offered / servers) * (1 - blocked));
}

/**
 * Time to first token at a quantile: what is left of the iteration under way, prompts ahead in the budget, a free
 * slot, and the prompt itself.
 *
 * - the iteration under way: uniform over its length, long ones being hit more often, if the engine is busy at all
 * - prompts ahead: M/G/1 on the token budget, scaled for burstiness and length (Kingman 1961)
 * - a free slot: M/M/c on the sequence slots, scaled alike (Allen and Cunneen; Whitt 1993)
 *
 * @returns Infinity at and beyond saturation
 */
export function ttftQuantile(replica: Replica, state: SteadyState, quantile: number): Seconds {
  const { means, arrivalCv, outputCv } = replica;
  const busy = 1 - Math.exp(-inFlight(state));
  const meanStep = (1 - state.chunkShare) * state.plainStep + state.chunkShare * state.chunkStep;
  const squareStep = (1 - state.chunkShare) * state.plainStep ** 2 + state.chunkShare * state.chunkStep ** 2;
  const residual = (squareStep / meanStep) * busy;

  const room = Math.max(1, replica.tokenBudget - state.decoding);
  const fullStep = stepSeconds(replica.step, iteration(replica, state.decoding, room));
  const perPrompt = (fullStep * means.newPrompt) / room;
  const promptLoad = state.requestsPerSecond * perPrompt;
  if (promptLoad >= 1) return Number.POSITIVE_INFINITY;
  const promptVariability = (arrivalCv ** 2 + means.inputCv ** 2) / 2;
  const promptWait = waitPart(promptLoad, (perPrompt / (1 - promptLoad)) * promptVariability, quantile);

  const offered = inFlight(state);
  if (offered >= replica.slots) return Number.POSITIVE_INFINITY;
  const residence = state.prefill + means.decodePasses * state.tpot;
  const slotVariability = (arrivalCv ** 2 + outputCv ** 2) / 2;
  const slotWait = waitPart(
    erlangC(replica.slots, offered),
    (residence / (replica.slots - offered)) * slotVariability,
    quantile,
  );

  const own = prefillSeconds(
    replica,
    state.decoding,
    lengthQuantile({ mean: means.newPrompt, cv: means.inputCv }, quantile),
  );
  return sumQuantile([
    { mean: residual / 2, at: residual * quantile },
    promptWait,
    slotWait,
    { mean: state.prefill, at: own },
  ]);
}

/**
 * Time per output token at a quantile: the steady state at that quantile of the number of sequences running.
 *
 * With many slots the number running is Poisson about its mean, widened for bursty arrivals by the peakedness
 * (cv² + 1)/2, and it changes as slowly as requests finish, so a request sees one level for most of its life.
 *
 * @source infinite-server limit: Eick, Massey and Whitt 1993
 */
export function tpotQuantile(replica: Replica, state: SteadyState, quantile: number): Seconds {
  if (replica.means.decodePasses === 0) return 0;
  const peakedness = (replica.arrivalCv ** 2 + 1) / 2;
  const spread = normalQuantile(quantile) * Math.sqrt(state.decoding * peakedness);
  const running = Math.min(replica.slots, Math.max(0, state.decoding + spread));
  return steadyState(replica, running).tpot;
}
