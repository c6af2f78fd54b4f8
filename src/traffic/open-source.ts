import { randomStream } from '../math/rng.ts';
import type { TrafficPlan } from '../scenario/plan.ts';
import type { Seconds } from '../units/quantity.ts';
import { type ArrivalClock, arrivalClock, type RateShape, unitGaps } from './arrivals.ts';
import { drawStream, type LengthLimits } from './draw-lengths.ts';
import { drawRequests, type RequestTraffic } from './draw-requests.ts';
import type { RequestDraft, RequestSource } from './request-source.ts';

export interface SourceOptions extends LengthLimits {
  /** Requests after which no more come; endless where absent. */
  limit?: number;
}

export interface OpenOptions extends SourceOptions {
  /** Modulates the rate; constant where absent. */
  rateShape?: RateShape;
  /** Nothing starts at this time or later. */
  until?: Seconds;
}

/** When requests, or conversations, start by themselves. */
export function openArrivals(
  arrivals: TrafficPlan['arrivals'],
  perSecond: number,
  seed: number,
  options: OpenOptions,
): ArrivalClock {
  if (arrivals.kind === 'closed') throw new RangeError('users who wait for their answers have no rate of their own');
  // A gamma gap takes as many numbers as it needs, which leaves nothing to spread.
  const gaps = arrivals.kind === 'gamma' ? randomStream(seed, 'gaps') : drawStream(seed, 'gaps', options);
  return arrivalClock(unitGaps(arrivals, gaps), perSecond, options.rateShape);
}

/** Requests that arrive at random, whatever becomes of those before. */
export function openSource(
  traffic: RequestTraffic & Pick<TrafficPlan, 'arrivals'>,
  requestsPerSecond: number,
  seed: number,
  options: OpenOptions = {},
): RequestSource {
  const clock = openArrivals(traffic.arrivals, requestsPerSecond, seed, options);
  return new OpenSource(clock, drawRequests(traffic, seed, options), options);
}

class OpenSource implements RequestSource {
  nextArrival: Seconds = Number.POSITIVE_INFINITY;
  private readonly clock: ArrivalClock;
  private readonly write: (draft: RequestDraft) => void;
  private readonly limit: number;
  private readonly until: Seconds;
  private taken = 0;

  constructor(clock: ArrivalClock, write: (draft: RequestDraft) => void, options: OpenOptions) {
    this.clock = clock;
    this.write = write;
    this.limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.until = options.until ?? Number.POSITIVE_INFINITY;
    this.lookAhead();
  }

  take(draft: RequestDraft): void {
    draft.arrival = this.clock.next;
    draft.tag = this.taken++;
    this.write(draft);
    this.clock.advance();
    this.lookAhead();
  }

  ended(): void {}

  private lookAhead(): void {
    const { next } = this.clock;
    this.nextArrival = this.taken < this.limit && next < this.until ? next : Number.POSITIVE_INFINITY;
  }
}
