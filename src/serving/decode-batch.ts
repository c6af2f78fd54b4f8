import { RankedHeap } from '../math/ranked-heap.ts';
import { contextShare, decodeConstant, decodeSlopes } from '../perf/step-time.ts';
import type { Seconds } from '../units/quantity.ts';
import type { EngineSpec } from './engine-spec.ts';
import type { KvBlocks } from './kv-blocks.ts';
import type { RequestPool } from './request-pool.ts';

/**
 * The sequences that decode, as sums: how many, their contexts, and a heap of when each will be done.
 *
 * All go on together, one token a pass or, with speculation, the same few; so one token clock counts for all, and a
 * sequence is known by what the clock showed when it had emitted nothing. Nothing here is touched per token.
 */
export class DecodeBatch {
  size = 0;
  /** Tokens that every sequence has gone on by since the start, and passes that did so. */
  clock = 0;
  passes = 0;
  /** The clock's remainder by the size of a block: all that the blocks need of it, and a small whole number. */
  phase = 0;
  contextFull = 0;
  contextSliding = 0;
  /** Sequences shorter than the window, whose sliding context still grows. */
  private growing = 0;
  private readonly ends = new RankedHeap();
  private readonly windowFills = new RankedHeap();

  private readonly spec: EngineSpec;
  private readonly pool: RequestPool;
  private readonly kv: KvBlocks;
  private readonly constants: Float64Array;
  private readonly slopeFull: Seconds;
  private readonly slopeSliding: Seconds;

  constructor(spec: EngineSpec, pool: RequestPool, kv: KvBlocks) {
    this.spec = spec;
    this.pool = pool;
    this.kv = kv;
    this.constants = new Float64Array(spec.slots + 1).fill(Number.NaN);
    const slopes = decodeSlopes(spec.step);
    this.slopeFull = slopes.full;
    this.slopeSliding = spec.window === Number.POSITIVE_INFINITY ? 0 : slopes.sliding;
  }

  /** Takes in a sequence whose prompt is complete and which has emitted a token. */
  join(id: number): void {
    const { pool } = this;
    const { window } = this.spec;
    const input = pool.input[id] as number;
    const emitted = pool.emitted[id] as number;
    const base = this.clock - emitted;
    const end = base + (pool.output[id] as number);
    const context = input + emitted;
    const rank = pool.sequence[id] as number;
    pool.base[id] = base;
    this.ends.push(end, rank, id);
    this.size += 1;
    this.contextFull += context;
    this.kv.join(context - 1, this.phase);
    pool.growing[id] = 0;
    if (window === Number.POSITIVE_INFINITY) return;
    this.contextSliding += Math.min(context, window);
    if (context >= window) return;
    pool.growing[id] = 1;
    this.growing += 1;
    const fills = base + window - input;
    if (fills < end) this.windowFills.push(fills, rank, id);
  }

  /** Takes a sequence that has come to its end out of the sums; returns its tokens in the cache. */
  leave(id: number): number {
    const { pool } = this;
    const context = (pool.input[id] as number) + this.clock - (pool.base[id] as number);
    this.size -= 1;
    this.contextFull -= context;
    this.kv.leave(context - 1, this.phase);
    if (this.spec.window !== Number.POSITIVE_INFINITY) {
      this.contextSliding -= pool.growing[id] === 1 ? context : this.spec.window;
      this.growing -= pool.growing[id] as number;
    }
    return context - 1;
  }

  /** The same for one that is not at its end, and is to be forgotten. Its emitted tokens are noted. */
  drop(id: number): number {
    this.pool.emitted[id] = this.clock - (this.pool.base[id] as number);
    this.ends.remove(id);
    if (this.pool.growing[id] === 1) this.windowFills.remove(id);
    return this.leave(id);
  }

  /** Tokens that the coming pass yields each: one, or with speculation the next of a row that keeps the mean. */
  nextAdvance(): number {
    return this.size === 0 ? 1 : this.advanceOf(this.passes);
  }

  advanceOf(pass: number): number {
    const { tokensPerPass } = this.spec;
    if (tokensPerPass === 1) return 1;
    return Math.floor((pass + 1) * tokensPerPass) - Math.floor(pass * tokensPerPass);
  }

  /** Time of an iteration that carries these sequences and nothing else. */
  seconds(): Seconds {
    const { size } = this;
    let constant = this.constants[size] as number;
    if (Number.isNaN(constant)) {
      constant = decodeConstant(this.spec.step, size);
      this.constants[size] = constant;
    }
    const share = contextShare(this.spec.step, size);
    return constant + share * (this.slopeFull * this.contextFull + this.slopeSliding * this.contextSliding);
  }

  /** By how much each further iteration takes longer than the one before. */
  slope(): Seconds {
    return contextShare(this.spec.step, this.size) * (this.slopeFull * this.size + this.slopeSliding * this.growing);
  }

  /** Tokens until a sequence ends or fills its window. */
  tokensToChange(): number {
    return Math.min(this.ends.next(), this.windowFills.next()) - this.clock;
  }

  goOn(passes: number, advance: number): void {
    const tokens = passes * advance;
    this.clock += tokens;
    this.phase = (this.phase + tokens) % this.spec.blockTokens;
    this.passes += passes;
    this.contextFull += this.size * tokens;
    this.contextSliding += this.growing * tokens;
    while (this.windowFills.next() <= this.clock) {
      this.contextSliding -= this.clock - this.windowFills.next();
      this.pool.growing[this.windowFills.pop()] = 0;
      this.growing -= 1;
    }
  }

  /** The next whose last token has come, in order of admission where passes bring one token; -1 where there is none. */
  nextEnded(): number {
    return this.ends.next() <= this.clock ? this.ends.pop() : -1;
  }

  /**
   * Adds those whose last token has come to `ended`, in order of admission: a pass may bring several tokens, so their
   * deadlines may differ. Returns the tokens that the pass brought beyond what they asked for.
   */
  takeEnded(ended: number[]): number {
    let beyond = 0;
    while (this.ends.next() <= this.clock) {
      beyond += this.clock - this.ends.next();
      ended.push(this.ends.pop());
    }
    if (ended.length > 1) {
      const { sequence } = this.pool;
      ended.sort((a, b) => (sequence[a] as number) - (sequence[b] as number));
    }
    return beyond;
  }
}

/**
 * The fewest iterations, at most `most`, after which it is `stop` or later, the first of them taking `first` and each
 * one `slope` longer: the root of m·first + slope·m(m−1)/2 = stop − now, put right for rounding.
 */
export function iterationsUntil(now: Seconds, stop: Seconds, first: Seconds, slope: Seconds, most: number): number {
  if (now + most * first + slope * ((most * (most - 1)) / 2) < stop) return most;
  const half = first - slope / 2;
  const root = half + Math.sqrt(half * half + 2 * slope * (stop - now));
  let count = Math.max(1, Math.min(most, Math.ceil((2 * (stop - now)) / root)));
  while (count > 1 && now + (count - 1) * first + slope * (((count - 1) * (count - 2)) / 2) >= stop) count -= 1;
  while (count < most && now + count * first + slope * ((count * (count - 1)) / 2) < stop) count += 1;
  return count;
}
