import type { Result } from '../result/record.ts';
import { simulate } from '../result/simulate.ts';
import type { Setting } from '../result/sweep-point.ts';
import type { Lookups } from '../scenario/lookups.ts';
import { InfeasibleError, InputError } from '../schema/problem.ts';
import type { Scenario } from '../schema/scenario.ts';
import { settlePools } from '../serving/pools.ts';
import { serviceCurve } from '../serving/service-curve.ts';
import { type Binding, bindingOf } from './size-binding.ts';
import { type Candidate, type SizeChoice, sizeFamilies } from './size-candidates.ts';
import {
  type Failure,
  failureOf,
  type KnownBatches,
  missOf,
  planWith,
  type Screened,
  screenFamily,
} from './size-screen.ts';

/** A scenario whose fleet is looked for. */
export interface SizeQuestion {
  /** As written, after overrides and settings. */
  raw: unknown;
  scenario: Scenario;
  lookups: Lookups;
  choice: SizeChoice;
  seed: number;
  /** Alternatives wanted. */
  top: number;
}

/** A fleet that meets every target, and the settings that make a run of the scenario that fleet. */
export interface Alternative {
  candidate: Candidate;
  settings: readonly Setting[];
  result: Result;
  binding: Binding;
}

export interface SizeAnswer {
  /** Cheapest first. */
  alternatives: readonly Alternative[];
  /** Replicas looked at in closed form, and of them those simulated. */
  screened: number;
  simulated: number;
}

/** Of what the closed form says misses a target, this much over it is worth a simulation if nothing else is found. */
const NEAR_MISS = 1.25;

/** @throws InputError where the scenario leaves nothing to size: its load follows from the fleet, or there is no rate */
function refuseUnsized({ traffic }: Scenario): void {
  if (traffic.utilization === undefined) return;
  const message =
    'a load given as a utilisation follows from the fleet, so no fleet follows from it; give requests_per_day or tokens_per_day';
  throw new InputError([{ path: ['traffic', 'utilization'], message }]);
}

/** Every replica worth asking about, by the closed form; the scenario's own first. */
export function screenAll(question: SizeQuestion, onFamily: (done: number, all: number) => void): Screened[] {
  const { raw, scenario, lookups, choice } = question;
  refuseUnsized(scenario);
  const { model } = planWith(raw, [], lookups);
  const families = sizeFamilies(scenario, model, lookups, choice);
  const known: KnownBatches = new Map();
  return families.flatMap((family, i) => {
    const found = screenFamily(raw, family, lookups, known);
    onFamily(i + 1, families.length);
    return found;
  });
}

/** One fleet as `run` would find it, or why it is none. */
function tryFleet(question: SizeQuestion, { candidate, settings, smaller }: Screened): Alternative | Failure {
  const plan = settlePools(planWith(question.raw, settings, question.lookups));
  try {
    const { envelope } = serviceCurve(plan, question.seed);
    const miss = missOf(envelope);
    if (miss !== undefined) return miss;
    const result = simulate(plan, question.seed);
    const target = plan.reliability?.targetAvailability ?? 0;
    if (!result.slo_met) return { status: 'slo_missed', reason: 'the busiest hour misses the latency target' };
    if ((result.metrics.availability ?? 0) < target) {
      return { status: 'slo_missed', reason: 'its replicas do not reach the availability asked for' };
    }
    return { candidate, settings, result, binding: bindingOf(plan, result, envelope, smaller) };
  } catch (error) {
    return failureOf(error);
  }
}

const costOf = ({ result }: Alternative) => result.metrics.cost_usd_per_month ?? Number.POSITIVE_INFINITY;

/** Cheapest first; among equals fewer GPUs, then the order of the search. */
function inOrder(a: Alternative, b: Alternative): number {
  return costOf(a) - costOf(b) || (a.result.metrics.gpus ?? 0) - (b.result.metrics.gpus ?? 0);
}

