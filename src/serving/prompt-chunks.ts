import type { StepLoad } from '../perf/step-time.ts';
import type { Tokens } from '../units/quantity.ts';
import { attendedPositions } from './attended-positions.ts';
import type { RequestPool } from './request-pool.ts';

/** The prompts that an iteration carries a part of, in order of admission, and how long each part is. */
export class PromptChunks {
  count = 0;
  private readonly rows: Int32Array;
  private readonly sizes: Float64Array;
  private readonly pool: RequestPool;
  private readonly window: Tokens;

  constructor(pool: RequestPool, slots: number, window: Tokens) {
    this.pool = pool;
    this.window = window;
    this.rows = new Int32Array(slots);
    this.sizes = new Float64Array(slots);
  }

  clear(): void {
    this.count = 0;
  }

  add(id: number, size: number): void {
    this.rows[this.count] = id;
    this.sizes[this.count] = size;
    this.count += 1;
  }

  row(i: number): number {
    return this.rows[i] as number;
  }

  size(i: number): Tokens {
    return this.sizes[i] as number;
  }

  /** Prompt tokens of a running request that are still to be computed. */
  left(id: number): Tokens {
    const { pool } = this;
    const known = (pool.input[id] as number) + (pool.emitted[id] as number);
    return known - (pool.past[id] as number) - (pool.filled[id] as number);
  }

  /** Writes what the parts add to an iteration; a part that is a prompt's last emits a token. */
  writeTo(load: StepLoad): void {
    const { pool, window } = this;
    let tokens = 0;
    let work = 0;
    let workSliding = 0;
    let kvTokens = 0;
    for (let i = 0; i < this.count; i++) {
      const id = this.rows[i] as number;
      const size = this.sizes[i] as number;
      const before = (pool.past[id] as number) + (pool.filled[id] as number);
      tokens += size;
      work += attendedPositions(before, size, Number.POSITIVE_INFINITY);
      if (window !== Number.POSITIVE_INFINITY) workSliding += attendedPositions(before, size, window);
      kvTokens += before + size;
      if (size === this.left(id)) load.emitted += 1;
    }
    load.promptTokens = tokens;
    load.promptWorkFull = work;
    load.promptWorkSliding = workSliding;
    load.promptKvTokens = kvTokens;
  }
}
