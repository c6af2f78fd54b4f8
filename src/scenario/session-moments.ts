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

/**
 * Moments over all requests, each turn weighed by how many sessions get there.
 *
 * A prompt repeats all of the one before, unless it was trimmed: then its beginning is another and only a shared prompt
 * is met again. Answers are not counted as repeated although an engine keeps them too: it errs low.
 *
 * @param sharedTokens what every prompt begins with, whoever asks; known already at the first turn
 */
export function sessionMoments(session: Growth & Pick<SessionPlan, 'turns'>, sharedTokens: Tokens = 0): SessionMoments {
  const sums = { requests: 0, input: 0, square: 0, repeated: 0 };
  let before = sharedTokens;
  for (let turn = 1; turn <= MOST_TURNS; turn++) {
    const chance = reaches(session.turns, turn);
    if (chance <= RAREST) break;
    const input = promptAtTurn(session, turn);
    sums.requests += chance;
    sums.input += chance * input;
    sums.square += chance * input ** 2;
    sums.repeated += chance * Math.min(input, isTrimmed(session, turn) ? sharedTokens : before);
    before = input;
  }
  const mean = sums.input / sums.requests;
  const variance = Math.max(0, sums.square / sums.requests - mean ** 2);
  return {
    requestsPerSession: sums.requests,
    input: { mean, cv: Math.sqrt(variance) / mean },
    repeatedShare: sums.repeated / sums.input,
  };
}

/** Requests that belong together, on average; 1 where each stands for itself. */
export function requestsPerSession({ session }: Pick<TrafficPlan, 'session'>): number {
  return session === undefined ? 1 : sessionMoments(session).requestsPerSession;
}
