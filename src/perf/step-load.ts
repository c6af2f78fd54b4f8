import type { Tokens } from '../units/quantity.ts';

/** What one iteration of the engine carries. Contexts are sums over sequences; sliding ones are capped per sequence. */
export interface StepLoad {
  decodeSequences: number;
  contextFull: Tokens;
  contextSliding: Tokens;
  promptTokens: Tokens;
  /** Sum over prompt tokens of the positions each attends to. */
  promptWorkFull: number;
  promptWorkSliding: number;
  /** Tokens of cache the prompt chunks read (their past) and write. */
  promptKvTokens: Tokens;
  /** Sequences that emit a token: the decoding ones, and prompts whose last chunk this is. */
  emitted: number;
}

/**
 * An iteration that carries nothing, to be filled in.
 * @source `StepLoad`
 */
export function emptyLoad(): StepLoad {
  return {
    decodeSequences: 0,
    contextFull: 0,
    contextSliding: 0,
    promptTokens: 0,
    promptWorkFull: 0,
    promptWorkSliding: 0,
    promptKvTokens: 0,
    emitted: 0,
  };
}
