import type { EndedRequest, EngineSpec, RunTotals } from '../../src/serving/engine-spec.ts';
import { emptyDraft, type RequestDraft, type RequestSource } from '../../src/traffic/request-source.ts';

/** One block of cache: private to a request, or kept under a key and in use by `users` running requests. */
export interface PlainBlock {
  key: string | undefined;
  users: number;
}

/** A request and what has become of it so far. */
export interface PlainRequest {
  draft: RequestDraft;
  scheduled: number | undefined;
  /** Since when it has stood in the queue that it stands in, and how long it has stood in queues in all. */
  waitingSince: number;
  waited: number;
  firstToken: number;
  emitted: number;
  preemptions: number;
  /** Since it was last admitted: tokens to compute before it goes on, those found in the cache, those computed. */
  known: number;
  past: number;
  prefilled: number;
  held: PlainBlock[];
}

/** One engine with its cache. */
export interface PlainInstance {
  spec: EngineSpec;
  /** In the order of admission. */
  running: PlainRequest[];
  /** Passes that carried decoding sequences. */
  passes: number;
  caching: boolean;
  /** Blocks under their keys, and those of them that nobody uses, in the order they became so. */
  kept: Map<string, PlainBlock>;
  evictable: PlainBlock[];
}

/** How often something happened that a test of rare turns should have met. */
export interface PlainSightings {
  partialPrompts: number;
  lostPrefills: number;
  priorityPreemptions: number;
  prefixHits: number;
  evictions: number;
  blockedAdmissions: number;
}

export type PlainTotals = Omit<RunTotals, 'unfinished' | 'promptSeconds' | 'waitingSeconds'>;

/** A run under way. */
export interface PlainRun {
  spec: EngineSpec;
  source: RequestSource;
  now: number;
  ended: EndedRequest[];
  totals: PlainTotals;
  seen: PlainSightings;
}

export function startRun(spec: EngineSpec, source: RequestSource): PlainRun {
  return {
    spec,
    source,
    now: 0,
    ended: [],
    totals: {
      offered: 0,
      completed: 0,
      refused: 0,
      preemptions: 0,
      iterations: 0,
      promptTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      end: 0,
      busySeconds: 0,
      runningSeconds: 0,
      peakBlocks: 0,
    },
    seen: {
      partialPrompts: 0,
      lostPrefills: 0,
      priorityPreemptions: 0,
      prefixHits: 0,
      evictions: 0,
      blockedAdmissions: 0,
    },
  };
}

export function idleInstance(spec: EngineSpec, caching: boolean): PlainInstance {
  return { spec, running: [], passes: 0, caching, kept: new Map(), evictable: [] };
}

export function blocksFor(spec: EngineSpec, tokens: number): number {
  return Math.ceil(tokens / spec.blockTokens) + spec.stateBlocks;
}

/** Blocks of a request at its longest: every token but the last is kept, and a pass may write proposals beyond. */
export function longestBlocks(spec: EngineSpec, draft: RequestDraft): number {
  return blocksFor(spec, draft.input + draft.output - 1 + spec.speculativeDepth);
}

/** All that has arrived by `time`, but for what could never fit: that is refused at once, which may cause more. */
export function takeArrivals(run: PlainRun, time: number): PlainRequest[] {
  const taken: PlainRequest[] = [];
  while (run.source.nextArrival <= time) {
    const draft = emptyDraft();
    run.source.take(draft);
    run.totals.offered += 1;
    if (longestBlocks(run.spec, draft) > run.spec.kvBlocks || draft.input + draft.output > run.spec.maxContext) {
      run.totals.refused += 1;
      run.source.ended(draft.tag, draft.arrival);
      continue;
    }
    taken.push({
      draft,
      scheduled: undefined,
      waitingSince: draft.arrival,
      waited: 0,
      firstToken: 0,
      emitted: 0,
      preemptions: 0,
      known: 0,
      past: 0,
      prefilled: 0,
      held: [],
    });
  }
  return taken;
}

/** A request leaves the queue it stood in. */
export function leaveQueue(run: PlainRun, request: PlainRequest): void {
  request.scheduled ??= run.now;
  request.waited += run.now - request.waitingSince;
}

/** A request gets `tokens` more of its answer, or what is left of it. */
export function emit(run: PlainRun, request: PlainRequest, tokens: number, time: number): void {
  const before = request.emitted;
  if (before === 0) request.firstToken = time;
  request.emitted = Math.min(request.draft.output, before + tokens);
  run.totals.outputTokens += request.emitted - before;
}

export function isAnswered(request: PlainRequest): boolean {
  return request.emitted >= request.draft.output;
}

export function finish(run: PlainRun, request: PlainRequest, time: number): void {
  const { tag, priority, input, output, arrival } = request.draft;
  run.totals.completed += 1;
  run.ended.push({
    tag,
    priority,
    input,
    output,
    arrival,
    scheduled: request.scheduled ?? Number.NaN,
    waited: request.waited,
    firstToken: request.firstToken,
    finish: time,
    preemptions: request.preemptions,
  });
  run.source.ended(tag, time);
}
