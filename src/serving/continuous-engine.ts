import { decodeConstant, decodeSlopes, type StepLoad, type StepModel, stepSeconds } from '../perf/step-time.ts';
import { emptyDraft, type RequestDraft, type RequestSource } from '../traffic/request-source.ts';
import { attendedPositions } from './attended-positions.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import type { EndedRequest, EngineSpec, RequestSink, RunTotals } from './engine-spec.ts';
import { KvBlocks } from './kv-blocks.ts';
import { PrefixCache } from './prefix-cache.ts';
import { RequestPool } from './request-pool.ts';
import { emptyEnded, emptyTotals, type RunOptions, type Timeline } from './run-records.ts';
import { WaitingQueue } from './waiting-queue.ts';

const NONE = -1;

/**
 * One replica under continuous batching, as vLLM v1 schedules: decodes first, then prompts in chunks within the token
 * budget, first come first served as blocks of cache allow; when decoding finds no block, the request admitted last is
 * sent back to be computed anew. With `prefill: whole` prompts run unchunked in iterations of their own (vLLM v0).
 *
 * An iteration sees the requests that have arrived by its start; one that arrives at the very end of an iteration takes
 * part in the next.
 *
 * State is kept in sums (sequences, contexts, blocks asked for), never per iteration and sequence. Between two changes
 * of the batch the time of m iterations is m·(A + c·S) + c·n·m(m−1)/2, so the engine leaps to the next end, arrival,
 * or shortage of blocks at once: the cost follows the number of requests, not of tokens.
 *
 * @source vLLM v1 `Scheduler.schedule`; a prompt's blocks are reserved at admission (`scheduler_reserve_full_isl`)
 */
export class ContinuousEngine {
  private readonly spec: EngineSpec;
  private readonly step: StepModel;
  private readonly source: RequestSource;
  private readonly sink: RequestSink;
  private readonly timeline: Timeline | undefined;
  private readonly until: number;
  private readonly totals: RunTotals = emptyTotals();
  private readonly record: EndedRequest = emptyEnded();
  private readonly draft: RequestDraft = emptyDraft();

  private readonly pool = new RequestPool();
  private readonly queues = [new WaitingQueue(), new WaitingQueue()] as const;
  private readonly kv: KvBlocks;
  private readonly cache: PrefixCache | undefined;
  /** Rows of the prefix cache that a request uses, by request; only where prefixes are kept. */
  private readonly owned: number[][] = [];

  private now = 0;
  /** Tokens that every decoding sequence has gone on by since the start, and passes that did so. */
  private clock = 0;
  private passes = 0;

  private youngest = NONE;
  private running = 0;
  private runningLow = 0;
  private admitted = 0;
  private decoding = 0;
  private contextFull = 0;
  private contextSliding = 0;
  private growing = 0;
  private readonly ends = new DeadlineHeap();
  private readonly windowFills = new DeadlineHeap();
  /** The request whose prompt is partly computed: at most one, the youngest. */
  private partial = NONE;
  /** Rows whose prompts get a chunk in this iteration, and its size. */
  private readonly prompts: Int32Array;
  private readonly chunks: Float64Array;
  private promptCount = 0;
  private readonly ended: number[] = [];

  private readonly constants: Float64Array;
  private readonly slopeFull: number;
  private readonly slopeSliding: number;
  private readonly load: StepLoad = {
    decodeSequences: 0,
    contextFull: 0,
    contextSliding: 0,
    promptTokens: 0,
    promptWorkFull: 0,
    promptWorkSliding: 0,
    promptKvTokens: 0,
    emitted: 0,
  };

  /** Set by `fits`: blocks to take and tokens found in the cache. */
  private neededBlocks = 0;
  private reservedBlocks = 0;
  private foundTokens = 0;

