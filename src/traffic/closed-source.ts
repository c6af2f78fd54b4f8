import { EventQueue } from '../math/event-queue.ts';
import { randomStream } from '../math/rng.ts';
import type { Seconds } from '../units/quantity.ts';
import { waitTimes } from './arrivals.ts';
import { drawRequests, type RequestTraffic } from './draw-requests.ts';
import type { SourceOptions } from './open-source.ts';
import type { RequestDraft, RequestSource } from './request-source.ts';

/**
 * A fixed number of users, each of whom asks, waits for the answer, thinks, and asks again; so no more requests are in
 * the system than there are users. The tag is the user. One who is refused thinks and asks again like one who was
 * answered: without a time to think and without a limit, a request that is always refused would be asked for ever.
 *
 * Users come in evenly over one mean time to think, as a benchmark that ramps up; without one all at once, as
 * benchmark clients with a fixed concurrency do.
 */
export function closedSource(
  traffic: RequestTraffic,
  users: number,
  think: { mean: Seconds; cv: number },
  seed: number,
  options: SourceOptions = {},
): RequestSource {
  const asks = new EventQueue();
  for (let user = 0; user < users; user++) asks.push((user * think.mean) / users, user);
  const thinking = waitTimes(think, randomStream(seed, 'thinking'));
  return new ClosedSource(asks, thinking, drawRequests(traffic, seed, options), options.limit);
}

class ClosedSource implements RequestSource {
  nextArrival: Seconds = Number.POSITIVE_INFINITY;
  private readonly asks: EventQueue;
  private readonly thinking: () => Seconds;
  private readonly write: (draft: RequestDraft) => void;
  private left: number;

  constructor(
    asks: EventQueue,
    thinking: () => Seconds,
    write: (draft: RequestDraft) => void,
    limit = Number.POSITIVE_INFINITY,
  ) {
    this.asks = asks;
    this.thinking = thinking;
    this.write = write;
    this.left = limit;
    this.lookAhead();
  }

  take(draft: RequestDraft): void {
    draft.arrival = this.asks.nextTime();
    draft.tag = this.asks.pop();
    this.write(draft);
    this.left -= 1;
    this.lookAhead();
  }

  ended(user: number, time: Seconds): void {
    this.asks.push(time + this.thinking(), user);
    this.lookAhead();
  }

  private lookAhead(): void {
    this.nextArrival = this.left > 0 ? this.asks.nextTime() : Number.POSITIVE_INFINITY;
  }
}
