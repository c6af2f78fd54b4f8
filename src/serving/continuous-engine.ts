import { emptyLoad, type StepLoad, type StepModel, stepSeconds } from '../perf/step-time.ts';
import { emptyDraft, type RequestDraft, type RequestSource } from '../traffic/request-source.ts';
import { CacheRoom } from './cache-room.ts';
import { DecodeBatch, iterationsUntil } from './decode-batch.ts';
import { type EndedRequest, type EngineSpec, isTooLong, type RequestSink, type RunTotals } from './engine-spec.ts';
import type { KvBlocks } from './kv-blocks.ts';
import { PromptChunks } from './prompt-chunks.ts';
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
  private readonly room: CacheRoom;
  private readonly kv: KvBlocks;
  private readonly batch: DecodeBatch;

  private now = 0;
  /** The request admitted last; `older` in the pool leads on from it. */
  private youngest = NONE;
  private running = 0;
  /** Of them, those of the second priority. */
  private runningLow = 0;
  private admitted = 0;
  /** The request whose prompt is partly computed: at most one, the youngest. */
  private partial = NONE;
  private readonly chunks: PromptChunks;
  private readonly ended: number[] = [];
  private readonly load: StepLoad = emptyLoad();

  constructor(spec: EngineSpec, source: RequestSource, sink: RequestSink, options: RunOptions) {
    this.spec = spec;
    this.step = spec.step;
    this.source = source;
    this.sink = sink;
    this.timeline = options.timeline;
    this.until = options.until ?? Number.POSITIVE_INFINITY;
    this.room = new CacheRoom(spec, this.pool);
    this.kv = this.room.kv;
    this.batch = new DecodeBatch(spec, this.pool, this.kv);
    this.chunks = new PromptChunks(this.pool, spec.slots, spec.window);
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
    const { source, draft, totals } = this;
    while (source.nextArrival <= this.now) {
      source.take(draft);
      totals.offered += 1;
      if (isTooLong(this.spec, draft.input, draft.output)) {
        totals.refused += 1;
        source.ended(draft.tag, draft.arrival);
        continue;
      }
      const id = this.pool.add(draft);
      this.room.arrive(id, draft);
      this.queues[draft.priority].push(id);
    }
  }

  /** Makes room for a waiting request of the first priority by sending back the youngest of the second. */
  private yieldToFirst(): void {
    const first = this.queues[0];
    while (
      first.length > 0 &&
      this.runningLow > 0 &&
      !(this.running < this.spec.slots && this.room.fits(first.head()))
    ) {
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
    const advance = this.batch.nextAdvance();
    const preempted = this.growOrPreempt(advance);
    let budget = spec.tokenBudget - this.batch.size * (1 + spec.speculativeDepth);
    this.chunks.clear();
    if (this.partial !== NONE) {
      const rest = this.chunks.left(this.partial);
      const chunk = Math.min(rest, budget);
      this.chunks.add(this.partial, chunk);
      budget -= chunk;
    }
    while (!preempted && budget > 0 && this.running < spec.slots) {
      const queue = this.queues[0].length > 0 ? this.queues[0] : this.queues[1];
      if (queue.length === 0 || !this.room.fits(queue.head())) break;
      const id = queue.shift();
      this.admit(id);
      const rest = this.chunks.left(id);
      const chunk = Math.min(rest, budget);
      this.chunks.add(id, chunk);
      budget -= chunk;
      this.partial = chunk < rest ? id : NONE;
    }
    if (this.chunks.count > 0) {
      this.mixedIteration(advance);
      const last = this.partial;
      this.partial = last !== NONE && pool.filled[last] !== NONE ? last : NONE;
      return;
    }
    this.decodeIterations(advance, preempted);
  }

  private wholeIteration(): void {
    const { spec } = this;
    this.chunks.clear();
    let tokens = 0;
    while (this.running < spec.slots) {
      const queue = this.queues[0].length > 0 ? this.queues[0] : this.queues[1];
      if (queue.length === 0 || !this.room.fits(queue.head())) break;
      const id = queue.head();
      const known = (this.pool.input[id] as number) + (this.pool.emitted[id] as number);
      const wanted = known - this.room.foundTokens;
      if (this.chunks.count > 0 && tokens + wanted > spec.tokenBudget) break;
      queue.shift();
      this.admit(id);
      this.chunks.add(id, wanted);
      tokens += wanted;
    }
    if (this.chunks.count > 0) {
      this.mixedIteration(0);
      return;
    }
    const advance = this.batch.nextAdvance();
    const preempted = this.growOrPreempt(advance);
    if (this.batch.size > 0) this.decodeIterations(advance, preempted);
  }

  /** Gives the decoding sequences the blocks their coming tokens need, sending back the youngest while they lack. */
  private growOrPreempt(advance: number): boolean {
    if (this.batch.size === 0 || this.spec.reservesLongest) return false;
    let preempted = false;
    let need = this.kv.growth(this.batch.phase, advance);
    while (need > this.kv.free()) {
      const low = this.runningLow > 0 ? this.youngestOf(1) : NONE;
      this.preempt(low === NONE ? this.youngest : low);
      preempted = true;
      need = this.kv.growth(this.batch.phase, advance);
    }
    if (need > 0) this.kv.take(need);
    return preempted;
  }

  /** Lets in the request that the cache was last asked about. */
  private admit(id: number): void {
    const { pool } = this;
    this.room.take(id);
    this.totals.cachedTokens += this.room.foundTokens;
    const waited = this.now - (pool.waitingSince[id] as number);
    this.totals.waitingSeconds += waited;
    pool.waited[id] = (pool.waited[id] as number) + waited;
    if (pool.scheduled[id] === -1) pool.scheduled[id] = this.now;
    pool.sequence[id] = this.admitted++;
    pool.older[id] = this.youngest;
    pool.younger[id] = NONE;
    if (this.youngest !== NONE) pool.younger[this.youngest] = id;
    this.youngest = id;
    this.running += 1;
    this.runningLow += pool.priority[id] as number;
  }

  /** One iteration that carries prompt chunks, and in chunked mode all decoding sequences. */
  private mixedIteration(advance: number): void {
    const { load, totals, batch } = this;
    const decoding = advance === 0 ? 0 : batch.size;
    load.decodeSequences = decoding;
    load.contextFull = decoding === 0 ? 0 : batch.contextFull;
    load.contextSliding = decoding === 0 ? 0 : batch.contextSliding;
    load.emitted = decoding;
    this.chunks.writeTo(load);
    const seconds = stepSeconds(this.step, load);
    const withoutPrompts = decoding === 0 ? 0 : batch.seconds();
    totals.promptTokens += load.promptTokens;
    totals.promptSeconds += seconds - withoutPrompts;
    this.spend(seconds, 1, load.promptTokens);
    if (decoding > 0) this.goOn(1, advance);
    this.completePrompts();
    this.endFinished();
    this.joinCompleted();
  }

  /** Notes the chunks; those whose prompt is complete have emitted a token, and are marked by `filled` = NONE. */
  private completePrompts(): void {
    const { chunks, pool, totals } = this;
    for (let i = 0; i < chunks.count; i++) {
      const id = chunks.row(i);
      if (chunks.left(id) > chunks.size(i)) {
        pool.filled[id] = (pool.filled[id] as number) + chunks.size(i);
        continue;
      }
      pool.filled[id] = NONE;
      const emitted = (pool.emitted[id] as number) + 1;
      pool.emitted[id] = emitted;
      totals.outputTokens += 1;
      if (emitted === 1) pool.firstToken[id] = this.now;
      this.room.register(id, (pool.input[id] as number) + emitted - 1);
    }
  }

  /** Completed prompts decode from now on, or have ended with their one token. */
  private joinCompleted(): void {
    const { chunks, pool } = this;
    for (let i = 0; i < chunks.count; i++) {
      const id = chunks.row(i);
      if (pool.filled[id] !== NONE) continue;
      const emitted = pool.emitted[id] as number;
      if (emitted < (pool.output[id] as number)) this.batch.join(id);
      else this.finish(id, (pool.input[id] as number) + emitted - 1, pool.reserved[id] as number);
    }
  }

  /** Decode iterations without prompts: as many as nothing interrupts, in one leap. */
  private decodeIterations(advance: number, preempted: boolean): void {
    const first = this.batch.seconds();
    const slope = this.batch.slope();
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
    const { phase } = this.batch;
    let most = this.batch.tokensToChange();
    if (most > 1 && !this.spec.reservesLongest) most = 1 + this.kv.tokensWithinRoom(phase + 1, most - 1);
    let stop = this.until;
    const isOpen = this.queues[0].length === 0 && (this.running < this.spec.slots || this.runningLow > 0);
    if (isOpen && this.source.nextArrival < stop) stop = this.source.nextArrival;
    if (most > 1 && stop !== Number.POSITIVE_INFINITY) {
      most = iterationsUntil(this.now, stop, first, slope, most);
    }
    if (most > 1 && !this.spec.reservesLongest) this.kv.take(this.kv.growth(phase + 1, most - 1));
    return most;
  }

  /** Time passes; everybody running is there for it. */
  private spend(seconds: number, iterations: number, promptTokens: number): void {
    const { totals } = this;
    if (this.timeline !== undefined) {
      const waiting = this.queues[0].length + this.queues[1].length;
      this.timeline.span(this.now, seconds, iterations, this.batch.size, promptTokens, waiting, this.kv.used);
    }
    this.now += seconds;
    totals.iterations += iterations;
    totals.busySeconds += seconds;
    totals.runningSeconds += this.running * seconds;
  }

  private goOn(passes: number, advance: number): void {
    this.batch.goOn(passes, advance);
    this.totals.outputTokens += this.batch.size * passes * advance;
  }

  private endFinished(): void {
    const { batch, ended } = this;
    if (this.spec.tokensPerPass === 1) {
      for (let id = batch.nextEnded(); id !== NONE; id = batch.nextEnded()) this.endDecoding(id);
      return;
    }
    this.totals.outputTokens -= batch.takeEnded(ended);
    for (const id of ended) this.endDecoding(id);
    ended.length = 0;
  }

  private endDecoding(id: number): void {
    const { pool } = this;
    const held = this.room.heldBy(id, this.batch.leave(id));
    this.finish(id, (pool.input[id] as number) + (pool.output[id] as number) - 1, held);
  }

  private finish(id: number, stored: number, held: number): void {
    const { pool, record } = this;
    this.room.release(id, held, stored);
    this.unlink(id);
    record.tag = pool.tag[id] as number;
    record.priority = pool.priority[id] === 0 ? 0 : 1;
    record.input = pool.input[id] as number;
    record.output = pool.output[id] as number;
    record.arrival = pool.arrival[id] as number;
    record.scheduled = pool.scheduled[id] as number;
    record.waited = pool.waited[id] as number;
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
      this.room.release(id, pool.reserved[id] as number, 0);
    } else {
      const stored = this.batch.drop(id);
      this.room.release(id, this.room.heldBy(id, stored), stored);
    }
    this.unlink(id);
    pool.filled[id] = 0;
    pool.waitingSince[id] = this.now;
    pool.preemptions[id] = (pool.preemptions[id] as number) + 1;
    this.totals.preemptions += 1;
    this.queues[pool.priority[id] === 0 ? 0 : 1].pushFront(id);
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
