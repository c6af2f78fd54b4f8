import type { TrafficPlan } from './plan.ts';
import { requestTokens } from './request-tokens.ts';

const SECONDS_PER_DAY = 86_400;

/**
 * Requests a second, weekly mean, in month 1.
 *
 * @returns undefined where the load is a share of a fleet that is not known yet, or what waiting users make of it
 */
export function statedRate({ load, mix }: Pick<TrafficPlan, 'load' | 'mix'>): number | undefined {
  if (load.kind === 'requests') return load.perDay / SECONDS_PER_DAY;
  if (load.kind !== 'tokens') return undefined;
  const { output, total } = requestTokens(mix);
  return load.perDay / SECONDS_PER_DAY / (load.count === 'output' ? output : total);
}
