import { type StepLoad, stepSeconds } from '../perf/step-time.ts';
import type { Seconds, Share } from '../units/quantity.ts';
import { attendedPositions } from './attended-positions.ts';
import type { Replica } from './replica.ts';

/** A replica in equilibrium with a mean number of decoding sequences. */
export interface SteadyState {
  decoding: number;
  requestsPerSecond: number;
  /** Mean time between two passes of a request, prefill interference included; and between two of its tokens. */
  pass: Seconds;
  tpot: Seconds;
  /** An iteration without prompt tokens, and one that carries a chunk. */
  plainStep: Seconds;
  chunkStep: Seconds;
  /** Share of iterations that carry prompt tokens. */
  chunkShare: number;
  /** Time from a prompt's first chunk to its first token, at the mean length. */
  prefill: Seconds;
}

/**
 * One iteration with `decoding` sequences at the mean context and `promptTokens` of prompts of mean length.
 *
 * Each chunk of a long prompt re-reads the cache of the chunks before it.
 */
export function iteration(
  replica: Replica,
  decoding: number,
  promptTokens: number,
  promptLength = replica.means.newPrompt,
): StepLoad {
  const { means, window } = replica;
  const share = promptTokens / promptLength;
  const chunks = Math.max(1, 1 / Math.max(share, 1e-12));
  const full = attendedPositions(means.past, promptLength, Number.POSITIVE_INFINITY);
  const sliding = window === Number.POSITIVE_INFINITY ? 0 : attendedPositions(means.past, promptLength, window);
  const reread = means.past + (promptLength * (chunks - 1)) / (2 * chunks);
  return {
    decodeSequences: decoding,
    contextFull: decoding * means.context,
    contextSliding: decoding * Math.min(means.context, window),
    promptTokens,
    promptWorkFull: full * share,
    promptWorkSliding: sliding * share,
    promptKvTokens: promptTokens > 0 ? reread * Math.max(1, share) + promptTokens : 0,
    emitted: decoding + share,
  };
}

/** Tokens of an iteration's budget that its decoding sequences, and what was proposed for them, leave for prompts. */
export function promptRoom(replica: Replica, decoding: number): number {
  return Math.max(1, replica.tokenBudget - decoding * replica.step.queries);
}

/** Time to push a prompt through, in as few chunks as the budget allows beside the decoding sequences. */
export function prefillSeconds(replica: Replica, decoding: number, promptLength: number): Seconds {
  const length = Math.max(1, promptLength);
  const chunks = Math.ceil(length / promptRoom(replica, decoding) - 1e-9);
  return chunks * stepSeconds(replica.step, iteration(replica, decoding, length / chunks, length));
}

/**
 * Throughput and token time with `decoding` sequences running, on average over many requests.
 *
 * Prompts come one at a time while they are rare: a share f of the iterations carries a chunk and
 *
 *   pass = (1 − f)·t(n, 0) + f·t(n, chunk),   f = chunks · n / passes
 *
 * because n sequences finish n/passes requests an iteration and each lets a new one in. Once f would pass 1 every
 * iteration carries prompt tokens, n·prompt/passes of them. The chunk count is taken as a real number, which keeps
 * throughput continuous in n.
 *
 * @param decoding mean running sequences; below one the engine is idle part of the time and runs as with one
 * @source measured rows show prompts on a share of the iterations, not spread over all; Agrawal et al. 2024 (Sarathi)
 */
export function steadyState(replica: Replica, decoding: number): SteadyState {
  const { means, step } = replica;
  const running = Math.max(1, decoding);
  const room = promptRoom(replica, running);
  const chunks = Math.max(1, means.newPrompt / room);
  const plainStep = stepSeconds(step, iteration(replica, running, 0));
  const perPass = decoding / means.decodePasses;
  const chunkShare = Math.min(1, chunks * perPass);
  const promptTokens = chunkShare < 1 ? means.newPrompt / chunks : means.newPrompt * perPass;
  const chunkStep = stepSeconds(step, iteration(replica, running, promptTokens));
  const pass = (1 - chunkShare) * plainStep + chunkShare * chunkStep;
  return {
    decoding,
    requestsPerSecond: decoding / (means.decodePasses * pass),
    pass,
    tpot: pass / replica.tokensPerPass,
    plainStep,
    chunkStep,
    chunkShare,
    prefill: prefillSeconds(replica, running, means.newPrompt),
  };
}

/**
 * The same for requests of one output token, which never decode: `load` is the share of the prefill rate in use, with
 * the whole token budget given to prompts.
 */
export function prefillOnlyState(replica: Replica, load: number): SteadyState {
  const full = stepSeconds(replica.step, iteration(replica, 0, replica.tokenBudget));
  return {
    decoding: 0,
    requestsPerSecond: (load * replica.tokenBudget) / replica.means.newPrompt / full,
    pass: 0,
    tpot: 0,
    plainStep: 0,
    chunkStep: full,
    chunkShare: 1,
    prefill: prefillSeconds(replica, 0, replica.means.newPrompt),
  };
}

/**
 * Most decoding sequences whose prompts the token budget can feed: n·(1 + prompt/passes) ≤ budget, with proposals
 * beside the 1.
 * Beyond it the backlog of prompts grows whatever the batch limit.
 */
export function budgetLimitedDecoding(replica: Replica): number {
  const { means } = replica;
  return replica.tokenBudget / (replica.step.queries + means.newPrompt / means.decodePasses);
}

/** Sequences in flight, those being prefilled included: Little's law over the whole residence. */
export function inFlight(state: SteadyState): number {
  return state.decoding + state.requestsPerSecond * state.prefill;
}

/** Share of the busy time that prompts add to decoding; all of it where nothing decodes. */
export function promptShareOf(replica: Replica, state: SteadyState): Share {
  if (replica.means.decodePasses === 0) return 1;
  return (state.chunkShare * Math.max(0, state.chunkStep - state.plainStep)) / state.pass;
}
