import type { EndedRequest, EngineSpec } from '../../src/serving/engine-spec.ts';
import type { RequestSource } from '../../src/traffic/request-source.ts';
import { runPlainDisaggregated } from './plain-disaggregated.ts';
import {
  decodingOf,
  growDecoding,
  nextAdvance,
  type PlainIteration,
  preempt,
  promptBudget,
  promptReservation,
  restOf,
  startIteration,
} from './plain-iteration.ts';
import { admit, hasRoom, promptIfAdmitted, register, release } from './plain-prefix-cache.ts';
import {
  emit,
  finish,
  idleInstance,
  isAnswered,
  leaveQueue,
  type PlainInstance,
  type PlainRequest,
  type PlainRun,
  type PlainSightings,
  type PlainTotals,
  startRun,
  takeArrivals,
} from './plain-request.ts';
import { runPlainStatic } from './plain-static.ts';

/** One queue for each priority; 0 goes first. */
interface Queues {
  0: PlainRequest[];
  1: PlainRequest[];
}

interface Continuous {
  run: PlainRun;
  instance: PlainInstance;
  queues: Queues;
}

function fits(engine: Continuous, request: PlainRequest): boolean {
  const { run, instance } = engine;
  if (instance.running.length >= run.spec.slots) return false;
  return hasRoom(instance, request, promptReservation(run.spec, request));
}

/** While the first of priority 0 cannot be admitted, the youngest of priority 1 gives way. */
function makeWay(engine: Continuous): void {
  for (;;) {
    const head = engine.queues[0][0];
    if (head === undefined || fits(engine, head)) return;
    const victim = engine.instance.running.findLast((request) => request.draft.priority === 1);
    if (victim === undefined) return;
    preempt(engine.run, engine.instance, victim);
    engine.queues[1].unshift(victim);
    engine.run.seen.priorityPreemptions += 1;
  }
}

/** Growth of the decoding sequences. @returns whether it cost anybody their place */
function growOrPreempt(engine: Continuous): boolean {
  const preempted = growDecoding(engine.run, engine.instance);
  for (const request of preempted) engine.queues[request.draft.priority].unshift(request);
  return preempted.length > 0;
}

function nextWaiting(engine: Continuous): PlainRequest | undefined {
  return engine.queues[0][0] ?? engine.queues[1][0];
}

function admitHead(engine: Continuous, head: PlainRequest): void {
  const { run, instance, queues } = engine;
  queues[head.draft.priority].shift();
  admit(run, instance, head, promptReservation(run.spec, head));
  leaveQueue(run, head);
}

/** Decoding sequences first; a prompt under way gets what is left of the budget, then new ones do. */
function planChunked(engine: Continuous): PlainIteration {
  const { run, instance } = engine;
  const advance = nextAdvance(instance);
  const lostSome = growOrPreempt(engine);
  const decoding = decodingOf(instance);
  const chunks = new Map<PlainRequest, number>();
  let budget = promptBudget(instance, decoding.length);
  const give = (request: PlainRequest) => {
    const chunk = Math.min(restOf(request), budget);
    if (chunk > 0) chunks.set(request, chunk);
    budget -= chunk;
  };
  for (const request of instance.running) if (restOf(request) > 0) give(request);
  while (!lostSome && budget > 0) {
    const head = nextWaiting(engine);
    if (head === undefined) break;
    if (!fits(engine, head)) {
      run.seen.blockedAdmissions += 1;
      break;
    }
    admitHead(engine, head);
    give(head);
  }
  return { decoding, advance, chunks };
}

/** Prompts that can be admitted are computed whole, by themselves; only if there are none do sequences decode. */
function planWhole(engine: Continuous): PlainIteration {
  const { run, instance } = engine;
  const chunks = new Map<PlainRequest, number>();
  let tokens = 0;
  for (;;) {
    const head = nextWaiting(engine);
    if (head === undefined) break;
    if (!fits(engine, head)) {
      run.seen.blockedAdmissions += 1;
      break;
    }
    if (chunks.size > 0 && tokens + promptIfAdmitted(instance, head) > run.spec.tokenBudget) break;
    admitHead(engine, head);
    chunks.set(head, restOf(head));
    tokens += restOf(head);
  }
  if (chunks.size > 0) return { decoding: [], advance: 0, chunks };
  const advance = nextAdvance(instance);
  growOrPreempt(engine);
  return { decoding: decodingOf(instance), advance, chunks };
}

/** Every sequence of the iteration gets its tokens; then those with their last are done. Both in order of admission. */
function endIteration(engine: Continuous, iteration: PlainIteration): void {
  const { run, instance } = engine;
  for (const request of instance.running) {
    const chunk = iteration.chunks.get(request);
    if (chunk !== undefined) {
      request.prefilled += chunk;
      if (restOf(request) > 0) continue;
      emit(run, request, 1, run.now);
      register(instance, request, request.known);
    } else if (iteration.decoding.includes(request)) {
      emit(run, request, iteration.advance, run.now);
    }
  }
  for (const request of instance.running.filter(isAnswered)) {
    release(run, instance, request, request.draft.input + request.draft.output - 1);
    finish(run, request, run.now);
  }
}

function runContinuous(run: PlainRun, prefill: 'chunked' | 'whole'): void {
  const engine: Continuous = { run, instance: idleInstance(run.spec, run.spec.prefixCache), queues: { 0: [], 1: [] } };
  for (;;) {
    for (const request of takeArrivals(run, run.now)) engine.queues[request.draft.priority].push(request);
    if (engine.instance.running.length === 0 && nextWaiting(engine) === undefined) {
      if (run.source.nextArrival === Number.POSITIVE_INFINITY) return;
      run.now = run.source.nextArrival;
      continue;
    }
    makeWay(engine);
    const iteration = prefill === 'chunked' ? planChunked(engine) : planWhole(engine);
    if (iteration.decoding.length === 0 && iteration.chunks.size === 0) throw new Error('an iteration carries nothing');
    run.now += startIteration(run, engine.instance, iteration);
    endIteration(engine, iteration);
  }
}

/**
 * One replica, one iteration after the other, as plainly as its rules can be written down: every sum is taken afresh,
 * nothing is skipped or summed in closed form. What the fast engine must agree with, request by request.
 *
 * @returns the requests in the order in which they ended, and how often the run met what is rare
 */
export function runPlainEngine(
  spec: EngineSpec,
  source: RequestSource,
): { ended: EndedRequest[]; totals: PlainTotals; seen: PlainSightings } {
  const run = startRun(spec, source);
  switch (spec.scheduling.kind) {
    case 'continuous':
      runContinuous(run, spec.scheduling.prefill);
      break;
    case 'static':
      runPlainStatic(run, spec.scheduling);
      break;
    case 'disaggregated':
      runPlainDisaggregated(run, spec.scheduling);
      break;
  }
  run.totals.end = run.now;
  return { ended: run.ended, totals: run.totals, seen: run.seen };
}
