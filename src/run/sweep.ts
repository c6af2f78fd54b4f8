import type { SweepPlan } from '../analysis/sweep-plan.ts';
import type { Chunk, Span, SweepJob } from './sweep-chunk.ts';
import { type Hand, ownHand, threadHand } from './sweep-crew.ts';

/** A span should take about so long: short enough for a bar that moves, long enough that sending it costs nothing. */
const SPAN_MILLISECONDS = 100;

/**
 * How long a thread keeps to neighbouring points before it moves behind the others' part. Neighbours share service
 * curves, which every thread has to simulate for itself; what is done ahead is lost where a sweep is stopped.
 */
const LANE_MILLISECONDS = 2000;

export interface SweepOptions {
  /** Threads; with one the caller's own is used. */
  workers: number;
  /** First point to run; those before are there already. */
  from: number;
  /** Takes the rows of the next points. Called in the order of the points, whoever finished first. */
  take(chunk: Chunk): void;
  /** Told the points done so far, those ahead of what was taken included. */
  onPoints?: (done: number) => void;
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
  const hands = options.workers > 1 ? Array.from({ length: options.workers }, () => threadHand(job)) : [ownHand(job)];
  const queue = new SpanQueue(options, job.plan, hands.length);
  const stopped = new Promise<void>((resolve) => {
    if (options.stop.aborted) resolve();
    options.stop.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([Promise.all(hands.map((hand, index) => work(hand, index, queue, options.stop))), stopped]);
  } finally {
    await Promise.all(hands.map((hand) => hand.dismiss()));
  }
}

async function work(hand: Hand, index: number, queue: SpanQueue, stop: AbortSignal): Promise<void> {
  for (;;) {
    const span = queue.next(index);
    if (span === undefined || stop.aborted) return;
    const chunk = await hand.run(span);
    if (stop.aborted) return;
    queue.done(span, chunk);
  }
}

/** Points in a row that one hand runs, from the next on. */
type Lane = Span;

/**
 * Deals out spans and puts what comes back in order again. Each hand has a lane of neighbouring points; with none left
 * it takes half of the longest that is, and once all are dealt out there are new ones behind. Spans and lanes are as
 * long as the last spans took.
 */
class SpanQueue {
  private size = 1;
  private lanes: Lane[];
  /** First point of no lane. */
  private opened: number;
  /** Nothing from here on is run. */
  private end: number;
  private taken: number;
  private points = 0;
  /** Points between two steps of each axis, the slowest first. */
  private readonly turns: readonly number[];
  private readonly early = new Map<number, { span: Span; chunk: Chunk }>();
  private readonly options: Pick<SweepOptions, 'from' | 'take' | 'onPoints'>;

  constructor(options: Pick<SweepOptions, 'from' | 'take' | 'onPoints'>, plan: SweepPlan, hands: number) {
    this.options = options;
    this.turns = plan.wheels.map((_, i) => plan.wheels.slice(i + 1).reduce((product, { size }) => product * size, 1));
    this.opened = options.from;
    this.taken = options.from;
    this.end = plan.points;
    this.lanes = Array.from({ length: hands }, () => ({ from: 0, to: 0 }));
  }

  /** The next span that a hand should run; undefined where none is left. */
  next(hand: number): Span | undefined {
    const lane = this.own(hand) ?? this.half(hand) ?? this.fresh(hand);
    if (lane === undefined) return undefined;
    const span = { from: lane.from, to: Math.min(lane.from + this.size, this.endOf(lane)) };
    lane.from = span.to;
    return span;
  }

  private endOf(lane: Lane): number {
    return Math.min(lane.to, this.end);
  }

  private left(lane: Lane): number {
    return Math.max(0, this.endOf(lane) - lane.from);
  }

  private own(hand: number): Lane | undefined {
    const lane = this.lanes[hand] as Lane;
    return this.left(lane) > 0 ? lane : undefined;
  }

  /** The further half of the longest lane. */
  private half(hand: number): Lane | undefined {
    const longest = this.lanes.reduce((a, b) => (this.left(b) > this.left(a) ? b : a));
    const left = this.left(longest);
    if (left === 0) return undefined;
    const lane = { from: longest.from + Math.floor(left / 2), to: this.endOf(longest) };
    longest.to = lane.from;
    this.lanes[hand] = lane;
    return lane;
  }

  private fresh(hand: number): Lane | undefined {
    const rest = this.end - this.opened;
    if (rest <= 0) return undefined;
    const hands = this.lanes.length;
    const length = Math.ceil(Math.min(rest / hands, (this.size * LANE_MILLISECONDS) / SPAN_MILLISECONDS));
    this.lanes = this.lanes.map(() => {
      const from = this.opened;
      this.opened = Math.min(this.end, this.turnBehind(from + length, length));
      return { from, to: this.opened };
    });
    return this.own(hand) ?? this.half(hand);
  }

  /** The next point from which an axis turns anew, of those that turn at least once in a lane. */
  private turnBehind(point: number, length: number): number {
    const turn = this.turns.find((points) => points <= length) ?? 1;
    return Math.ceil(point / turn) * turn;
  }

  done(span: Span, chunk: Chunk): void {
    const rate = (span.to - span.from) / Math.max(chunk.milliseconds, 0.01);
    this.size = Math.max(1, Math.min(2 * this.size, Math.round(rate * SPAN_MILLISECONDS)));
    if (chunk.fault !== undefined) this.end = Math.min(this.end, span.from);
    this.points += span.to - span.from;
    this.early.set(span.from, { span, chunk });
    for (let next = this.early.get(this.taken); next !== undefined; next = this.early.get(this.taken)) {
      this.early.delete(this.taken);
      this.taken = next.chunk.fault === undefined ? next.span.to : Number.NaN;
      this.options.take(next.chunk);
    }
    this.options.onPoints?.(this.options.from + this.points);
  }
}
