import type { Seconds, Tokens } from '../units/quantity.ts';

/** One request of a recorded or generated trace. */
export interface TraceRequest {
  /** Since the first request. Never goes back from one request to the next. */
  arrival: Seconds;
  /** Whole prompt, at least 1. */
  input: Tokens;
  /** The answer, reasoning included. 0 where a trace records an answer without a token. */
  output: Tokens;
  /** Of the prompt, what was read from a cache. */
  cached?: Tokens;
  /** 0 goes first; 1 waits for it. */
  priority?: 0 | 1;
  /** The conversation it belongs to. */
  session?: number;
  /** Names of the blocks of the prompt, in order; the last block may be partly filled. */
  blockIds?: readonly number[];
  blockIdTokens?: Tokens;
}