/** The failure that came closest to being a fleet. */
function nearestMiss(failures: readonly { candidate: Candidate; failure: Failure }[]) {
  const missed = failures.filter(({ failure }) => failure.status === 'slo_missed');
  const excess = ({ failure }: { failure: Failure }) => failure.excess ?? Number.POSITIVE_INFINITY;
  return missed.toSorted((a, b) => excess(a) - excess(b))[0] ?? failures[0];
}

/**
 * The cheapest fleets that meet latency and availability targets.
 *
 * What the closed form finds cheapest is simulated first, until no estimate that is left undercuts the dearest fleet to
 * be shown. The closed form knows no chance, finds a replica to carry more than its simulation does, and so errs on the
 * cheap side: an estimate that is no cheaper stands for a fleet that is not. The scenario's own replica is always
 * simulated, so that the answer is never dearer than what one has.
 *
 * @throws InfeasibleError where nothing meets the targets, with the nearest miss
 */
export function rankFleets(
  question: SizeQuestion,
  screened: readonly Screened[],
  name: (candidate: Candidate) => string,
  onFleet: (done: number) => void,
): SizeAnswer {
  const found: Alternative[] = [];
  const failures: { candidate: Candidate; failure: Failure }[] = [];
  let simulated = 0;
  const attempt = (one: Screened) => {
    const outcome = tryFleet(question, one);
    if ('reason' in outcome) failures.push({ candidate: one.candidate, failure: outcome });
    else found.push(outcome);
    simulated += 1;
    found.sort(inOrder);
    onFleet(simulated);
  };
  const feasible = screened.filter(({ failure }) => failure === undefined);
  const [own, ...others] = feasible.toSorted(
    (a, b) => Number(isStated(b)) - Number(isStated(a)) || a.estimateUsd - b.estimateUsd,
  );
  if (own !== undefined) attempt(own);
  for (const one of others) {
    const last = found[question.top - 1];
    if (last !== undefined && one.estimateUsd >= costOf(last)) break;
    attempt(one);
  }
  if (found.length === 0) screened.filter(isNearMiss).forEach(attempt);
  for (const gpu of namedButUnseen(question, found)) {
    for (const one of others.filter(({ candidate }) => candidate.gpu === gpu)) {
      if (found.some(({ candidate }) => candidate.gpu === gpu)) break;
      attempt(one);
    }
  }
  const shown = shownOf(question, found);
  if (shown.length > 0) return { alternatives: shown, screened: screened.length, simulated };
  const closedForm = screened.flatMap(({ candidate, failure }) =>
    failure === undefined ? [] : [{ candidate, failure }],
  );
  const nearest = nearestMiss([...failures, ...closedForm]);
  if (nearest === undefined) throw new InfeasibleError('no_fit', 'there is no GPU that the scenario could be asked of');
  const { status, reason } = nearest.failure;
  const missed = status === 'no_fit' ? 'no GPU asked about holds the model' : 'no fleet meets the targets';
  throw new InfeasibleError(status, `${missed}; the nearest, ${name(nearest.candidate)}: ${reason}`);
}

/** GPUs that were asked for by name and of which nothing was simulated, because all of them is dearer. */
function namedButUnseen({ choice, lookups }: SizeQuestion, found: readonly Alternative[]): string[] {
  const ids = (choice.gpus ?? []).map((name) => lookups.catalog.find('gpu', name)?.id);
  return ids.filter((id): id is string => id !== undefined && !found.some(({ candidate }) => candidate.gpu === id));
}

/** The cheapest so many, and behind them the best of each GPU that was asked for by name and is not among them. */
function shownOf({ top, choice, lookups }: SizeQuestion, found: readonly Alternative[]): Alternative[] {
  const shown = found.slice(0, top);
  for (const name of choice.gpus ?? []) {
    const id = lookups.catalog.find('gpu', name)?.id;
    if (shown.some(({ candidate }) => candidate.gpu === id)) continue;
    const best = found.find(({ candidate }) => candidate.gpu === id);
    if (best !== undefined) shown.push(best);
  }
  return shown;
}

const isStated = ({ candidate }: Screened) => candidate.settings.every(({ path }) => path === 'serving.replicas');

const isNearMiss = ({ failure }: Screened) => failure?.excess !== undefined && failure.excess <= NEAR_MISS;
