import { randomStream } from '../math/rng.ts';
import type { TrafficPlan } from '../scenario/plan.ts';

/** What a request, or a whole conversation, is beside its lengths. */
export interface RequestLabels {
  priority(): 0 | 1;
  /** Name of the shared prompt, or -1 where there is none. */
  shared(): number;
}

/** Drawn one after the other, priorities and shared prompts each by a stream of its own. */
export function drawLabels(
  { background, sharedPrompt }: Pick<TrafficPlan, 'background' | 'sharedPrompt'>,
  seed: number,
): RequestLabels {
  const low = background?.share ?? 0;
  const count = sharedPrompt?.count ?? 0;
  const priorities = randomStream(seed, 'priorities');
  const prompts = randomStream(seed, 'shared prompts');
  return {
    priority: low > 0 ? () => (priorities() < low ? 1 : 0) : () => 0,
    shared: count > 1 ? () => Math.floor(prompts() * count) : () => count - 1,
  };
}
