import type { SchedulingRule } from '../../src/serving/engine-spec.ts';
import {
  decodingOf,
  growDecoding,
  nextAdvance,
  type PlainIteration,
  restOf,
  startIteration,
} from './plain-iteration.ts';
import { admit, freeBlocks, grow, hasRoom, release } from './plain-prefix-cache.ts';
import {
  blocksFor,
  emit,
  finish,
  idleInstance,
  isAnswered,
  leaveQueue,
  longestBlocks,
  type PlainInstance,
  type PlainRequest,
  type PlainRun,
  takeArrivals,
} from './plain-request.ts';

type DisaggregatedRule = Extract<SchedulingRule, { kind: 'disaggregated' }>;

/** An instance, what it is for, and the iteration it is in. */
interface Worker {
  role: 'prefill' | 'decode';
  instance: PlainInstance;
  iteration: PlainIteration | undefined;
  busyUntil: number;
}

interface Transferred {
  request: PlainRequest;
  ready: number;
}

interface Cluster {
  run: PlainRun;
  rule: DisaggregatedRule;
  /** Prefill before decode, then by index. */
  workers: Worker[];
  /** Who waits here is ready: it has arrived, or was preempted. */
  prefillQueue: PlainRequest[];
  /** By the time at which the cache is there, then by the order of joining. */
  decodeQueue: Transferred[];
}

function canPrefill(cluster: Cluster, instance: PlainInstance, head: PlainRequest | undefined): head is PlainRequest {
  if (head === undefined || instance.running.length >= cluster.run.spec.slots) return false;
  return hasRoom(instance, head, blocksFor(instance.spec, head.draft.input + head.emitted));
}

/** Blocks of a sequence that starts to decode, with those of the coming pass. */
function decodeReservation(instance: PlainInstance, request: PlainRequest): number {
  const { spec } = instance;
  if (spec.reservesLongest) return longestBlocks(spec, request.draft);
  return blocksFor(spec, request.draft.input + request.emitted - 1 + nextAdvance(instance));
}

function canDecode(cluster: Cluster, instance: PlainInstance, head: Transferred | undefined): head is Transferred {
  const { slots, tokenBudget, speculativeDepth } = cluster.run.spec;
  if (head === undefined || head.ready > cluster.run.now) return false;
  const running = instance.running.length;
  if (running >= slots || (running + 1) * (1 + speculativeDepth) > tokenBudget) return false;
  return decodeReservation(instance, head.request) <= freeBlocks(instance);
}

/** A prompt under way first, then the queue's heads, while the budget lasts. */
function planPrefill(cluster: Cluster, instance: PlainInstance): PlainIteration {
  const { run, prefillQueue } = cluster;
  const chunks = new Map<PlainRequest, number>();
  let budget = run.spec.tokenBudget;
  const give = (request: PlainRequest) => {
    const chunk = Math.min(restOf(request), budget);
    chunks.set(request, chunk);
    budget -= chunk;
  };
  for (const request of instance.running) give(request);
  while (budget > 0) {
    const head = prefillQueue[0];
    if (!canPrefill(cluster, instance, head)) {
      if (head !== undefined) run.seen.blockedAdmissions += 1;
      break;
    }
    prefillQueue.shift();
    admit(run, instance, head, blocksFor(run.spec, head.draft.input + head.emitted));
    leaveQueue(run, head);
    give(head);
  }
  return { decoding: [], advance: 0, chunks };
}

/** Growth first; who loses its place goes back to be computed again; else ready sequences join while there is room. */
function planDecode(cluster: Cluster, instance: PlainInstance): PlainIteration {
  const { run, prefillQueue, decodeQueue } = cluster;
  const advance = nextAdvance(instance);
  const preempted = growDecoding(run, instance);
  for (const request of preempted) prefillQueue.unshift(request);
  while (preempted.length === 0) {
    const head = decodeQueue[0];
    if (!canDecode(cluster, instance, head)) break;
    decodeQueue.shift();
    leaveQueue(run, head.request);
    const reserved = decodeReservation(instance, head.request);
    head.request.held = [];
    instance.running.push(head.request);
    grow(run, instance, head.request, reserved);
  }
  return { decoding: decodingOf(instance), advance, chunks: new Map() };
}

