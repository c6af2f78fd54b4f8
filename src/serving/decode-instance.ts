import { emptyLoad, type StepLoad, stepSeconds } from '../perf/step-time.ts';
import type { RequestDraft } from '../traffic/request-source.ts';
import type { Seconds } from '../units/quantity.ts';
import { DecodeBatch } from './decode-batch.ts';
import type { EngineSpec } from './engine-spec.ts';
import { KvBlocks } from './kv-blocks.ts';
import { RequestPool } from './request-pool.ts';

/** A request on its way from the prompt pool over the network to the answer pool. */
export interface Job {
  readonly draft: RequestDraft;
  emitted: number;
  filled: number;
  /** Blocks it holds on the prompt instance it is on. */
  blocks: number;
  /** When it may be taken from the queue it is in. */
  ready: Seconds;
  scheduled: Seconds;
  waited: Seconds;
  firstToken: Seconds;
  preemptions: number;
}

/** GPUs that decode, and nothing else: the sums of their sequences, and their own part of the cache. */
export class DecodeInstance {
  readonly kv: KvBlocks;
  private readonly spec: EngineSpec;
  private readonly pool = new RequestPool();
  private readonly batch: DecodeBatch;
  /** By row; the rows that run, in order of admission. */
  private readonly jobs: Job[] = [];
  private running: number[] = [];
  private admitted = 0;
  private advance = 1;
  private readonly ended: number[] = [];
  private readonly load: StepLoad = emptyLoad();

  constructor(spec: EngineSpec) {
    this.spec = spec;
    this.kv = new KvBlocks(spec.kvBlocks, spec.blockTokens, spec.stateBlocks);
    this.batch = new DecodeBatch(spec, this.pool, this.kv);
  }

  get size(): number {
    return this.batch.size;
  }

  /** Settles how far the coming pass goes, and gives it blocks; who finds none is sent back, the youngest first. */
  prepare(): Job[] {
    const { batch, kv } = this;
    const victims: Job[] = [];
    this.advance = this.nextAdvance();
    if (this.spec.reservesLongest) return victims;
    let need = kv.growth(batch.phase, this.advance);
    while (need > kv.free()) {
      victims.push(this.sendBack());
      need = kv.growth(batch.phase, this.advance);
    }
    kv.take(need);
    return victims;
  }

  /** Tokens of the coming pass, whoever is in it: those let in for it count too. */
  private nextAdvance(): number {
    return this.batch.advanceOf(this.batch.passes);
  }

  private sendBack(): Job {
    const { pool, running } = this;
    const low = running.findLastIndex((id) => pool.priority[id] === 1);
    const [id] = running.splice(low === -1 ? running.length - 1 : low, 1);
    if (id === undefined) throw new RangeError('a pass without sequences asks for no blocks');
    const stored = this.batch.drop(id);
    this.kv.give(this.held(id, stored));
    const job = this.jobs[id] as Job;
    job.emitted = pool.emitted[id] as number;
    pool.remove(id);
    return job;
  }

  private held(id: number, stored: number): number {
    return this.spec.reservesLongest ? (this.pool.reserved[id] as number) : this.kv.blocksOf(stored);
  }

  /** Blocks that a sequence let in now would take: for the coming pass, or for good. */
  private blocksFor({ draft, emitted }: Job, advance: number): number {
    const { reservesLongest, speculativeDepth } = this.spec;
    const longest = draft.input + draft.output - 1 + speculativeDepth;
    return this.kv.blocksOf(reservesLongest ? longest : draft.input + emitted - 1 + advance);
  }

  /** Whether a job could be let in for the coming pass, `prepare`d or not. */
  fits(job: Job): boolean {
    return this.batch.size < this.spec.slots && this.blocksFor(job, this.nextAdvance()) <= this.kv.free();
  }

  /** Lets a job in for the pass that was prepared. */
  admit(job: Job): void {
    const { pool } = this;
    const id = pool.add(job.draft);
    pool.emitted[id] = job.emitted;
    pool.sequence[id] = this.admitted++;
    pool.reserved[id] = this.blocksFor(job, this.advance);
    this.kv.take(pool.reserved[id] as number);
    this.jobs[id] = job;
    this.running.push(id);
    this.batch.join(id);
  }

  /**
   * Time of the pass. Asked of the step model itself: instances that do the same work must end at the very same time,
   * for the order of equals decides who takes the next request.
   */
  seconds(): Seconds {
    const { batch, load } = this;
    load.decodeSequences = batch.size;
    load.contextFull = batch.contextFull;
    load.contextSliding = batch.contextSliding;
    load.emitted = batch.size;
    return stepSeconds(this.spec.step, load);
  }

  /** The pass is over: gives the jobs it ended, in order of admission, and adds what it emitted to the count. */
  finishPass(): { ended: Job[]; tokens: number } {
    const { batch, ended, pool } = this;
    const before = batch.size;
    batch.goOn(1, this.advance);
    const tokens = before * this.advance - batch.takeEnded(ended);
    const jobs = ended.map((id) => {
      this.kv.give(this.held(id, batch.leave(id)));
      pool.remove(id);
      return this.jobs[id] as Job;
    });
    if (ended.length > 0) this.running = this.running.filter((id) => !ended.includes(id));
    ended.length = 0;
    return { ended: jobs, tokens };
  }
}
