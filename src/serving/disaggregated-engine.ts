import { emptyLoad, type StepLoad, stepSeconds } from '../perf/step-time.ts';
import { emptyDraft, type RequestSource } from '../traffic/request-source.ts';
import type { Seconds } from '../units/quantity.ts';
import { attendedPositions } from './attended-positions.ts';
import { DecodeInstance, type Job } from './decode-instance.ts';
import { type EngineSpec, isTooLong, type RequestSink, type RunTotals } from './engine-spec.ts';
import { emptyEnded, emptyTotals, type RunOptions } from './run-records.ts';

/** GPUs that compute prompts. What they do from one iteration's start to its end is settled at the start. */
interface PrefillInstance {
  readonly kind: 'prefill';
  /** In the order in which they were admitted. */
  running: Job[];
  used: number;
  /** When its iteration ends; undefined while it stands still. */
  end: Seconds | undefined;
  /** Chunks by position in `running`. */
  chunks: number[];
}

interface AnswerInstance {
  readonly kind: 'decode';
  readonly sequences: DecodeInstance;
  end: Seconds | undefined;
}

type Instance = PrefillInstance | AnswerInstance;

/**
 * Prompts on GPUs of their own, answers on others; the cache crosses a network in between. One queue for each pool, from
 * which an instance takes when it starts an iteration.
 *
 * An iteration at a time, since the instances interleave: slower than one replica that leaps, and exact.
 *
 * @source Zhong et al. 2024 (DistServe); Qin et al. 2025 (Mooncake). Those send a cache to an instance chosen in
 *   advance; taking from a common queue errs low on waiting
 */
class DisaggregatedEngine {
  private readonly spec: EngineSpec;
  private readonly rule: Extract<EngineSpec['scheduling'], { kind: 'disaggregated' }>;
  private readonly source: RequestSource;
  private readonly sink: RequestSink;
  private readonly options: RunOptions;
  private readonly totals = emptyTotals();
  private readonly record = emptyEnded();
  private readonly instances: Instance[];
  private prompts: Job[] = [];
  /** Index of the head in `prompts`; entries before it are gone. */
  private promptHead = 0;
  /** By ready time, then by the order of joining. */
  private answers: Job[] = [];
  private now = 0;

  constructor(spec: EngineSpec, source: RequestSource, sink: RequestSink, options: RunOptions) {
    if (spec.scheduling.kind !== 'disaggregated') throw new RangeError('disaggregated serving needs its rule');
    this.spec = spec;
    this.rule = spec.scheduling;
    this.source = source;
    this.sink = sink;
    this.options = options;
    const prefill = (): Instance => ({ kind: 'prefill', running: [], used: 0, end: undefined, chunks: [] });
    const decode = (): Instance => ({ kind: 'decode', sequences: new DecodeInstance(spec), end: undefined });
    this.instances = [
      ...Array.from({ length: this.rule.prefillInstances }, prefill),
      ...Array.from({ length: this.rule.decodeInstances }, decode),
    ];
  }

  run(): RunTotals {
    const until = this.options.until ?? Number.POSITIVE_INFINITY;
    for (;;) {
      const next = this.nextEvent();
      if (next === Number.POSITIVE_INFINITY || next > until) break;
      this.now = Math.max(this.now, next);
      for (const instance of this.endingNow()) this.endIteration(instance);
      if (this.now >= until) break;
      this.takeArrivals();
      while (this.startOne());
    }
    for (const one of this.instances) {
      if (one.kind === 'decode') this.totals.peakBlocks = Math.max(this.totals.peakBlocks, one.sequences.kv.peak);
    }
    this.totals.end = this.now;
    this.totals.unfinished = this.totals.offered - this.totals.completed - this.totals.refused;
    return this.totals;
  }

  private nextEvent(): number {
    let next = this.source.nextArrival;
    for (const { end } of this.instances) if (end !== undefined && end < next) next = end;
    const ready = this.answers[0]?.ready;
    if (ready !== undefined && ready > this.now && ready < next) next = ready;
    return next;
  }