/** A computed prompt gives its first token (or its next one) and leaves for the decoding GPUs. */
function endPrefill(cluster: Cluster, worker: Worker, iteration: PlainIteration): void {
  const { run, rule, decodeQueue } = cluster;
  const { instance, busyUntil } = worker;
  for (const request of instance.running) {
    request.prefilled += iteration.chunks.get(request) ?? 0;
    if (restOf(request) > 0) continue;
    emit(run, request, 1, busyUntil);
    release(run, instance, request, 0);
    if (isAnswered(request)) {
      finish(run, request, busyUntil);
      continue;
    }
    const { latency, perToken, perWindowToken } = rule.transfer;
    const { known } = request;
    const ready = busyUntil + latency + perToken * known + perWindowToken * Math.min(known, run.spec.window);
    const behind = decodeQueue.findIndex((other) => other.ready > ready);
    request.waitingSince = ready;
    decodeQueue.splice(behind < 0 ? decodeQueue.length : behind, 0, { request, ready });
  }
}

function endDecode(cluster: Cluster, worker: Worker, iteration: PlainIteration): void {
  const { run } = cluster;
  const { instance, busyUntil } = worker;
  for (const request of instance.running) {
    emit(run, request, iteration.advance, busyUntil);
    if (!isAnswered(request)) continue;
    release(run, instance, request, 0);
    finish(run, request, busyUntil);
  }
}

function endIterations(cluster: Cluster): void {
  for (const worker of cluster.workers) {
    if (worker.iteration === undefined || worker.busyUntil > cluster.run.now) continue;
    if (worker.role === 'prefill') endPrefill(cluster, worker, worker.iteration);
    else endDecode(cluster, worker, worker.iteration);
    worker.iteration = undefined;
  }
}

function canStart(cluster: Cluster, worker: Worker): boolean {
  if (worker.iteration !== undefined) return false;
  if (worker.instance.running.length > 0) return true;
  if (worker.role === 'prefill') return canPrefill(cluster, worker.instance, cluster.prefillQueue[0]);
  return canDecode(cluster, worker.instance, cluster.decodeQueue[0]);
}

function startOne(cluster: Cluster): boolean {
  const { run, workers } = cluster;
  const worker = workers.find((candidate) => canStart(cluster, candidate));
  if (worker === undefined) return false;
  const { role, instance } = worker;
  const iteration = role === 'prefill' ? planPrefill(cluster, instance) : planDecode(cluster, instance);
  worker.iteration = iteration;
  worker.busyUntil = run.now + startIteration(run, instance, iteration);
  return true;
}

/** The next time at which anything happens: an arrival, the end of an iteration, or a cache that is there. */
function nextTime(cluster: Cluster): number {
  const { run, workers, decodeQueue } = cluster;
  const ends = workers.flatMap((worker) => (worker.iteration === undefined ? [] : [worker.busyUntil]));
  const ready = decodeQueue.map((transferred) => transferred.ready).filter((time) => time > run.now);
  return Math.min(run.source.nextArrival, ...ends, ...ready);
}

/** Prompts on instances of their own, answers on others, and the cache that travels between them. */
export function runPlainDisaggregated(run: PlainRun, rule: DisaggregatedRule): void {
  const workers = (count: number, role: Worker['role']): Worker[] =>
    Array.from({ length: count }, () => ({
      role,
      instance: idleInstance(run.spec, false),
      iteration: undefined,
      busyUntil: 0,
    }));
  const cluster: Cluster = {
    run,
    rule,
    workers: [...workers(rule.prefillInstances, 'prefill'), ...workers(rule.decodeInstances, 'decode')],
    prefillQueue: [],
    decodeQueue: [],
  };
  for (;;) {
    endIterations(cluster);
    cluster.prefillQueue.push(...takeArrivals(run, run.now));
    while (startOne(cluster));
    const next = nextTime(cluster);
    if (next === Number.POSITIVE_INFINITY) return;
    run.now = next;
  }
}