  constructor(spec: EngineSpec, source: RequestSource, sink: RequestSink, options: RunOptions) {
    this.spec = spec;
    this.step = spec.step;
    this.source = source;
    this.sink = sink;
    this.timeline = options.timeline;
    this.until = options.until ?? Number.POSITIVE_INFINITY;
    this.kv = new KvBlocks(spec.kvBlocks, spec.blockTokens);
    this.cache = spec.prefixCache ? new PrefixCache() : undefined;
    this.constants = new Float64Array(spec.slots + 1).fill(Number.NaN);
    this.prompts = new Int32Array(spec.slots);
    this.chunks = new Float64Array(spec.slots);
    const slopes = decodeSlopes(spec.step);
    this.slopeFull = slopes.full;
    this.slopeSliding = spec.window === Number.POSITIVE_INFINITY ? 0 : slopes.sliding;
  }

  run(): RunTotals {
    const chunked = this.spec.scheduling.kind === 'continuous' && this.spec.scheduling.prefill === 'chunked';
    while (this.startIteration()) {
      if (chunked) this.chunkedIteration();
      else this.wholeIteration();
    }
    this.totals.end = this.now;
    this.totals.peakBlocks = this.kv.peak;
    this.totals.unfinished = this.running + this.queues[0].length + this.queues[1].length;
    this.addWaitOfUnfinished();
    return this.totals;
  }

  /** Moves to the next moment at which there is something to do; false at the end of the run. */
  private startIteration(): boolean {
    for (;;) {
      if (this.running === 0 && this.queues[0].length === 0 && this.queues[1].length === 0) {
        const next = this.source.nextArrival;
        if (next === Number.POSITIVE_INFINITY) return false;
        if (next > this.now) this.now = Math.min(next, this.until);
      }
      if (this.now >= this.until) return false;
      this.takeArrivals();
      if (this.running > 0 || this.queues[0].length > 0 || this.queues[1].length > 0) break;
    }
    if (this.runningLow > 0) this.yieldToFirst();
    return true;
  }

  private takeArrivals(): void {
    const { source, draft, totals, spec } = this;
    while (source.nextArrival <= this.now) {
      source.take(draft);
      totals.offered += 1;
      const longest = draft.input + draft.output - 1 + spec.speculativeDepth;
      if (this.kv.blocksOf(longest) > spec.kvBlocks) {
        totals.refused += 1;
        source.ended(draft.tag, draft.arrival);
        continue;
      }
      const id = this.pool.add(draft);
      if (this.cache !== undefined) {
        this.pool.content[id] = { ...draft };
        this.owned[id] = [];
      }
      this.queues[draft.priority].push(id);
    }
  }

  /** Makes room for a waiting request of the first priority by sending back the youngest of the second. */
  private yieldToFirst(): void {
    const first = this.queues[0];
    while (first.length > 0 && this.runningLow > 0 && !(this.running < this.spec.slots && this.fits(first.head()))) {
      this.preempt(this.youngestOf(1));
    }
  }

  private youngestOf(priority: number): number {
    let id = this.youngest;
    while (id !== NONE && this.pool.priority[id] !== priority) id = this.pool.older[id] as number;
    return id;
  }

  private chunkedIteration(): void {
    const { spec, pool } = this;
    const advance = this.nextAdvance();
    const preempted = this.growOrPreempt(advance);
    let budget = spec.tokenBudget - this.decoding * (1 + spec.speculativeDepth);
    this.promptCount = 0;
    if (this.partial !== NONE) {
      const rest = this.promptLeft(this.partial);
      const chunk = Math.min(rest, budget);
      this.addChunk(this.partial, chunk);
      budget -= chunk;
    }
    while (!preempted && budget > 0 && this.running < spec.slots) {
      const queue = this.queues[0].length > 0 ? this.queues[0] : this.queues[1];
      if (queue.length === 0 || !this.fits(queue.head())) break;
      const id = queue.shift();
      this.admit(id);
      const rest = this.promptLeft(id);
      const chunk = Math.min(rest, budget);
      this.addChunk(id, chunk);
      budget -= chunk;
      this.partial = chunk < rest ? id : NONE;
    }
    if (this.promptCount > 0) {
      this.mixedIteration(advance);
      const last = this.partial;
      this.partial = last !== NONE && pool.filled[last] !== NONE ? last : NONE;
      return;
    }
    this.decodeIterations(advance, preempted);
  }

