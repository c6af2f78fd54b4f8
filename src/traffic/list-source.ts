import { randomStream } from '../math/rng.ts';
import type { Seconds } from '../units/quantity.ts';
import { wholeTokens } from './draw-lengths.ts';
import type { RequestDraft, RequestSource } from './request-source.ts';

/** A request of a list or trace: when it arrives and how long it is, and what else is known of it. */
export type ListedRequest = Pick<RequestDraft, 'arrival' | 'input' | 'output'> & Partial<Omit<RequestDraft, 'tag'>>;

/** How a trace is replayed. */
export interface ReplayOptions {
  /** What arrival times are divided by: 2 is twice the rate. 1 where absent. */
  speed?: number;
  /** Chance that a request is kept; all are where absent. */
  sample?: number;
  /** Requests that would arrive at this time of the replay or later are left out. */
  until?: Seconds;
  seed?: number;
}

/** Requests that are given one by one, in order of their arrivals. The tag is the position in the list. */
export function listSource(requests: readonly ListedRequest[]): RequestSource {
  return iteratorSource(requests);
}

/**
 * Requests from whatever yields them, read one ahead: a trace as it streams in. Each one draws a random number whether or
 * not it is kept, so a smaller sample is a part of a larger one. Lengths become whole numbers of at least 1.
 */
export function iteratorSource(requests: Iterable<ListedRequest>, options: ReplayOptions = {}): RequestSource {
  return new IteratorSource(requests[Symbol.iterator](), options);
}

class IteratorSource implements RequestSource {
  nextArrival: Seconds = Number.POSITIVE_INFINITY;
  private readonly requests: Iterator<ListedRequest>;
  private readonly speed: number;
  private readonly sample: number;
  private readonly until: Seconds;
  private readonly uniform: () => number;
  private position = -1;
  private before = Number.NEGATIVE_INFINITY;
  private pending: ListedRequest | undefined;

  constructor(requests: Iterator<ListedRequest>, options: ReplayOptions) {
    const { speed = 1, sample = 1, until = Number.POSITIVE_INFINITY, seed = 0 } = options;
    if (!(speed > 0)) throw new RangeError('a trace is replayed at a speed above 0');
    this.requests = requests;
    this.speed = speed;
    this.sample = sample;
    this.until = until;
    this.uniform = randomStream(seed, 'trace sample');
    this.readNext();
  }

  take(draft: RequestDraft): void {
    const { pending } = this;
    if (pending === undefined) throw new RangeError('a source was asked for more than it has');
    draft.arrival = this.nextArrival;
    draft.input = wholeTokens(pending.input);
    draft.output = wholeTokens(pending.output);
    draft.cached = Math.min(draft.input - 1, Math.max(0, Math.round(pending.cached ?? 0)));
    draft.priority = pending.priority ?? 0;
    draft.tag = this.position;
    draft.shared = pending.shared ?? -1;
    draft.sharedTokens = Math.min(pending.sharedTokens ?? 0, draft.input);
    draft.session = pending.session ?? -1;
    draft.sessionTokens = Number.POSITIVE_INFINITY;
    draft.blockIds = pending.blockIds;
    draft.blockIdTokens = pending.blockIdTokens ?? 0;
    this.readNext();
  }

  ended(): void {}

  private readNext(): void {
    this.pending = undefined;
    this.nextArrival = Number.POSITIVE_INFINITY;
    for (let read = this.requests.next(); read.done !== true; read = this.requests.next()) {
      const { arrival } = read.value;
      this.position += 1;
      if (!(arrival >= this.before && arrival < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`request ${this.position + 1} arrives before the one ahead of it, or never`);
      }
      this.before = arrival;
      const time = arrival / this.speed;
      if (time >= this.until) return;
      if (this.uniform() >= this.sample) continue;
      this.pending = read.value;
      this.nextArrival = time;
      return;
    }
  }
}
