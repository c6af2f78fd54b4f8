import type { Seconds } from '../units/quantity.ts';
import type { EndedRequest, RequestSink } from './engine-spec.ts';

const SPANS = 64;

/** Runs of a few hundredths of a second are told in as many spans as long ones. */
const FIRST_WIDTH: Seconds = 2 ** -10;

/**
 * A backlog counts as grown where the late wait this many times as long as the early, and this share of the run besides:
 * under (1 + a) times what can be borne, waits in the last quarter are 0.875·a of the run, so a load is told from 6 % on.
 */
const TIMES_AS_LONG = 2;
const SHARE_OF_RUN = 0.05;

/**
 * Whether requests wait longer the later they come, which is how a replica shows that it is given more than it can do.
 * Counts all of a request's time in queues, what it stood there after it was sent back too. Keeps sums over at most 64 spans of arrival time, whose width doubles as the run goes on.
 */
export class BacklogWatch implements RequestSink {
  private width: Seconds = FIRST_WIDTH;
  private readonly waits = new Float64Array(SPANS);
  private readonly counts = new Float64Array(SPANS);
  private last: Seconds = 0;
  private readonly delayOf: (tag: number) => Seconds;

  /** @param delayOf what the request of a tag took to reach the engine: a backlog may stand in front of it, too */
  constructor(delayOf: (tag: number) => Seconds = () => 0) {
    this.delayOf = delayOf;
  }

  ended(request: EndedRequest): void {
    const before = this.delayOf(request.tag);
    const arrival = request.arrival - before;
    while (arrival >= SPANS * this.width) this.widen();
    const span = Math.floor(arrival / this.width);
    this.waits[span] = (this.waits[span] as number) + before + request.waited;
    this.counts[span] = (this.counts[span] as number) + 1;
    if (arrival > this.last) this.last = arrival;
  }

  private widen(): void {
    for (let i = 0; i < SPANS; i++) {
      const from = 2 * i;
      const isInside = from < SPANS;
      this.waits[i] = isInside ? (this.waits[from] as number) + (this.waits[from + 1] as number) : 0;
      this.counts[i] = isInside ? (this.counts[from] as number) + (this.counts[from + 1] as number) : 0;
    }
    this.width *= 2;
  }

  private meanWait(from: number, to: number): Seconds {
    const used = Math.floor(this.last / this.width) + 1;
    let wait = 0;
    let count = 0;
    for (let i = Math.floor(from * used); i < Math.ceil(to * used); i++) {
      wait += this.waits[i] as number;
      count += this.counts[i] as number;
    }
    return count > 0 ? wait / count : 0;
  }

  /** Mean waits of those who came in the second and in the last quarter of the run, where the backlog grew between. */
  growth(): { early: Seconds; late: Seconds } | undefined {
    const early = this.meanWait(0.25, 0.5);
    const late = this.meanWait(0.75, 1);
    return late > TIMES_AS_LONG * early && late > SHARE_OF_RUN * this.last ? { early, late } : undefined;
  }
}