  private wholeIteration(): void {
    const { spec } = this;
    this.promptCount = 0;
    let tokens = 0;
    while (this.running < spec.slots) {
      const queue = this.queues[0].length > 0 ? this.queues[0] : this.queues[1];
      if (queue.length === 0 || !this.fits(queue.head())) break;
      const id = queue.head();
      const known = (this.pool.input[id] as number) + (this.pool.emitted[id] as number);
      const wanted = known - this.foundTokens;
      if (this.promptCount > 0 && tokens + wanted > spec.tokenBudget) break;
      queue.shift();
      this.admit(id);
      this.addChunk(id, wanted);
      tokens += wanted;
    }
    if (this.promptCount > 0) {
      this.mixedIteration(0);
      return;
    }
    const advance = this.nextAdvance();
    const preempted = this.growOrPreempt(advance);
    if (this.decoding > 0) this.decodeIterations(advance, preempted);
  }

  /** Tokens that the coming pass yields a sequence: one, or with speculation the next of a row that keeps the mean. */
  private nextAdvance(): number {
    const perPass = this.spec.tokensPerPass;
    if (perPass === 1 || this.decoding === 0) return 1;
    return Math.floor((this.passes + 1) * perPass) - Math.floor(this.passes * perPass);
  }

  /** Gives the decoding sequences the blocks their coming tokens need, sending back the youngest while they lack. */
  private growOrPreempt(advance: number): boolean {
    if (this.decoding === 0 || this.spec.reservesLongest) return false;
    let preempted = false;
    let need = this.kv.growth(this.clock, advance);
    while (need > this.kv.free()) {
      const low = this.runningLow > 0 ? this.youngestOf(1) : NONE;
      this.preempt(low === NONE ? this.youngest : low);
      preempted = true;
      need = this.kv.growth(this.clock, advance);
    }
    if (need > 0) this.kv.take(need);
    return preempted;
  }

  /** Whether the cache has room for a waiting request now; leaves what it would take in the fields above. */
  private fits(id: number): boolean {
    const { pool, spec, cache, kv } = this;
    const input = pool.input[id] as number;
    const known = input + (pool.emitted[id] as number);
    const longest = input + (pool.output[id] as number) - 1 + spec.speculativeDepth;
    this.reservedBlocks = kv.blocksOf(spec.reservesLongest ? longest : known);
    this.neededBlocks = this.reservedBlocks;
    this.foundTokens = pool.cached[id] as number;
    const content = pool.content[id];
    if (cache !== undefined && content !== undefined) {
      cache.evictDownTo(kv.free());
      cache.lookUp(content, spec.blockTokens, input, Math.floor((known - 1) / spec.blockTokens));
      this.neededBlocks -= cache.hitsInUse;
      this.foundTokens = cache.hits * spec.blockTokens;
    }
    return this.neededBlocks <= kv.free();
  }

  /** Takes in the request that `fits` was last asked about. */
  private admit(id: number): void {
    const { pool, cache, kv } = this;
    pool.past[id] = this.foundTokens;
    pool.filled[id] = 0;
    pool.reserved[id] = this.reservedBlocks;
    kv.take(this.neededBlocks);
    const content = pool.content[id];
    if (cache !== undefined && content !== undefined) {
      const owned = this.owned[id] as number[];
      cache.acquire(content, this.spec.blockTokens, pool.input[id] as number, cache.hits, owned);
      cache.evictDownTo(kv.free());
    }
    this.totals.cachedTokens += this.foundTokens;
    this.totals.waitingSeconds += this.now - (pool.waitingSince[id] as number);
    if (pool.scheduled[id] === -1) pool.scheduled[id] = this.now;
    pool.sequence[id] = this.admitted++;
    pool.older[id] = this.youngest;
    pool.younger[id] = NONE;
    if (this.youngest !== NONE) pool.younger[this.youngest] = id;
    this.youngest = id;
    this.running += 1;
    this.runningLow += pool.priority[id] as number;
  }

  private promptLeft(id: number): number {
    const { pool } = this;
    const known = (pool.input[id] as number) + (pool.emitted[id] as number);
    return known - (pool.past[id] as number) - (pool.filled[id] as number);
  }

  private addChunk(id: number, chunk: number): void {
    this.prompts[this.promptCount] = id;
    this.chunks[this.promptCount] = chunk;
    this.promptCount += 1;
  }

