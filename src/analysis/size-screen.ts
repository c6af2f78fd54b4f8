import { type FleetSize, missedPhrase, sizeFleet } from '../fleet/capacity.ts';
import { offeredRate, sizingOverMean } from '../fleet/simulate-fleet.ts';
import { simulate } from '../result/simulate.ts';
import { type Setting, variantPlan } from '../result/sweep-point.ts';
import type { Lookups } from '../scenario/lookups.ts';
import type { Plan } from '../scenario/plan.ts';
import { instanceGpus, layoutName } from '../scenario/replica-gpus.ts';
import { InfeasibleError, InputError } from '../schema/problem.ts';
import { type Envelope, envelopeLimits } from '../serving/envelope.ts';
import { perRequest } from '../serving/per-request.ts';
import { replicaOf } from '../serving/service-curve.ts';
import type { SmallerFails } from './size-binding.ts';
import type { Candidate, Family } from './size-candidates.ts';

/** Batches tried beside the one that the scenario or its engine has. */
const BATCHES = [16, 32, 64, 128, 256, 512, 1024];

/** Why a candidate is no choice, and by how much it misses a target: 1 is on it. */
export interface Failure {
  status: 'no_fit' | 'slo_missed';
  reason: string;
  metric?: 'ttft' | 'tpot';
  excess?: number;
}

/** A candidate with the batch that serves it best, and what a month of its fleet costs by the closed form. */
export interface Screened {
  candidate: Candidate;
  settings: readonly Setting[];
  estimateUsd: number;
  failure?: Failure;
  /** Why a smaller replica of its family is no choice. */
  smaller: SmallerFails;
}

/**
 * No fleet depends on what it is compared with, and prices take time to look up; but overflow goes to one of these.
 * What is promised goes with them: it may be about an offer, and is the run's to judge.
 */
function alone(raw: unknown): readonly Setting[] {
  const { traffic } = raw as { traffic?: { overflow?: unknown } };
  const dropped = traffic?.overflow === 'api' ? ['assert'] : ['compare', 'assert'];
  return dropped.map((path) => ({ path, value: null }));
}

/** The plan of a scenario with some values changed, compared with nothing where it need not be. */
export function planWith(raw: unknown, settings: readonly Setting[], lookups: Lookups): Plan {
  return variantPlan(raw, [...alone(raw), ...settings], lookups);
}

/**
 * The plan as the closed form knows it. Static batches and whole prompts serve less than it says, so that it errs on
 * the cheap side; of split pools it knows nothing, and says what a fleet costs whose replicas do both.
 */
function inClosedForm(plan: Plan): Plan {
  const { background: _, ...traffic } = plan.traffic;
  const scheduling = { kind: 'continuous', prefill: 'chunked' } as const;
  return {
    ...plan,
    traffic,
    horizonMonths: [1],
    serving: { ...plan.serving, envelope: 'closed-form', scheduling },
  };
}

const withBatch = (plan: Plan, maxBatch: number): Plan => ({ ...plan, serving: { ...plan.serving, maxBatch } });

/** What a failed attempt says; anything but an answer that it cannot be done is passed on. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof InfeasibleError)) throw error;
  return { status: error.status, reason: error.message };
}

/** The target that an envelope misses at its lightest load. */
export function missOf(envelope: Pick<Envelope, 'missed' | 'targetMet'>): Failure | undefined {
  if (envelope.targetMet) return undefined;
  const { missed } = envelope;
  const reason = missedPhrase(envelope as Envelope);
  if (missed === undefined) return { status: 'slo_missed', reason };
  const { metric, seconds } = missed.target;
  return { status: 'slo_missed', reason, metric, excess: missed.seconds / seconds };
}

/** The fleet that a batch takes, or why there is none. */
function fleetAt(plan: Plan, maxBatch: number): { size: FleetSize } | { failure: Failure } {
  const tried = withBatch(plan, maxBatch);
  const limits = envelopeLimits(replicaOf(tried), tried.slo);
  const envelope = perRequest({ ...limits, points: [] }, tried.traffic.mix.samples);
  const failure = missOf(envelope);
  if (failure !== undefined) return { failure };
  return { size: sizeFleet(tried, envelope, offeredRate(tried, envelope) * sizingOverMean(tried)) };
}

