import { type StepLoad, stepSeconds } from '../../src/perf/step-time.ts';
import type { EngineSpec } from '../../src/serving/engine-spec.ts';
import { freeBlocks, grow, release, shortage, usedBlocks } from './plain-prefix-cache.ts';
import { blocksFor, longestBlocks, type PlainInstance, type PlainRequest, type PlainRun } from './plain-request.ts';

/** What one iteration carries: decoding sequences that get `advance` tokens each, and chunks of prompts. */
export interface PlainIteration {
  decoding: PlainRequest[];
  advance: number;
  chunks: Map<PlainRequest, number>;
}

export function emptyLoad(): StepLoad {
  return {
    decodeSequences: 0,
    contextFull: 0,
    contextSliding: 0,
    promptTokens: 0,
    promptWorkFull: 0,
    promptWorkSliding: 0,
    promptKvTokens: 0,
    emitted: 0,
  };
}

/** Positions that the first `x` tokens of a text attend to under a window. */
function workWithin(window: number, x: number): number {
  const inWindow = Math.min(x, window);
  return (inWindow * inWindow) / 2 + (x - inWindow) * inWindow;
}

export function addChunk(load: StepLoad, before: number, chunk: number, window: number): void {
  load.promptTokens += chunk;
  load.promptWorkFull += chunk * before + (chunk * chunk) / 2;
  if (window !== Number.POSITIVE_INFINITY) {
    load.promptWorkSliding += workWithin(window, before + chunk) - workWithin(window, before);
  }
  load.promptKvTokens += before + chunk;
}

export function addDecoding(load: StepLoad, context: number, window: number): void {
  load.decodeSequences += 1;
  load.contextFull += context;
  load.contextSliding += Math.min(context, window);
  load.emitted += 1;
}

/** Prompt tokens that a running request has yet to compute; none once it decodes. */
export function restOf(request: PlainRequest): number {
  return request.known - request.past - request.prefilled;
}

export function decodingOf(instance: PlainInstance): PlainRequest[] {
  return instance.running.filter((request) => restOf(request) === 0);
}

/** Tokens that each decoding sequence gets in the instance's next pass: `tokensPerPass` on average, whole each time. */
export function nextAdvance(instance: PlainInstance): number {
  const { tokensPerPass } = instance.spec;
  return Math.floor((instance.passes + 1) * tokensPerPass) - Math.floor(instance.passes * tokensPerPass);
}

/** Blocks that a prompt reserves. */
export function promptReservation(spec: EngineSpec, request: PlainRequest): number {
  if (spec.reservesLongest) return longestBlocks(spec, request.draft);
  return blocksFor(spec, request.draft.input + request.emitted);
}

/** The one to give way: last admitted, of priority 1 if any is. */
export function youngest(instance: PlainInstance): PlainRequest | undefined {
  const { running } = instance;
  return running.findLast((request) => request.draft.priority === 1) ?? running.at(-1);
}

/** Stops a request, which keeps the tokens it has emitted and nothing else. */
export function preempt(run: PlainRun, instance: PlainInstance, request: PlainRequest): void {
  const decoding = restOf(request) === 0;
  if (!decoding) run.seen.lostPrefills += 1;
  release(run, instance, request, decoding ? request.draft.input + request.emitted - 1 : 0);
  request.waitingSince = run.now;
  request.preemptions += 1;
  run.totals.preemptions += 1;
}

/** Decoding sequences get the blocks of the coming pass; while they do not fit, the youngest is preempted. */
export function growDecoding(run: PlainRun, instance: PlainInstance): PlainRequest[] {
  const advance = nextAdvance(instance);
  const preempted: PlainRequest[] = [];
  for (;;) {
    const needed = decodingOf(instance).reduce((sum, request) => sum + shortage(instance, request, advance), 0);
    if (needed <= freeBlocks(instance)) break;
    const victim = youngest(instance);
    if (victim === undefined) throw new Error('a sequence needs blocks, but none runs');
    preempt(run, instance, victim);
    preempted.push(victim);
  }
  for (const request of decodingOf(instance)) {
    const { input } = request.draft;
    grow(run, instance, request, blocksFor(instance.spec, input + request.emitted - 1 + advance));
  }
  return preempted;
}

/** Prompt tokens that fit beside the decoding sequences. */
export function promptBudget(instance: PlainInstance, decoding: number): number {
  const { tokenBudget, speculativeDepth } = instance.spec;
  return Math.max(0, tokenBudget - decoding * (1 + speculativeDepth));
}

/** Starts an iteration and counts it. @returns how long it takes */
export function startIteration(run: PlainRun, instance: PlainInstance, iteration: PlainIteration): number {
  const { window } = instance.spec;
  const load = emptyLoad();
  for (const request of iteration.decoding) addDecoding(load, request.draft.input + request.emitted, window);
  for (const [request, chunk] of iteration.chunks) {
    addChunk(load, request.past + request.prefilled, chunk, window);
    if (chunk === restOf(request)) load.emitted += 1;
    else run.seen.partialPrompts += 1;
  }
  const seconds = stepSeconds(instance.spec.step, load);
  if (iteration.decoding.length > 0) instance.passes += 1;
  run.totals.iterations += 1;
  run.totals.promptTokens += load.promptTokens;
  run.totals.busySeconds += seconds;
  run.totals.runningSeconds += instance.running.length * seconds;
  run.totals.peakBlocks = Math.max(run.totals.peakBlocks, usedBlocks(instance));
  return seconds;
}