  /** One iteration that carries prompt chunks, and in chunked mode all decoding sequences. */
  private mixedIteration(advance: number): void {
    const { load, totals } = this;
    const decoding = advance === 0 ? 0 : this.decoding;
    load.decodeSequences = decoding;
    load.contextFull = decoding === 0 ? 0 : this.contextFull;
    load.contextSliding = decoding === 0 ? 0 : this.contextSliding;
    this.loadPrompts(decoding);
    const seconds = stepSeconds(this.step, load);
    const withoutPrompts = decoding === 0 ? 0 : this.decodeSeconds();
    totals.promptTokens += load.promptTokens;
    totals.promptSeconds += seconds - withoutPrompts;
    this.spend(seconds, 1, load.promptTokens);
    if (decoding > 0) this.goOn(1, advance);
    this.completePrompts();
    this.endFinished();
    this.joinCompleted();
  }

  private loadPrompts(decoding: number): void {
    const { load, pool } = this;
    const { window } = this.spec;
    let tokens = 0;
    let work = 0;
    let workSliding = 0;
    let kvTokens = 0;
    let completed = 0;
    for (let i = 0; i < this.promptCount; i++) {
      const id = this.prompts[i] as number;
      const chunk = this.chunks[i] as number;
      const before = (pool.past[id] as number) + (pool.filled[id] as number);
      tokens += chunk;
      work += chunk * before + (chunk * chunk) / 2;
      if (window !== Number.POSITIVE_INFINITY) workSliding += attendedPositions(before, chunk, window);
      kvTokens += before + chunk;
      if (chunk === this.promptLeft(id)) completed += 1;
    }
    load.promptTokens = tokens;
    load.promptWorkFull = work;
    load.promptWorkSliding = workSliding;
    load.promptKvTokens = kvTokens;
    load.emitted = decoding + completed;
  }

  /** Notes the chunks; those whose prompt is complete have emitted a token, and are marked by `filled` = NONE. */
  private completePrompts(): void {
    const { pool, totals } = this;
    for (let i = 0; i < this.promptCount; i++) {
      const id = this.prompts[i] as number;
      const left = this.promptLeft(id) - (this.chunks[i] as number);
      if (left > 0) {
        pool.filled[id] = (pool.filled[id] as number) + (this.chunks[i] as number);
        continue;
      }
      pool.filled[id] = NONE;
      const emitted = (pool.emitted[id] as number) + 1;
      pool.emitted[id] = emitted;
      totals.outputTokens += 1;
      if (emitted === 1) pool.firstToken[id] = this.now;
      this.registerBlocks(id, (pool.input[id] as number) + emitted - 1);
    }
  }

  private registerBlocks(id: number, stored: number): void {
    const content = this.pool.content[id];
    if (this.cache === undefined || content === undefined) return;
    const { blockTokens } = this.spec;
    const input = this.pool.input[id] as number;
    this.cache.evictDownTo(this.kv.free());
    this.cache.register(content, blockTokens, input, 0, Math.floor(stored / blockTokens), this.owned[id] as number[]);
  }

  /** Completed prompts decode from now on, or have ended with their one token. */
  private joinCompleted(): void {
    const { pool } = this;
    for (let i = 0; i < this.promptCount; i++) {
      const id = this.prompts[i] as number;
      if (pool.filled[id] !== NONE) continue;
      const emitted = pool.emitted[id] as number;
      const output = pool.output[id] as number;
      if (emitted >= output) this.finish(id, (pool.input[id] as number) + emitted - 1, pool.reserved[id] as number);
      else this.startDecoding(id, emitted, output);
    }
  }

  private startDecoding(id: number, emitted: number, output: number): void {
    const { pool } = this;
    const { window } = this.spec;
    const input = pool.input[id] as number;
    const base = this.clock - emitted;
    const context = input + emitted;
    const rank = pool.sequence[id] as number;
    pool.base[id] = base;
    this.ends.push(base + output, rank, id);
    this.decoding += 1;
    this.contextFull += context;
    this.kv.join(context - 1, this.clock);
    pool.growing[id] = 0;
    if (window === Number.POSITIVE_INFINITY) return;
    this.contextSliding += Math.min(context, window);
    if (context >= window) return;
    pool.growing[id] = 1;
    this.growing += 1;
    const fills = base + window - input;
    if (fills < base + output) this.windowFills.push(fills, rank, id);
  }

