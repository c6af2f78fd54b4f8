import type { Tokens } from '../units/quantity.ts';

/** Positions that the first `tokens` of a sequence attend to in all, each token to those before it within the window. */
function fromStart(tokens: Tokens, window: Tokens): number {
  const capped = Math.min(tokens, window);
  return (capped * capped) / 2 + (tokens - capped) * capped;
}

/** Positions that the tokens `past … past + count` of one sequence attend to, each capped by a window. */
export function attendedPositions(past: Tokens, count: Tokens, window: Tokens): number {
  return fromStart(past + count, window) - fromStart(past, window);
}
