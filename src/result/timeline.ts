import type { Timeline } from '../serving/run-records.ts';
import type { Seconds } from '../units/quantity.ts';

/** One stretch of a run: what the replica carried, on average over it. */
export interface TimelineRow {
  start_s: Seconds;
  seconds: Seconds;
  iterations: number;
  decoding: number;
  prompt_tokens: number;
  waiting: number;
  /** At its highest. */
  kv_blocks: number;
}

const MOST_ROWS = 1 << 16;

/**
 * A run over time, in at most 65,536 stretches: once there are that many, neighbours are taken together, so that a long
 * run is as easy to look at, and to hold, as a short one.
 */
export class TimelineRecorder implements Timeline {
  private rows: TimelineRow[] = [];
  /** Spans that make one row by now, and those gathered for the next. */
  private perRow = 1;
  private gathered = 0;

  span(
    start: Seconds,
    seconds: Seconds,
    iterations: number,
    decoding: number,
    promptTokens: number,
    waiting: number,
    usedBlocks: number,
  ): void {
    if (seconds <= 0) return;
    const row = {
      start_s: start,
      seconds,
      iterations,
      decoding,
      prompt_tokens: promptTokens,
      waiting,
      kv_blocks: usedBlocks,
    };
    const last = this.rows.at(-1);
    if (last !== undefined && this.gathered < this.perRow) {
      this.rows[this.rows.length - 1] = together(last, row);
      this.gathered += 1;
      return;
    }
    if (this.rows.length === MOST_ROWS) this.halve();
    this.rows.push(row);
    this.gathered = 1;
  }

  private halve(): void {
    const halved: TimelineRow[] = [];
    for (let i = 0; i < this.rows.length; i += 2) {
      halved.push(together(this.rows[i] as TimelineRow, this.rows[i + 1] as TimelineRow));
    }
    this.rows = halved;
    this.perRow *= 2;
  }

  list(): readonly TimelineRow[] {
    return this.rows;
  }
}

/** Means weigh by time; time that passed between the two counts as idle. */
function together(a: TimelineRow, b: TimelineRow): TimelineRow {
  const end = Math.max(a.start_s + a.seconds, b.start_s + b.seconds);
  const start = Math.min(a.start_s, b.start_s);
  const seconds = end - start;
  const mean = (x: number, y: number) => (seconds > 0 ? (x * a.seconds + y * b.seconds) / seconds : x);
  return {
    start_s: start,
    seconds,
    iterations: a.iterations + b.iterations,
    decoding: mean(a.decoding, b.decoding),
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    waiting: mean(a.waiting, b.waiting),
    kv_blocks: Math.max(a.kv_blocks, b.kv_blocks),
  };
}

/**
 * The stretches as counters of the Chrome trace format, which chrome://tracing and ui.perfetto.dev draw.
 *
 * @source Google, Trace Event Format, counter events; times in microseconds
 */
export function chromeTrace(rows: readonly TimelineRow[], kvBlocks: number): object {
  const event = (name: string, seconds: Seconds, args: Record<string, number>) => ({
    name,
    ph: 'C',
    pid: 1,
    ts: seconds * 1e6,
    args,
  });
  const traceEvents = rows.flatMap((row) => [
    event('queue', row.start_s, { waiting: row.waiting }),
    event('batch', row.start_s, { decoding: row.decoding }),
    event('prompt tokens a second', row.start_s, { prompt: row.prompt_tokens / row.seconds }),
    ...(Number.isFinite(kvBlocks)
      ? [event('KV in use, %', row.start_s, { kv: (100 * row.kv_blocks) / kvBlocks })]
      : []),
  ]);
  return { displayTimeUnit: 'ms', traceEvents };
}