  /** Takes a decoding sequence out of the sums; returns its tokens in the cache. */
  private stopDecoding(id: number): number {
    const { pool } = this;
    const context = (pool.input[id] as number) + this.clock - (pool.base[id] as number);
    this.decoding -= 1;
    this.contextFull -= context;
    this.kv.leave(context - 1, this.clock);
    if (this.spec.window !== Number.POSITIVE_INFINITY) {
      this.contextSliding -= pool.growing[id] === 1 ? context : this.spec.window;
      this.growing -= pool.growing[id] as number;
    }
    return context - 1;
  }

  private decodeSeconds(): number {
    const n = this.decoding;
    let constant = this.constants[n] as number;
    if (Number.isNaN(constant)) {
      constant = decodeConstant(this.step, n);
      this.constants[n] = constant;
    }
    return constant + this.slopeFull * this.contextFull + this.slopeSliding * this.contextSliding;
  }

  /** Decode iterations without prompts: as many as nothing interrupts, in one leap. */
  private decodeIterations(advance: number, preempted: boolean): void {
    const first = this.decodeSeconds();
    const slope = this.slopeFull * this.decoding + this.slopeSliding * this.growing;
    let count = 1;
    if (!preempted && this.spec.tokensPerPass === 1) count = this.iterationsTogether(first, slope);
    const seconds = count * first + slope * ((count * (count - 1)) / 2);
    this.spend(seconds, count, 0);
    this.goOn(count, advance);
    this.endFinished();
  }

  /** Iterations until a sequence ends or fills its window, somebody arrives who can be let in, or blocks run out. */
  private iterationsTogether(first: number, slope: number): number {
    // Growth may take the room of a first-priority head that just fits, which then sends somebody back.
    if (this.queues[0].length > 0 && this.runningLow > 0) return 1;
    let most = Math.min(this.ends.next(), this.windowFills.next()) - this.clock;
    if (most > 1 && !this.spec.reservesLongest) {
      most = 1 + this.kv.tokensWithinRoom(this.clock + 1, most - 1);
    }
    let stop = this.until;
    const isOpen = this.queues[0].length === 0 && (this.running < this.spec.slots || this.runningLow > 0);
    if (isOpen && this.source.nextArrival < stop) stop = this.source.nextArrival;
    if (most > 1 && stop !== Number.POSITIVE_INFINITY) most = this.iterationsBefore(stop, first, slope, most);
    if (most > 1 && !this.spec.reservesLongest) this.kv.take(this.kv.growth(this.clock + 1, most - 1));
    return most;
  }

  /** The fewest iterations after which it is `stop` or later, at most `most`. */
  private iterationsBefore(stop: number, first: number, slope: number, most: number): number {
    const { now } = this;
    if (now + most * first + slope * ((most * (most - 1)) / 2) < stop) return most;
    const half = first - slope / 2;
    const root = half + Math.sqrt(half * half + 2 * slope * (stop - now));
    let count = Math.max(1, Math.min(most, Math.ceil((2 * (stop - now)) / root)));
    while (count > 1 && now + (count - 1) * first + slope * (((count - 1) * (count - 2)) / 2) >= stop) count -= 1;
    while (count < most && now + count * first + slope * ((count * (count - 1)) / 2) < stop) count += 1;
    return count;
  }

  /** Time passes; everybody running is there for it. */
  private spend(seconds: number, iterations: number, promptTokens: number): void {
    const { totals } = this;
    if (this.timeline !== undefined) {
      const waiting = this.queues[0].length + this.queues[1].length;
      this.timeline.span(this.now, seconds, iterations, this.decoding, promptTokens, waiting, this.kv.used);
    }
    this.now += seconds;
    totals.iterations += iterations;
    totals.busySeconds += seconds;
    totals.runningSeconds += this.running * seconds;
  }