  /** In order of their ends; the list of instances is in the order that breaks ties. */
  private endingNow(): Instance[] {
    const ending = this.instances.filter(({ end }) => end !== undefined && end <= this.now);
    return ending.length > 1 ? ending.sort((a, b) => (a.end as number) - (b.end as number)) : ending;
  }

  private takeArrivals(): void {
    const { source, totals } = this;
    while (source.nextArrival <= this.now) {
      const draft = emptyDraft();
      source.take(draft);
      totals.offered += 1;
      if (isTooLong(this.spec, draft.input, draft.output)) {
        totals.refused += 1;
        source.ended(draft.tag, draft.arrival);
        continue;
      }
      const { arrival } = draft;
      this.prompts.push({
        draft,
        emitted: 0,
        filled: 0,
        blocks: 0,
        ready: arrival,
        scheduled: -1,
        waited: 0,
        firstToken: 0,
        preemptions: 0,
      });
    }
  }

  private blocksOf(tokens: number): number {
    return Math.ceil(tokens / this.spec.blockTokens) + this.spec.stateBlocks;
  }

  private known(job: Job): number {
    return job.draft.input + job.emitted;
  }

  /** Starts an iteration on the first instance that can; false where none can. */
  private startOne(): boolean {
    for (const one of this.instances) {
      if (one.end !== undefined) continue;
      if (one.kind === 'prefill') {
        if (one.running.length === 0 && this.admissiblePrompt(one) === undefined) continue;
        this.startPrefill(one);
        return true;
      }
      if (one.sequences.size === 0 && this.admissibleAnswer(one.sequences) === undefined) continue;
      this.startDecode(one);
      return true;
    }
    return false;
  }

  private admissiblePrompt(instance: PrefillInstance): Job | undefined {
    const head = this.prompts[this.promptHead];
    if (head === undefined || head.ready > this.now || instance.running.length >= this.spec.slots) return undefined;
    return this.blocksOf(this.known(head)) <= this.spec.kvBlocks - instance.used ? head : undefined;
  }

  private admissibleAnswer(sequences: DecodeInstance): Job | undefined {
    const head = this.answers[0];
    return head !== undefined && head.ready <= this.now && sequences.fits(head) ? head : undefined;
  }

  private shiftPrompt(): void {
    this.promptHead += 1;
    if (this.promptHead > 1024 && this.promptHead * 2 > this.prompts.length) {
      this.prompts = this.prompts.slice(this.promptHead);
      this.promptHead = 0;
    }
  }

  private startPrefill(instance: PrefillInstance): void {
    let budget = this.spec.tokenBudget;
    instance.chunks = instance.running.map((job) => {
      const chunk = Math.min(budget, this.known(job) - job.draft.cached - job.filled);
      budget -= chunk;
      return chunk;
    });
    for (;;) {
      const job = budget > 0 ? this.admissiblePrompt(instance) : undefined;
      if (job === undefined) break;
      this.shiftPrompt();
      job.blocks = this.blocksOf(this.known(job));
      instance.used += job.blocks;
      instance.running.push(job);
      this.leaveQueue(job);
      this.totals.peakBlocks = Math.max(this.totals.peakBlocks, instance.used);
      this.totals.cachedTokens += job.draft.cached;
      if (job.scheduled < 0) job.scheduled = this.now;
      job.filled = 0;
      const chunk = Math.min(budget, this.known(job) - job.draft.cached);
      instance.chunks.push(chunk);
      budget -= chunk;
    }
    const load = this.promptLoad(instance);
    const seconds = stepSeconds(this.spec.step, load);
    this.totals.promptTokens += load.promptTokens;
    this.totals.promptSeconds += seconds;
    this.spend(instance, seconds, instance.running.length, 0, load.promptTokens);
  }

