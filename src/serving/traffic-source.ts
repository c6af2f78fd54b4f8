import type { TrafficPlan } from '../scenario/plan.ts';
import { sessionMoments } from '../scenario/session-moments.ts';
import type { RateShape } from '../traffic/arrivals.ts';
import { closedSource } from '../traffic/closed-source.ts';
import { openSource } from '../traffic/open-source.ts';
import type { RequestSource } from '../traffic/request-source.ts';
import { withSamples } from '../traffic/samples.ts';
import { sessionSource } from '../traffic/session-source.ts';
import type { Tokens } from '../units/quantity.ts';

/** What a replica's source draws from. */
export type SourceTraffic = Pick<TrafficPlan, 'arrivals' | 'mix' | 'session' | 'sharedPrompt' | 'background'>;

export interface SourceOptions {
  /** Requests in all; answers to the same prompt are one. */
  limit: number;
  /** Whether the engine itself finds what it has cached; otherwise the mix says what share it does. */
  keepsPrefixes: boolean;
  /** The model's context, to which lengths that are drawn are cut. */
  longest: Tokens;
  /** Rises and falls over the week; a constant rate where absent. */
  rateShape?: RateShape;
  /** Spreads the first so many requests evenly over what they are drawn from. */
  evenOver?: number;
}

/**
 * The traffic of one replica at a rate, as a scenario describes it. Several answers to a prompt come as so many
 * sequences.
 *
 * @param requestsPerSecond of single calls: sessions start at this over the calls of one. Of users who wait for their
 *   answers it follows instead
 */
export function trafficSource(
  traffic: SourceTraffic,
  requestsPerSecond: number,
  seed: number,
  options: SourceOptions,
): RequestSource {
  const { session, mix } = traffic;
  const { keepsPrefixes, ...drawn } = options;
  const prefixes = keepsPrefixes ? 'kept' : 'stated';
  const { arrivals } = traffic;
  const source =
    arrivals.kind === 'closed'
      ? closedSource(traffic, arrivals.users, arrivals.think, seed, { ...drawn, prefixes })
      : session === undefined
        ? openSource(traffic, requestsPerSecond, seed, { ...drawn, prefixes })
        : sessionSource(
            { ...traffic, session },
            requestsPerSecond / sessionMoments(session, traffic.sharedPrompt?.tokens).requestsPerSession,
            seed,
            { ...drawn, prefixes },
          );
  return mix.samples === undefined || mix.samples === 1 ? source : withSamples(source, mix.samples, prefixes);
}