  /** The decoding sequences advance by `passes` times `advance` tokens. */
  private goOn(passes: number, advance: number): void {
    const tokens = passes * advance;
    this.clock += tokens;
    this.passes += passes;
    this.contextFull += this.decoding * tokens;
    this.contextSliding += this.growing * tokens;
    this.totals.outputTokens += this.decoding * tokens;
    while (this.windowFills.next() <= this.clock) {
      const over = this.clock - this.windowFills.next();
      const id = this.windowFills.pop();
      this.pool.growing[id] = 0;
      this.growing -= 1;
      this.contextSliding -= over;
    }
  }

  /** Those whose last token has come, in order of admission: a pass may bring several tokens, so deadlines differ. */
  private endFinished(): void {
    const { ended } = this;
    while (this.ends.next() <= this.clock) {
      this.totals.outputTokens -= this.clock - this.ends.next();
      ended.push(this.ends.pop());
    }
    if (ended.length === 0) return;
    const { sequence } = this.pool;
    if (ended.length > 1) ended.sort((a, b) => (sequence[a] as number) - (sequence[b] as number));
    for (const id of ended) {
      const stored = this.stopDecoding(id);
      const held = this.spec.reservesLongest ? (this.pool.reserved[id] as number) : this.kv.blocksOf(stored);
      this.finish(id, (this.pool.input[id] as number) + (this.pool.output[id] as number) - 1, held);
    }
    ended.length = 0;
  }

  private finish(id: number, stored: number, held: number): void {
    const { pool, record } = this;
    this.releaseBlocks(id, held, stored);
    this.unlink(id);
    record.tag = pool.tag[id] as number;
    record.priority = pool.priority[id] === 0 ? 0 : 1;
    record.input = pool.input[id] as number;
    record.output = pool.output[id] as number;
    record.arrival = pool.arrival[id] as number;
    record.scheduled = pool.scheduled[id] as number;
    record.firstToken = pool.firstToken[id] as number;
    record.finish = this.now;
    record.preemptions = pool.preemptions[id] as number;
    pool.remove(id);
    this.totals.completed += 1;
    this.sink.ended(record);
    this.source.ended(record.tag, this.now);
  }

  /** Sends a running request back to the front of its queue, to be computed anew. */
  private preempt(id: number): void {
    const { pool } = this;
    if (pool.filled[id] !== NONE) {
      this.partial = NONE;
      this.releaseBlocks(id, pool.reserved[id] as number, 0);
    } else {
      pool.emitted[id] = this.clock - (pool.base[id] as number);
      const inWindow = pool.growing[id] === 1;
      const stored = this.stopDecoding(id);
      this.ends.remove(id);
      if (inWindow) this.windowFills.remove(id);
      const held = this.spec.reservesLongest ? (pool.reserved[id] as number) : this.kv.blocksOf(stored);
      this.releaseBlocks(id, held, stored);
    }
    this.unlink(id);
    pool.filled[id] = 0;
    pool.waitingSince[id] = this.now;
    pool.preemptions[id] = (pool.preemptions[id] as number) + 1;
    this.totals.preemptions += 1;
    this.queues[pool.priority[id] === 0 ? 0 : 1].pushFront(id);
  }

  /** @param stored tokens whose blocks may be kept by name; 0 while the prompt is not complete */
  private releaseBlocks(id: number, held: number, stored: number): void {
    const { cache, kv } = this;
    const owned = this.owned[id];
    if (cache === undefined || owned === undefined) {
      kv.give(held);
      return;
    }
    cache.evictDownTo(kv.free());
    if (stored > 0) this.registerBlocks(id, stored);
    const shared = owned.length;
    kv.give(held - shared + cache.release(owned));
  }

  private unlink(id: number): void {
    const { pool } = this;
    const older = pool.older[id] as number;
    const younger = pool.younger[id] as number;
    if (older !== NONE) pool.younger[older] = younger;
    if (younger === NONE) this.youngest = older;
    else pool.older[younger] = older;
    this.running -= 1;
    this.runningLow -= pool.priority[id] as number;
  }

  private addWaitOfUnfinished(): void {
    for (const queue of this.queues) {
      while (queue.length > 0) {
        const since = this.pool.waitingSince[queue.shift()] as number;
        this.totals.waitingSeconds += Math.max(0, this.now - since);
      }
    }
  }
}
