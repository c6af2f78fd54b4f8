import { normalProbability } from '../math/normal.ts';
import type { Share, Tokens } from '../units/quantity.ts';
import type { LengthDistribution, SessionPlan, TrafficPlan } from './plan.ts';

/** What a session's requests are on average. */
export interface SessionMoments {
  /** Requests of a session, on average. */
  requestsPerSession: number;
  /** Prompts over all requests of all sessions. */
  input: LengthDistribution;
  /** Share of input tokens that the request before has sent already, or any other with the same shared prompt. */
  repeatedShare: Share;
  /** Share of input tokens in prompts long enough to be cached. */
  cacheableShare: Share;
}

type Growth = Pick<SessionPlan, 'firstInput' | 'addedPerTurn' | 'contextCap'>;

/** Prompt of a session's request, counted from 1. */
export function promptAtTurn(session: Growth, turn: number): Tokens {
  return Math.min(session.contextCap, session.firstInput + session.addedPerTurn * (turn - 1));
}

/** Whether this prompt had to be cut at the front, so that it no longer begins as the one before did. */
function isTrimmed(session: Growth, turn: number): boolean {
  return session.firstInput + session.addedPerTurn * (turn - 1) > session.contextCap;
}

/** Turns as likely as this or less are left out. */
const RAREST = 1e-9;
const MOST_TURNS = 1e6;

/**
 * Chance that a session gets as far as this turn. A number of turns that varies is a log-normal rounded to whole turns,
 * at least one, so the chance is that of the log-normal from half a turn below.
 */
function reaches(turns: LengthDistribution, turn: number): number {
  if (turn <= 1) return 1;
  if (turns.cv === 0) return turn <= Math.max(1, Math.round(turns.mean)) ? 1 : 0;
  const variance = Math.log1p(turns.cv ** 2);
  const location = Math.log(turns.mean) - variance / 2;
  return normalProbability((location - Math.log(turn - 0.5)) / Math.sqrt(variance));
}

/** Where every session has as many turns, its prompts are a list; where their number varies, the moments must do. */
function listOfPrompts({ turns, ...growth }: Growth & Pick<SessionPlan, 'turns'>): Pick<LengthDistribution, 'draw'> {
  const last = Math.max(1, Math.round(turns.mean));
  if (turns.cv > 0 || promptAtTurn(growth, 1) === promptAtTurn(growth, last)) return {};
  return { draw: { kind: 'list', lengths: Array.from({ length: last }, (_, i) => promptAtTurn(growth, i + 1)) } };
}

/**
 * Moments over all requests, each turn weighed by how many sessions get there.
 *
 * A prompt repeats all of the one before, unless it was trimmed: then its beginning is another and only a shared prompt
 * is met again. Answers are not counted as repeated although an engine keeps them too: it errs low.
 *
 * @param sharedTokens what every prompt begins with, whoever asks; known already at the first turn
 * @param least beginnings shorter than this are not cached, so they are met as if new
 */
export function sessionMoments(
  session: Growth & Pick<SessionPlan, 'turns'>,
  sharedTokens: Tokens = 0,
  least: Tokens = 0,
): SessionMoments {
  const sums = { requests: 0, input: 0, square: 0, repeated: 0, cacheable: 0 };
  let before = sharedTokens;
  for (let turn = 1; turn <= MOST_TURNS; turn++) {
    const chance = reaches(session.turns, turn);
    if (chance <= RAREST) break;
    const input = promptAtTurn(session, turn);
    sums.requests += chance;
    sums.input += chance * input;
    sums.square += chance * input ** 2;
    const repeated = Math.min(input, isTrimmed(session, turn) ? sharedTokens : before);
    if (repeated >= least) sums.repeated += chance * repeated;
    if (input >= least) sums.cacheable += chance * input;
    before = input;
  }
  const mean = sums.input / sums.requests;
  const variance = Math.max(0, sums.square / sums.requests - mean ** 2);
  return {
    requestsPerSession: sums.requests,
    input: { mean, cv: Math.sqrt(variance) / mean, ...listOfPrompts(session) },
    repeatedShare: sums.repeated / sums.input,
    cacheableShare: sums.cacheable / sums.input,
  };
}

/** Requests that belong together, on average; 1 where each stands for itself. */
export function requestsPerSession({ session }: Pick<TrafficPlan, 'session'>): number {
  return session === undefined ? 1 : sessionMoments(session).requestsPerSession;
}
