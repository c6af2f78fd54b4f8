import type { Chunk, Span, SweepJob } from './sweep-chunk.ts';
import { type Hand, ownHand, threadHand } from './sweep-crew.ts';

/** A span should take about so long: short enough for a bar that moves, long enough that sending it costs nothing. */
const SPAN_MILLISECONDS = 100;

/** Spans done ahead of the first that is not, beyond which nobody runs further ahead. */
const MOST_AHEAD = 64;

export interface SweepOptions {
  /** Threads; with one the caller's own is used. */
  workers: number;
  /** First point to run; those before are there already. */
  from: number;
  /** Takes the rows of the next points. Called in the order of the points, whoever finished first. */
  take(chunk: Chunk): void;
  /** Stops the sweep after what was taken so far. */
  stop: AbortSignal;
}

/**
 * Runs a sweep on several threads. What is taken is always the first so many points in the order of the axes, so it is
 * the same whatever the threads, and a sweep that is stopped can go on from there.
 *
 * A point that no scenario can have ends it, after all points before it.
 */
export async function runSweep(job: SweepJob, options: SweepOptions): Promise<void> {
  const queue = new SpanQueue(options.from, job.plan.points, options.take);
  const hands = options.workers > 1 ? Array.from({ length: options.workers }, () => threadHand(job)) : [ownHand(job)];
  const stopped = new Promise<void>((resolve) => {
    if (options.stop.aborted) resolve();
    options.stop.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([Promise.all(hands.map((hand) => work(hand, queue, options.stop))), stopped]);
  } finally {
    await Promise.all(hands.map((hand) => hand.dismiss()));
  }
}

async function work(hand: Hand, queue: SpanQueue, stop: AbortSignal): Promise<void> {
  for (;;) {
    const span = await queue.next();
    if (span === undefined || stop.aborted) return;
    const chunk = await hand.run(span);
    if (stop.aborted) return;
    queue.done(span, chunk);
  }
}

/** Deals out spans in order, their size by how long the last ones took, and puts what comes back in order again. */
class SpanQueue {
  private size = 1;
  private dealt: number;
  private taken: number;
  private readonly early = new Map<number, { span: Span; chunk: Chunk }>();
  private waiting: (() => void)[] = [];
  private readonly points: number;
  private readonly take: (chunk: Chunk) => void;

  constructor(from: number, points: number, take: (chunk: Chunk) => void) {
    this.dealt = from;
    this.taken = from;
    this.points = points;
    this.take = take;
  }

  /** The next span to run, once it is not too far ahead; undefined where there is none. */
  async next(): Promise<Span | undefined> {
    while (this.dealt < this.points && this.early.size >= MOST_AHEAD) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (this.dealt >= this.points) return undefined;
    const from = this.dealt;
    this.dealt = Math.min(this.points, from + this.size);
    return { from, to: this.dealt };
  }

  done(span: Span, chunk: Chunk): void {
    const rate = (span.to - span.from) / Math.max(chunk.milliseconds, 0.01);
    this.size = Math.max(1, Math.min(2 * this.size, Math.round(rate * SPAN_MILLISECONDS)));
    if (chunk.fault !== undefined) this.dealt = this.points;
    this.early.set(span.from, { span, chunk });
    for (let next = this.early.get(this.taken); next !== undefined; next = this.early.get(this.taken)) {
      this.early.delete(this.taken);
      this.taken = next.chunk.fault === undefined ? next.span.to : Number.NaN;
      this.take(next.chunk);
    }
    for (const resume of this.waiting.splice(0)) resume();
  }
}