type Batch = { maxBatch: number } | { failure: Failure };

/** Batches already chosen, by GPU, weights and layout: it does not matter to a replica who owns it. */
export type KnownBatches = Map<string, Batch>;

/** The batch of fewest replicas; the scenario's own where no other takes fewer. */
function bestBatch(plan: Plan): Batch {
  const stated = plan.serving.maxBatch;
  let best: { maxBatch: number; size: FleetSize } | undefined;
  let nearest: Failure | undefined;
  const excess = (failure: Failure | undefined) => failure?.excess ?? Number.POSITIVE_INFINITY;
  for (const maxBatch of [stated, ...BATCHES.filter((batch) => batch !== stated)]) {
    const tried = fleetAt(plan, maxBatch);
    if ('failure' in tried) {
      if (nearest === undefined || excess(tried.failure) < excess(nearest)) nearest = tried.failure;
    } else if (best === undefined || tried.size.replicas < best.size.replicas) best = { maxBatch, size: tried.size };
    if (best !== undefined && best.size.needed <= 1) break;
  }
  return best ?? { failure: nearest as Failure };
}

function batchOf(plan: Plan, candidate: Candidate, known: KnownBatches): Batch {
  const key = [candidate.gpu, candidate.weights, layoutName(candidate.layout)].join('/');
  const found = known.get(key) ?? attempted(() => bestBatch(plan));
  known.set(key, found);
  return found;
}

/** What an action finds, or why it cannot be done. */
function attempted<T>(action: () => T): T | { failure: Failure } {
  try {
    return action();
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

function screened(
  raw: unknown,
  candidate: Candidate,
  lookups: Lookups,
  known: KnownBatches,
): Omit<Screened, 'smaller'> | undefined {
  const asStated = planOrNone(raw, candidate, lookups);
  if (asStated === undefined) return undefined;
  const plan = inClosedForm(asStated);
  const none = (failure: Failure) => ({
    candidate,
    settings: candidate.settings,
    estimateUsd: Number.POSITIVE_INFINITY,
    failure,
  });
  const batch = batchOf(plan, candidate, known);
  if ('failure' in batch) return none(batch.failure);
  const { maxBatch } = batch;
  const month = attempted(() => simulate(withBatch(plan, maxBatch)).metrics);
  if ('failure' in month) return none(month.failure);
  const change = maxBatch === plan.serving.maxBatch ? [] : [{ path: 'serving.max_batch', value: maxBatch }];
  return { candidate, settings: [...candidate.settings, ...change], estimateUsd: month.cost_usd_per_month ?? 0 };
}

/** Undefined where the scenario cannot be asked of this GPU, such as a layout that its link does not join. */
function planOrNone(raw: unknown, candidate: Candidate, lookups: Lookups): Plan | undefined {
  try {
    return planWith(raw, candidate.settings, lookups);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}

/** Of the largest replica smaller than this one, why it is no choice. */
function smallerOf(candidate: Candidate, family: readonly Omit<Screened, 'smaller'>[]): SmallerFails {
  const gpus = (one: Candidate) => instanceGpus(one.layout);
  const smaller = family.filter((other) => gpus(other.candidate) < gpus(candidate));
  const largest = Math.max(...smaller.map((other) => gpus(other.candidate)));
  const next = smaller.filter((other) => gpus(other.candidate) === largest);
  if (next.length === 0 || next.some(({ failure }) => failure === undefined)) return undefined;
  const [failure] = next.map((one) => one.failure as Failure).toSorted((a, b) => (a.excess ?? 0) - (b.excess ?? 0));
  return failure?.status === 'no_fit' ? 'no_fit' : failure?.metric;
}

/** Every candidate of a family by the closed form; replicas that span nodes only where no node holds the model. */
export function screenFamily(raw: unknown, family: Family, lookups: Lookups, known: KnownBatches): Screened[] {
  const look = (candidates: readonly Candidate[]) =>
    candidates.map((candidate) => screened(raw, candidate, lookups, known)).filter((one) => one !== undefined);
  const within = look(family.within);
  const holds = within.some(({ failure }) => failure?.status !== 'no_fit');
  const all = holds ? within : [...within, ...look(family.over)];
  return all.map((one) => ({ ...one, smaller: smallerOf(one.candidate, all) }));
}
