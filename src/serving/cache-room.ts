import type { RequestDraft } from '../traffic/request-source.ts';
import type { EngineSpec } from './engine-spec.ts';
import { KvBlocks } from './kv-blocks.ts';
import { PrefixCache } from './prefix-cache.ts';
import type { RequestPool } from './request-pool.ts';

/**
 * The cache of one replica as its scheduler sees it: whether a waiting request fits, what it takes and gives back, and,
 * where prefixes are kept, which of its blocks others can use.
 *
 * Blocks kept for nobody in particular give way as soon as the room is needed. They are only looked at when a request
 * comes, completes or goes, so they are only put in order then: what they would have had to give way to in between has
 * grown since, never shrunk.
 */
export class CacheRoom {
  readonly kv: KvBlocks;
  private readonly spec: EngineSpec;
  private readonly pool: RequestPool;
  private readonly prefixes: PrefixCache | undefined;
  /** Of each request by row: what its tokens are called, and the rows of the prefix cache that it uses. */
  private readonly content: RequestDraft[] = [];
  private readonly owned: number[][] = [];

  /** What the request that `fits` was last asked about would take, and tokens of it that are cached already. */
  private neededBlocks = 0;
  private reservedBlocks = 0;
  foundTokens = 0;

  constructor(spec: EngineSpec, pool: RequestPool) {
    this.spec = spec;
    this.pool = pool;
    this.kv = new KvBlocks(spec.kvBlocks, spec.blockTokens, spec.stateBlocks);
    this.prefixes = spec.prefixCache ? new PrefixCache() : undefined;
  }

  /** Notes what a new request's tokens are called. */
  arrive(id: number, draft: RequestDraft): void {
    if (this.prefixes === undefined) return;
    this.content[id] = { ...draft };
    this.owned[id] = [];
  }

  fits(id: number): boolean {
    const { pool, spec, prefixes, kv } = this;
    const input = pool.input[id] as number;
    const known = input + (pool.emitted[id] as number);
    const longest = input + (pool.output[id] as number) - 1 + spec.speculativeDepth;
    this.reservedBlocks = kv.blocksOf(spec.reservesLongest ? longest : known);
    this.neededBlocks = this.reservedBlocks;
    this.foundTokens = pool.cached[id] as number;
    const content = this.content[id];
    if (prefixes !== undefined && content !== undefined) {
      prefixes.evictDownTo(kv.free());
      prefixes.lookUp(content, spec.blockTokens, input, Math.floor((known - 1) / spec.blockTokens));
      this.neededBlocks -= prefixes.hitsInUse;
      this.foundTokens = prefixes.hits * spec.blockTokens;
    }
    return this.neededBlocks <= kv.free();
  }

  /** Lets in the request that `fits` was last asked about. */
  take(id: number): void {
    const { pool, prefixes, kv } = this;
    pool.past[id] = this.foundTokens;
    pool.filled[id] = 0;
    pool.reserved[id] = this.reservedBlocks;
    kv.take(this.neededBlocks);
    const content = this.content[id];
    if (prefixes === undefined || content === undefined) return;
    const { blockTokens } = this.spec;
    prefixes.acquire(content, blockTokens, pool.input[id] as number, prefixes.hits, this.owned[id] as number[]);
    prefixes.evictDownTo(kv.free());
  }

  /** Names the full blocks among a request's first `stored` tokens, for those that begin like it. */
  register(id: number, stored: number): void {
    const { prefixes } = this;
    const content = this.content[id];
    if (prefixes === undefined || content === undefined) return;
    const { blockTokens } = this.spec;
    const full = Math.floor(stored / blockTokens);
    prefixes.evictDownTo(this.kv.free());
    prefixes.register(content, blockTokens, this.pool.input[id] as number, 0, full, this.owned[id] as number[]);
  }

  /** What a request with so many tokens in the cache holds. */
  heldBy(id: number, stored: number): number {
    return this.spec.reservesLongest ? (this.pool.reserved[id] as number) : this.kv.blocksOf(stored);
  }

  /** @param stored tokens whose blocks may be kept by name; 0 while the prompt is not complete */
  release(id: number, held: number, stored: number): void {
    const { prefixes, kv } = this;
    const owned = this.owned[id];
    if (prefixes === undefined || owned === undefined) {
      kv.give(held);
      return;
    }
    prefixes.evictDownTo(kv.free());
    if (stored > 0) this.register(id, stored);
    const shared = owned.length;
    kv.give(held - shared + prefixes.release(owned));
  }
}
