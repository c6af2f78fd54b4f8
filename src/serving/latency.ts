import { normalQuantile } from '../math/normal.ts';
import { stepSeconds } from '../perf/step-time.ts';
import { frontEndSeconds } from '../traffic/front-end.ts';
import { lengthQuantile } from '../traffic/lengths.ts';
import type { Seconds } from '../units/quantity.ts';
import type { Replica } from './replica.ts';
import {
  inFlight,
  iteration,
  prefillOnlyState,
  prefillSeconds,
  promptRoom,
  type SteadyState,
  steadyState,
} from './steady-state.ts';

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
 * What a mean prompt's chunk adds to an iteration beside one decoding sequence. Taken there and not at the load asked
 * about, because a floor under eager iterations hides part of it in a crowd, and latency must not fall with load.
 */
function chunkExtra(replica: Replica): Seconds {
  const known = chunkExtras.get(replica);
  if (known !== undefined) return known;
  const idle = replica.means.decodePasses === 0 ? prefillOnlyState(replica, 0) : steadyState(replica, 0);
  const extra = Math.max(0, idle.chunkStep - idle.plainStep);
  chunkExtras.set(replica, extra);
  return extra;
}

/** A property of the replica, asked for at every load and quantile. */
const chunkExtras = new WeakMap<Replica, Seconds>();

/**
 * What is left of the iteration under way when a request arrives, if the engine is busy at all.
 *
 * Long iterations are hit more often: a chunk's with its share of the time, and among chunks the longer ones, by the
 * variance of what they add. Within the one that is hit the arrival is uniform, so the tail is two straight lines.
 */
function residualPart(replica: Replica, state: SteadyState, quantile: number): Part {
  const busy = 1 - Math.exp(-inFlight(state));
  const chunkTime = state.chunkShare * state.chunkStep;
  const hitsChunk = chunkTime / (chunkTime + (1 - state.chunkShare) * state.plainStep);
  const spread = Math.min(state.chunkStep, chunkExtra(replica) * replica.means.inputCv);
  const chunk = state.chunkStep + spread ** 2 / state.chunkStep;
  const plain = Math.max(state.plainStep, 1e-12);
  const mean = (busy * (hitsChunk * chunk + (1 - hitsChunk) * plain)) / 2;
  const tail = (1 - quantile) / Math.max(busy, 1e-12);
  if (tail >= 1) return { mean, at: 0 };
  const beyondPlain = hitsChunk > 0 ? chunk * (1 - tail / hitsChunk) : 0;
  const at = beyondPlain > plain ? beyondPlain : (1 - tail) / (hitsChunk / chunk + (1 - hitsChunk) / plain);
  return { mean, at };
}

/**
 * Time to first token at a quantile: the server's front end, what is left of the iteration under way, prompts ahead in
 * the budget, a free slot, and the prompt itself.
 *
 * - the iteration under way, if there is one (see `residualPart`)
 * - prompts ahead: M/G/1 on the token budget, scaled for burstiness and length (Kingman 1961)
 * - a free slot: M/M/c on the sequence slots, scaled alike (Allen and Cunneen; Whitt 1993)
 *
 * @returns Infinity at and beyond saturation
 */
export function ttftQuantile(replica: Replica, state: SteadyState, quantile: number): Seconds {
  const { means, arrivalCv, outputCv } = replica;
  const room = promptRoom(replica, state.decoding);
  const fullStep = stepSeconds(replica.step, iteration(replica, state.decoding, room));
  const perPrompt = (fullStep * means.newPrompt) / room;
  const promptLoad = state.requestsPerSecond * perPrompt;
  if (promptLoad >= 1) return Number.POSITIVE_INFINITY;
  const promptVariability = (arrivalCv ** 2 + means.inputCv ** 2) / 2;
  const promptWait = waitPart(promptLoad, (perPrompt / (1 - promptLoad)) * promptVariability, quantile);

  const offered = inFlight(state);
  if (offered >= replica.slots) return Number.POSITIVE_INFINITY;
  const residence = state.prefill + means.decodePasses * state.pass;
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
  const parts = [residualPart(replica, state, quantile), promptWait, slotWait, { mean: state.prefill, at: own }];
  return frontEndSeconds(replica.frontEnd, means.input) + sumQuantile(parts);
}

/**
 * Time per output token at a quantile. Two things vary:
 *
 * - the number running, which changes as slowly as requests finish, so that a request sees one level for most of its
 *   life. With many slots it is Poisson about its mean, widened for bursty arrivals by the peakedness (cv² + 1)/2; a
 *   crowd drains more slowly than that, so this errs low towards saturation
 * - how many prompt chunks meet the request: Poisson about chunkShare · passes, each adding its own length, so that a
 *   short output sees luck that a long one averages out
 *
 * @source infinite-server limit: Eick, Massey and Whitt 1993
 */
export function tpotQuantile(replica: Replica, state: SteadyState, quantile: number): Seconds {
  const { means, arrivalCv, outputCv } = replica;
  if (means.decodePasses === 0) return 0;
  const deviate = normalQuantile(quantile);
  const peakedness = (arrivalCv ** 2 + 1) / 2;
  const running = Math.min(
    replica.slots,
    Math.max(0, state.decoding + deviate * Math.sqrt(state.decoding * peakedness)),
  );
  const hits = state.chunkShare * (1 + means.inputCv ** 2) * (1 + outputCv ** 2);
  const luck = (chunkExtra(replica) / replica.tokensPerPass) * Math.sqrt(hits / means.decodePasses);
  return sumQuantile([
    { mean: state.tpot, at: steadyState(replica, running).tpot },
    { mean: 0, at: deviate * luck },
  ]);
}
