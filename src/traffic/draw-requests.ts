import type { TrafficPlan } from '../scenario/plan.ts';
import { type LengthLimits, mixLengths } from './draw-lengths.ts';
import { drawLabels } from './request-labels.ts';
import type { RequestDraft } from './request-source.ts';

/** What single requests are drawn from. */
export type RequestTraffic = Pick<TrafficPlan, 'mix' | 'sharedPrompt' | 'background'>;

/**
 * Writes one random request after the other into a draft, all but its arrival and tag. Requests have nothing in common
 * but a shared prompt, of which one that is shorter has the beginning.
 */
export function drawRequests(
  traffic: RequestTraffic,
  seed: number,
  limits: LengthLimits,
): (draft: RequestDraft) => void {
  const writeLengths = mixLengths(traffic.mix, seed, limits);
  const { priority, shared } = drawLabels(traffic, seed);
  const sharedTokens = traffic.sharedPrompt?.tokens ?? 0;
  return (draft) => {
    writeLengths(draft);
    draft.priority = priority();
    draft.shared = shared();
    draft.sharedTokens = Math.min(sharedTokens, draft.input);
    draft.session = -1;
    draft.blockIds = undefined;
    draft.blockIdTokens = 0;
  };
}