  private promptLoad(instance: PrefillInstance): StepLoad {
    const { window } = this.spec;
    const load = emptyLoad();
    instance.running.forEach((job, i) => {
      const chunk = instance.chunks[i] as number;
      const before = job.draft.cached + job.filled;
      load.promptTokens += chunk;
      load.promptWorkFull += chunk * before + (chunk * chunk) / 2;
      if (window !== Number.POSITIVE_INFINITY) load.promptWorkSliding += attendedPositions(before, chunk, window);
      load.promptKvTokens += before + chunk;
      if (before + chunk >= this.known(job)) load.emitted += 1;
    });
    return load;
  }

  private leaveQueue(job: Job): void {
    const waited = this.now - job.ready;
    this.totals.waitingSeconds += waited;
    job.waited += waited;
  }

  private startDecode(instance: AnswerInstance): void {
    const { sequences } = instance;
    const victims = sequences.prepare();
    for (const victim of victims) {
      victim.preemptions += 1;
      victim.ready = this.now;
      this.totals.preemptions += 1;
      this.pushPromptFront(victim);
    }
    for (;;) {
      const job = victims.length > 0 ? undefined : this.admissibleAnswer(sequences);
      if (job === undefined) break;
      this.answers.shift();
      this.leaveQueue(job);
      sequences.admit(job);
    }
    this.spend(instance, sequences.seconds(), sequences.size, sequences.size, 0);
  }

  private pushPromptFront(job: Job): void {
    if (this.promptHead > 0) this.prompts[--this.promptHead] = job;
    else this.prompts.unshift(job);
  }

  private spend(instance: Instance, seconds: Seconds, running: number, decoding: number, promptTokens: number): void {
    const { totals } = this;
    const waiting = this.prompts.length - this.promptHead + this.answers.length;
    const used = instance.kind === 'prefill' ? instance.used : instance.sequences.kv.used;
    this.options.timeline?.span(this.now, seconds, 1, decoding, promptTokens, waiting, used);
    instance.end = this.now + seconds;
    totals.iterations += 1;
    totals.busySeconds += seconds;
    totals.runningSeconds += running * seconds;
  }

  private endIteration(instance: Instance): void {
    const end = instance.end as number;
    instance.end = undefined;
    if (instance.kind === 'decode') {
      const { ended, tokens } = instance.sequences.finishPass();
      this.totals.outputTokens += tokens;
      for (const job of ended) this.finish(job, end);
      return;
    }
    const { running } = instance;
    instance.running = [];
    running.forEach((job, i) => {
      this.endPrompt(instance, job, instance.chunks[i] as number, end);
    });
  }

  private endPrompt(instance: PrefillInstance, job: Job, chunk: number, end: number): void {
    const { draft } = job;
    const known = this.known(job);
    job.filled += chunk;
    if (draft.cached + job.filled < known) {
      instance.running.push(job);
      return;
    }
    instance.used -= job.blocks;
    job.emitted += 1;
    this.totals.outputTokens += 1;
    if (job.emitted === 1) job.firstToken = end;
    if (job.emitted >= draft.output) {
      this.finish(job, end);
      return;
    }
    const { latency, perToken, perWindowToken } = this.rule.transfer;
    job.ready =
      end +
      latency +
      perToken * known +
      (perWindowToken === 0 ? 0 : perWindowToken * Math.min(known, this.spec.window));
    const behind = this.answers.findLastIndex((other) => other.ready <= job.ready);
    this.answers.splice(behind + 1, 0, job);
  }

  private finish(job: Job, finish: number): void {
    const { tag, priority, input, output, arrival } = job.draft;
    const { scheduled, waited, firstToken, preemptions } = job;
    this.totals.completed += 1;
    const ended = { tag, priority, input, output, arrival, scheduled, waited, firstToken, finish, preemptions };
    this.sink.ended(Object.assign(this.record, ended));
    this.source.ended(tag, finish);
  }
}

/** Runs a pair of pools request by request; see `DisaggregatedEngine`. */
export function runDisaggregated(
  spec: EngineSpec,
  source: RequestSource,
  sink: RequestSink,
  options: RunOptions,
): RunTotals {
  return new DisaggregatedEngine(spec, source, sink, options).run();
}
